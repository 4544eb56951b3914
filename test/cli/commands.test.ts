import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as sessions from "../../cli/commands/sessions";
import * as ssh from "../../cli/commands/ssh";
import * as status from "../../cli/commands/status";
import * as verify from "../../cli/commands/verify";
import { readsStackFile, stackArguments, withSwitches } from "../../cli/stack-arguments";
import { splitArguments } from "../../toolchain/stand-ins/language-host/program-arguments";
import { passphraseFits } from "../../cli/passphrase";
import { cacheFolder } from "../../host/paths";
import { saltOf, withSalt } from "../../cli/stack-config";
import { neededMachines, neededParts, partsWithoutMachines } from "../../cli/stack-needs";
import {
  type Machine,
  allParts,
  ensureSystemPackages,
  installCommand,
  missingPackages,
} from "../../cli/system-packages";

/** A folder of programs that are shell scripts. */
function fakePrograms(scripts: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "fake-programs-"));
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return folder;
}

describe("the stack", () => {
  it("is dev unless the arguments or PULUMI_STACK name another", () => {
    expect(stackArguments([], {})).toEqual({ stack: "dev", rest: [] });
    expect(stackArguments([], { PULUMI_STACK: "alt" }).stack).toBe("alt");
    expect(stackArguments(["-s", "one"], { PULUMI_STACK: "alt" }).stack).toBe("one");
  });

  it("is taken out of the arguments, and the rest is passed on in its order", () => {
    expect(stackArguments(["--diff", "--stack", "two", "--target=x"], {})).toEqual({
      stack: "two",
      rest: ["--diff", "--target=x"],
    });
    expect(stackArguments(["--stack=three", "--json"], {})).toEqual({ stack: "three", rest: ["--json"] });
    expect(stackArguments(["-sfour", "--skip-preview"], {})).toEqual({ stack: "four", rest: ["--skip-preview"] });
    expect(stackArguments(["-s=five"], {}).stack).toBe("five");
  });

  it("is never the default because a name was forgotten", () => {
    for (const args of [["--stack"], ["-s"], ["--stack="], ["--stack", "--json"]]) {
      expect(() => stackArguments(args, {})).toThrow("takes the name of a stack");
    }
  });

  it.each(["dev/", ".", "..", "../dev", "./dev", "a b", "a\\b", "a\nb", "é", "x".repeat(101)])(
    "has a name that leads to no other folder than its own: not %j",
    (name) => {
      expect(() => stackArguments(["--stack", name], {})).toThrow("--stack");
      expect(() => stackArguments([`-s${name}`], {})).toThrow("not the name of a stack");
      expect(() => stackArguments([], { PULUMI_STACK: name })).toThrow("PULUMI_STACK");
      // Another one on the command line counts.
      expect(stackArguments(["-s", "one"], { PULUMI_STACK: name }).stack).toBe("one");
    },
  );

  it("has the name without organization and project", () => {
    expect(() => stackArguments(["--stack", "organization/ipv6-only-lab/dev"], {})).toThrow("Write dev alone.");
  });

  it.each(["dev", "my.stack", "_under", ".hidden", "a-1", "x".repeat(100)])(
    "may be called %s, as Pulumi has it",
    (name) => {
      expect(stackArguments(["--stack", name], {}).stack).toBe(name);
    },
  );

  it.each(Object.entries({ status, verify, sessions, ssh }))(
    "is the one of PULUMI_STACK for %s",
    async (_, command) => {
      const before = { ...process.env };
      const folder = fakePrograms({
        pulumi: "case $1 in version) echo v3.300.0 ;; *) echo '[]' ;; esac",
        "pulumi-language-nodejs": "",
      });
      Object.assign(process.env, {
        PATH: `${folder}:${process.env.PATH ?? ""}`,
        IPV6LAB_TOOLCHAIN: "installed",
        IPV6LAB_CACHE: join(folder, "cache"),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_STACK: "vsphere",
      });
      try {
        await expect(command.run(["gateway"].slice(command === ssh ? 0 : 1))).rejects.toThrow('no lab "vsphere"');
      } finally {
        process.env = before;
        rmSync(folder, { recursive: true });
      }
    },
  );
});

it("switches are added only where the user has not set them", () => {
  expect(withSwitches(["--diff"], ["--yes", "--skip-preview"])).toEqual(["--yes", "--skip-preview", "--diff"]);
  expect(withSwitches(["--skip-preview=false"], ["--skip-preview"])).toEqual(["--skip-preview=false"]);
});

