import * as fs from "node:fs";
import { report, Stack } from "./harness";
import { story, type Verification, verify } from "./story";

describe("two labs at the same time, one of them building Jool's module at first boot", () => {
  const firstBoot = new Stack("e2e-dkms");
  const other = new Stack("e2e-other");
  const step = story(firstBoot);
  afterAll(async () => {
    if (other.machines().size > 0) {
      await other.run("destroy");
    }
    other.forget();
  });

  step("both come up without knowing of each other", async () => {
    firstBoot.configure({
      lan: { prefix: "fd12:3456:789a:1::/64" },
      nat64: { prefix: "fd12:3456:789a:64::/64" },
      dhcpv6: { mode: "stateful" },
      clients: [{ name: "phone", interfaceId: "::10" }],
      image: { kind: "build", jool: "first-boot" },
    });
    other.configure({ lan: { prefix: "2001:2:0:aab1::/64" } });
    const [dkms, plain] = await Promise.all([firstBoot.succeed("up"), other.succeed("up")]);
    report("up with dkms at first boot", dkms);
    report("up beside it", plain);
  });

  step("both verify, each in its own prefixes", async () => {
    const [one, two] = [await verify(firstBoot), await verify(other)];
    expect(one.passed && two.passed).toBe(true);
    expect(evidence(one, "Jool's session table")).toMatch(/fd12:3456:789a:64:/);
    expect(evidence(one, "the address")).toContain("fd12:3456:789a:1::10");
    expect(evidence(two, "the address")).toContain("2001:2:0:aab1:");
  });

  step("the module was built on the gateway for the kernel that runs there", async () => {
    const { stdout } = await firstBoot.succeed("ssh", "gateway", "uname -r; sudo dkms status");
    const [kernel = "no kernel", ...modules] = stdout.trim().split("\n");
    const built = modules.filter((line) => line.startsWith("jool/") && line.includes(`, ${kernel}, `));
    expect(built).toEqual([expect.stringContaining(": installed")]);
  });

  step("one is destroyed, the other goes on, and then nothing is left", async () => {
    await other.succeed("destroy");
    expect((await verify(firstBoot)).passed).toBe(true);
    await firstBoot.succeed("destroy");
    expect([...firstBoot.machines(), ...other.machines()]).toEqual([]);
    expect([firstBoot, other].map(({ stateFolder }) => fs.existsSync(stateFolder))).toEqual([false, false]);
  });

  function evidence({ results }: Verification, check: string): string {
    return results.find((result) => result.check.startsWith(check))?.evidence ?? "";
  }
});
