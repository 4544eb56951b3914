/** Gets the corpus to a client: once for all networks, whatever is run there. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { put } from "../../exec/copies";
import { UserError } from "../../host/messages";
import { cacheFolder } from "../../host/paths";
import { run } from "../../host/processes";
import type { SshConnection } from "../../ssh";
import { shellQuote } from "../../ssh/shell";
import type { Source, Specimen } from "./corpus";

/** On the client. */
const corpusFolder = "/var/tmp/ipv6-only-lab-corpus";

export function filesOf(source: Source): string {
  return source.kind === "debian" ? "" : `${corpusFolder}/${folderName(source.package)}`;
}

function folderName(name: string): string {
  return name.replace(/[^\w.@-]/g, "_");
}

/**
 * Copies what is no Debian package, once for all networks.
 * @throws UserError with the packages that are not there: a simulated internet has no mirror of them.
 */
export async function bringAlong(connection: SshConnection, specimens: readonly Specimen[]): Promise<void> {
  const { signal } = new AbortController();
  const packages = [...new Set(specimens.flatMap(({ source }) => source.packages))].sort();
  const look = `mkdir -p ${corpusFolder}; ls ${corpusFolder}; printf '\\0'; dpkg-query --show --showformat '\${db:Status-Abbrev}\${Package}\\n' ${packages.map(shellQuote).join(" ")} 2>/dev/null`;
  const [there = "", installed = ""] = (await connection.exec(look, { signal, timeout: 60 })).stdout.split("\0");
  const missing = packages.filter((name) => !installed.split("\n").includes(`ii ${name}`));
  if (missing.length > 0) {
    throw new UserError(
      `The client lacks ${missing.join(", ")}. Name them in the stack file, ipv6-only-lab:image: { extraPackages: [${missing.join(", ")}] }, and make the lab anew.`,
    );
  }
  const sources = specimens.flatMap(({ source }) => (source.kind === "debian" ? [] : [source]));
  const folders: string[] = [];
  for (const source of sources) {
    const folder = await fetched(source);
    if (!there.split("\n").includes(folderName(source.package))) folders.push(folder);
  }
  if (folders.length > 0) await put(connection, corpusFolder, [...new Set(folders)], signal);
}

type Fetched = Exclude<Source, { readonly kind: "debian" }>;

/** The folder of this machine; it is filled once, by the registries' own clients. */
async function fetched(source: Fetched): Promise<string> {
  const folder = join(cacheFolder(), "corpus", folderName(source.package));
  if (existsSync(folder) && readdirSync(folder).length > 0) return folder;
  mkdirSync(folder, { recursive: true });
  const [program, args] = installers[source.kind](source.package, folder);
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: folder };
  const { code, stderr } = await run(program, args, { cwd: folder, env });
  if (code !== 0) throw new UserError(`${source.package} cannot be fetched: ${stderr.trim()}`);
  return folder;
}

const installers: Record<Fetched["kind"], (name: string, folder: string) => [string, string[]]> = {
  npm: (name, folder) => ["npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, name]],
  pypi: (name, folder) => ["pip", ["install", "--quiet", "--target", folder, name]],
  go: (name) => ["go", ["install", name]],
};
