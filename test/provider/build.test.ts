import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildImage } from "../../provider/image/build";
import type { Recipe } from "../../provider/image/recipe";
import { recordedContext, temporaryFolder } from "./context";

const recipe: Recipe = {
  ...{ release: "trixie", mirror: "http://mirror.example/debian", jool: "prebuilt", architecture: "amd64" },
  ...{ packages: ["dbus"], leftOut: [], kept: [], environment: {}, kernelArguments: "", scripts: {} },
};

/** Makes a root file system with a kernel, and keeps what other users could write to and what the environment holds. */
const mmdebstrap = `#!/bin/sh
if [ "$1" = --unshare-helper ]; then shift; exec "$@"; fi
env >"$SEEN/environment"
mkdir -p "$PWD/root/boot"
echo kernel >"$PWD/root/boot/vmlinuz-6.12"
echo initrd >"$PWD/root/boot/initrd.lab"
find "$PWD" -perm -o+w >"$SEEN/writable"
stat -c %a "$PWD" >"$SEEN/mode"
`;
/** Writes to the disk as another user would have to: through the open file. */
const mke2fs = `#!/bin/sh
for word; do before=$disk disk=$word; done
echo "$before" >"$SEEN/disk"
echo filesystem >"$before"
stat -Lc %a "$before" >"$SEEN/disk-mode"
`;

const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
const onDebian = existsSync(keys) ? it : it.skip;

onDebian(
  "an unprivileged build has nothing that other users may write to, and tells its programs no secret",
  async () => {
    const folder = temporaryFolder();
    const [bin, seen, image] = ["bin", "seen", "image"].map((name) => join(folder.path, name));
    for (const each of [bin, seen, image]) mkdirSync(each ?? "", { mode: 0o700 });
    const program = (name: string, text: string): void => {
      writeFileSync(join(bin ?? "", name), text.replaceAll("$SEEN", seen ?? ""));
      chmodSync(join(bin ?? "", name), 0o755);
    };
    program("mmdebstrap", mmdebstrap);
    program("mke2fs", mke2fs);
    program("newuidmap", "#!/bin/sh\n");
    const old = { ...process.env };
    Object.assign(process.env, {
      PATH: `${bin ?? ""}:${old.PATH ?? ""}`,
      TMPDIR: folder.path,
      PULUMI_CONFIG_PASSPHRASE: "open sesame",
      https_proxy: "http://proxy.example:3128",
    });
    const user = jest.spyOn(process, "getuid").mockReturnValue(1000);
    try {
      await buildImage(recipe, image ?? "", recordedContext());
    } finally {
      user.mockRestore();
      process.env = old;
    }
    const told = (name: string): string => readFileSync(join(seen ?? "", name), "utf8").trim();
    expect(told("writable")).toBe("");
    expect(told("mode")).toBe("711");
    expect(told("disk")).toBe("/dev/stdin");
    expect(told("disk-mode")).toBe("666");
    expect(told("environment")).toContain("https_proxy=http://proxy.example:3128");
    expect(told("environment")).not.toContain("sesame");
    expect(readFileSync(join(image ?? "", "disk.raw"), "utf8")).toBe("filesystem\n");
    expect(statSync(join(image ?? "", "disk.raw")).mode & 0o777).toBe(0o644);
    expect(readFileSync(join(image ?? "", "kernel"), "utf8")).toBe("kernel\n");
    expect(readdirSync(folder.path).sort()).toEqual(["bin", "image", "seen"]);
    folder.remove();
  },
);