it("only subcommands that read a stack's file get another, and not over the user's own choice", () => {
  expect(readsStackFile(["up", "--diff"])).toBe(true);
  expect(readsStackFile(["stack", "output"])).toBe(false);
  expect(readsStackFile(["config", "set", "a", "b"])).toBe(false);
  expect(readsStackFile(["up", "--config-file", "other.yaml"])).toBe(false);
});

describe("the working copy of a stack's file", () => {
  const salt = "v1:abc=:v1:def:ghi";

  it("is the committed file and the salt", () => {
    expect(withSalt("config:\n  a: b\n", salt)).toBe(`config:\n  a: b\nencryptionsalt: ${salt}\n`);
    expect(withSalt("config: {}", salt)).toBe(`config: {}\nencryptionsalt: ${salt}\n`);
    expect(saltOf(withSalt("", salt))).toBe(salt);
  });

  it("is the committed file alone when that has a secrets manager of its own", () => {
    const own = "encryptionsalt: v1:own\nconfig: {}\n";
    expect(withSalt(own, salt)).toBe(own);
    expect(withSalt("secretsprovider: awskms://x\n", salt)).toBe("secretsprovider: awskms://x\n");
  });
});

it("a passphrase is told from a wrong one by the salt of the stack", () => {
  // Made by `pulumi stack init` with the passphrase "open sesame".
  const salt = "v1:faB/fl8sJk0=:v1:r6NcmO/DuQjTPnWc:s0GYSZveIaNFlkEvumf/qc6LSf/AVw==";
  expect(passphraseFits("open sesame", salt)).toBe(true);
  expect(passphraseFits("close sesame", salt)).toBe(false);
  expect(passphraseFits("open sesame", "v2:other")).toBeUndefined();
});

describe("the cache", () => {
  it("is where the user says, else where the platform keeps caches", () => {
    expect(cacheFolder({ IPV6LAB_CACHE: "/big/cache" }, "linux", "/home/u")).toBe("/big/cache");
    expect(cacheFolder({ XDG_CACHE_HOME: "/x" }, "linux", "/home/u")).toBe("/x/ipv6-only-lab");
    expect(cacheFolder({}, "linux", "/home/u")).toBe("/home/u/.cache/ipv6-only-lab");
    expect(cacheFolder({ XDG_CACHE_HOME: "relative" }, "linux", "/home/u")).toBe("/home/u/.cache/ipv6-only-lab");
    expect(cacheFolder({}, "darwin", "/Users/u")).toBe("/Users/u/Library/Caches/ipv6-only-lab");
  });
});

describe("what a stack needs", () => {
  const project = mkdtempSync(join(tmpdir(), "stack-needs-"));
  writeFileSync(join(project, "Pulumi.yaml"), "name: lab-project\n");
  afterAll(() => {
    rmSync(project, { recursive: true });
  });

  function stackWith(lines: readonly string[]): string {
    writeFileSync(join(project, "Pulumi.test.yaml"), ["config:", ...lines.map((line) => `  ${line}`), ""].join("\n"));
    return "test";
  }

  it("is neither QEMU nor an image in a vCenter, even while the rest of its file is wrong", () => {
    const stack = stackWith(["lab-project:platform:", "  kind: vsphere", "lab-project:lan: nonsense"]);
    expect(neededParts(stack, project)).toEqual(["lab"]);
    expect(neededMachines(stack, project)).toBeUndefined();
  });

  it("is everything where the image is built here, however the platform is written", () => {
    for (const lines of [["lab-project:platform: qemu"], ["platform: {kind: qemu}"], ["other:platform: vsphere"]]) {
      expect(neededParts(stackWith(lines), project)).toEqual(["lab", "qemu", "image"]);
      expect(neededMachines("test", project)).toMatchObject({
        image: { kind: "build", release: "trixie" },
        accelerator: "auto",
        // Gateway and clients come from one template.
        sizes: [{ memoryMiB: 512, cpus: 1 }],
      });
    }
  });

  it("is no image builder for a command that makes no machine: a lab is taken away without one", () => {
    expect(partsWithoutMachines(stackWith(["lab-project:platform: qemu"]), project)).toEqual(["lab", "qemu"]);
    expect(partsWithoutMachines(stackWith(["lab-project:platform: vsphere"]), project)).toEqual(["lab"]);
  });

  it("is no image builder where a cloud image is taken", () => {
    const digest = "a".repeat(64);
    const image = `lab-project:image: {kind: cloud, location: "https://images.example/x", sha256: "${digest}"}`;
    const stack = stackWith([image]);
    expect(neededParts(stack, project)).toEqual(["lab", "qemu"]);
    expect(neededMachines(stack, project)).toMatchObject({ image: { kind: "cloud", sha256: digest } });
  });

  it("is everything, and no image yet, where the file is missing or wrong", () => {
    expect(neededParts("absent", project)).toEqual(["lab", "qemu", "image"]);
    expect(neededMachines("absent", project)).toBeUndefined();
    expect(neededMachines(stackWith(["lab-project:lan: nonsense"]), project)).toBeUndefined();
  });
});

