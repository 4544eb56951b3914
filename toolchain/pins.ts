/** The versions that fit together; a change here is a change of the tool chain. */

/** The official release that is downloaded: the version of the SDK in package.json. */
export const releaseVersion = "3.270.0";

/** The newest CLI that can be built from published Go modules; `toolchain/pulumi-cli/go.mod` pins it. */
export const moduleVersion = "3.259.0";

/** A CLI that is already there is used from this version on: hooks, `options.refresh`, plugins by path. */
export const minimumVersion = "3.240.0";

/** What `toolchain/pulumi-cli/go.mod` asks of the Go compiler. */
export const minimumGo = "1.26";

/** The release of the command plugin whose place the stand-in takes: the version of @pulumi/command. */
export const commandPluginVersion = "1.2.1";

/** Compares dotted numbers; what follows a `-` or `+` is left out. Negative when `left` is older. */
export function compareVersions(left: string, right: string): number {
  const a = numbers(left);
  const b = numbers(right);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbers(version: string): number[] {
  const [core = ""] = version.replace(/^(v|go)/, "").split(/[-+ ]/);
  return core.split(".").map((part) => Number.parseInt(part, 10) || 0);
}
