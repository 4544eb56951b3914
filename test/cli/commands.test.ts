import { readsStackFile, stackArguments, withSwitches } from "../../cli/stack-arguments";
import { splitArguments } from "../../toolchain/stand-ins/language-host/program-arguments";
import { passphraseFits } from "../../cli/passphrase";
import { cacheFolder } from "../../host/paths";
import { saltOf, withSalt } from "../../cli/stack-config";
import { type Machine, installCommand, missingPackages } from "../../cli/system-packages";

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
  });
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

describe("system packages", () => {
  const bare: Machine = { system: "linux", architecture: "x64", root: true, has: () => false };

  it("for the lab are those of virtual machines and images, not those of tests", () => {
    expect(missingPackages(bare, "lab").packages).toEqual([
      "e2fsprogs",
      "mmdebstrap",
      "openssh-client",
      "qemu-system-x86",
      "qemu-utils",
      "zstd",
    ]);
    expect(missingPackages(bare, "tests").packages).toEqual(expect.arrayContaining(["radvd", "shellcheck", "unbound"]));
  });

  it("include uidmap for users other than root, whose image build needs it", () => {
    expect(missingPackages({ ...bare, root: false }, "lab").packages).toContain("uidmap");
  });

  it("are none where every command is there", () => {
    expect(missingPackages({ ...bare, has: () => true }, "tests")).toEqual({ commands: [], packages: [] });
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
