/**
 * A gateway whose image leaves Jool to it, at its first boot: the real cloud-init with the gateway's own documents, the real
 * dkms and compiler, at this machine's own speed. The guest's kernel does not run here, so nothing loads the module; but it
 * is to the byte the one that the image has and every lab's gateway loads.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { gatewaySoftware } from "../../services";
import { lanOf, planOf } from "../fixtures/plan";
import { describeInGuest, Guest, type Result, startTimeout } from "./guest";

const installer = "/usr/local/lib/ipv6-only-lab/install-gateway";

describeInGuest("a first boot that builds Jool's module", () => {
  let guest: Guest;
  let kernel: string;
  const plan = planOf({ image: { kind: "build", jool: "first-boot" } });
  const identity = {
    hostKey: { privateKey: "a private key\n", publicKey: "ssh-ed25519 AAAA gateway" },
    authorizedKeys: ["ssh-ed25519 AAAA lab"],
  };

  /** In the environment of cloud-init's services, in which our `uname` comes first. */
  const run = (script: string): Result =>
    guest.run(["env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "sh", "-euc", script]);
  /** The guest takes that for the kernel that runs, from now on. */
  const pretend = (release: string): void => {
    const words = `if [ "$*" = -r ]; then echo ${release}; else exec /usr/bin/uname "$@"; fi`;
    guest.write("/usr/local/bin/uname", `#!/bin/sh\n${words}\n`);
    guest.shell("chmod +x /usr/local/bin/uname");
  };
  const modules = (folder: string): string[] =>
    guest
      .shell(`cd ${folder}; for module in *.ko*; do echo $module; xz -dcf $module | sha256sum; done`)
      .replaceAll(".xz", "")
      .split("\n");
  const forgetModule = (): string =>
    guest.shell(`dkms remove jool/$(basename -a /usr/src/jool-* | sed s/jool-//) --all; ! modinfo -k ${kernel} jool`);

  beforeAll(async () => {
    guest = await Guest.start();
    kernel = guest.shell("ls /lib/modules").trim();
    pretend(kernel);
    guest.shell(`cp -r /lib/modules/${kernel}/updates/dkms /tmp/images`);
    forgetModule();
    const { metaData, userData, networkConfig } = gatewayDocuments(plan, identity, gatewaySoftware);
    const seed = "/var/lib/cloud/seed/nocloud";
    guest.write(`${seed}/meta-data`, metaData);
    guest.write(`${seed}/user-data`, userData);
    guest.write(`${seed}/network-config`, networkConfig);
    guest.shell(`ip link set uplink address ${plan.gateway.uplinkMac}`);
    guest.shell(`ip link set lan address ${lanOf(plan).gatewayMac}`);
  }, startTimeout);
  afterAll(() => guest.stop());

  it(
    "leaves the module that the image would have had, for the kernel that runs, when cloud-init ends",
    () => {
      const { status, stdout, stderr } = run(
        "cloud-init init --local; cloud-init init; cloud-init modules --mode config; cloud-init modules --mode final",
      );
      expect({ status, said: status === 0 ? "" : stdout + stderr }).toEqual({ status: 0, said: "" });
      expect(guest.shell("dkms status")).toMatch(/^jool\/[0-9.]+, \S+, \S+: installed$/m);
      expect(guest.shell(`modinfo -k ${kernel} -F vermagic jool`)).toMatch(`${kernel} `);
      expect(modules(`/lib/modules/${kernel}/updates/dkms`)).toEqual(modules("/tmp/images"));
    },
    startTimeout,
  );

  it("does nothing where the module is there", () => {
    const before = guest.shell(`stat -c '%n %z' /lib/modules/${kernel}/updates/dkms/*`);
    expect(run(installer)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(guest.shell(`stat -c '%n %z' /lib/modules/${kernel}/updates/dkms/*`)).toBe(before);
  });

  describe("that cannot", () => {
    beforeAll(() => void forgetModule());
    afterEach(() => {
      pretend(kernel);
    });

    it("shows what the compiler said, and what to do", () => {
      guest.shell("echo '$(error no such wind)' >>/usr/src/jool-*/src/mod/common/Kbuild");
      const { status, stderr } = run(installer);
      expect(status).toBe(1);
      expect(stderr).toMatch(/no such wind[\s\S]*did not build Jool's module for the kernel \S+;[\s\S]*Use an image/);
    });

    it("says that there are no headers, and that the archive cannot be asked", () => {
      pretend("6.12.1-of-yesterday");
      const { status, stderr } = run(installer);
      expect(status).toBe(1);
      expect(stderr).toContain(
        "The package lists could not be fetched: the uplink, its DNS or the mirror does not work.",
      );
    });

    it("says so of a client's packages, too", () => {
      const script = readFileSync(join(__dirname, "..", "..", "components", "install-packages.sh"), "utf8");
      expect(guest.run(["bash", "-c", script], "bash\n")).toMatchObject({
        status: 0,
        stdout: "all packages are installed\n",
      });
      const { status, stderr } = guest.run(["bash", "-c", script], "no-such-package\nbash\n");
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /packages could not be installed: no-such-package\n.*lists could not be fetched: the client/,
      );
    });

    it("refuses a kernel for which there is no Jool yet, before it compiles", () => {
      pretend("7.0.0-9-generic");
      const { status, stdout, stderr } = run(installer);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toContain("The kernel 7.0.0-9-generic has no working Jool yet; the newest that has one is 6.x.");
    });
  });
});