describe("system packages", () => {
  const bare: Machine = { system: "linux", architecture: "x64", root: true, has: () => false };

  it("are those of virtual machines and of images, where those are needed", () => {
    const machines = ["openssh-client", "qemu-system-x86", "qemu-utils"];
    expect(missingPackages(bare, ["lab"]).packages).toEqual(["openssh-client"]);
    expect(missingPackages(bare, ["lab", "qemu"]).packages).toEqual(machines);
    expect(missingPackages(bare, allParts).packages).toEqual(["e2fsprogs", "mmdebstrap", ...machines]);
  });

  it("include uidmap for users other than root, whose image build needs it", () => {
    expect(missingPackages({ ...bare, root: false }, allParts).packages).toContain("uidmap");
  });

  it("are none where every command is there", () => {
    expect(missingPackages({ ...bare, has: () => true }, allParts)).toEqual({ commands: [], packages: [] });
  });

  const installs = process.getuid?.() === 0 && existsSync("/etc/debian_version");
  /** With an apt-get that runs this after it has noted its arguments. @returns its notes. */
  const noted = async (script: string): Promise<string> => {
    const before = { ...process.env };
    const folder = fakePrograms({ "apt-get": `echo "$@" >> "$0.log"\n${script}` });
    try {
      process.env.PATH = folder;
      await ensureSystemPackages(["qemu"]);
      return readFileSync(join(folder, "apt-get.log"), "utf8");
    } finally {
      process.env = before;
      rmSync(folder, { recursive: true });
    }
  };
  const appear = `for name in qemu-img qemu-system-x86_64 qemu-system-aarch64; do /bin/cp "$0" "\${0%/*}/$name"; done`;
  const listsFail = 'case "$*" in *update) echo "W: no such wind" >&2; exit 100 ;; esac';

  (installs ? it : it.skip)("are installed by apt alone: no file says to Debian what may start", async () => {
    const policy = "/usr/sbin/policy-rc.d";
    const log = await noted(`[ -e ${policy} ] && echo policy >> "$0.log"\n${appear}`);
    expect(log).toMatch(/ update\n[^]* install --yes --no-install-recommends qemu-system-\w+ qemu-utils\n/);
    expect(log.includes("policy")).toBe(existsSync(policy));
  });

  (installs ? it : it.skip)("are installed where a list cannot be fetched that nobody needs", async () => {
    expect(await noted(`${listsFail}\n${appear}`)).toMatch(/ install --yes/);
  });

  (installs ? it : it.skip)("that cannot be installed are told with why their lists were not fetched", async () => {
    await expect(noted(`${listsFail}\necho "E: Unable to locate" >&2; exit 100`)).rejects.toThrow(
      /install failed:\n  E: Unable to locate\nThe package lists could not be fetched before:\n  W: no such wind\n/,
    );
    const listsFetched = `case "$*" in *update) exit 0 ;; esac; echo "E: Unable to locate" >&2; exit 100`;
    await expect(noted(listsFetched)).rejects.toThrow(/install failed:\n  E: Unable to locate\nMend what it says/);
  });

  it("are installed by one command that can be copied", () => {
    expect(installCommand(bare, ["a", "b"])).toBe(
      "apt-get update && apt-get install --yes --no-install-recommends a b",
    );
    expect(installCommand({ ...bare, root: false }, ["a"])).toMatch(/^sudo apt-get update && sudo apt-get install/);
    expect(installCommand({ ...bare, system: "darwin" }, ["qemu"])).toBe("brew install qemu");
  });
});

it("Node's arguments in Pulumi.yaml are split at blanks outside quotes", () => {
  expect(splitArguments("--import tsx --title='a b' \"--c d\"")).toEqual(["--import", "tsx", "--title=a b", "--c d"]);
  expect(splitArguments("")).toEqual([]);
});
