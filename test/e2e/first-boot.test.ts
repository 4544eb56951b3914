/**
 * Told when it is asked for: an emulated processor compiles for twenty minutes. What a first boot does, and that what it
 * builds is to the byte what every other lab's gateway loads, is told in each run (test/daemons/first-boot.test.ts).
 */
import * as fs from "node:fs";
import { report, Stack } from "./harness";
import { type Results, story, verify } from "./story";

const skipped = process.env.IPV6LAB_FIRST_BOOT === undefined ? " (skipped: it is told with IPV6LAB_FIRST_BOOT=1)" : "";

(skipped === "" ? describe : describe.skip)(`a lab whose gateway builds Jool's module at first boot${skipped}`, () => {
  const lab = new Stack("e2e-dkms");
  const step = story(lab);

  step("comes up", async () => {
    lab.configure({
      lan: { prefix: "fd12:3456:789a:1::/64" },
      nat64: { prefix: "fd12:3456:789a:64::/64" },
      dhcpv6: { mode: "stateful" },
      clients: [{ name: "phone", interfaceId: "::10" }],
      image: { kind: "build", jool: "first-boot" },
    });
    report("up with dkms at first boot", await lab.succeed("up"));
  });

  step("verifies, in its own prefixes", async () => {
    const found = await verify(lab);
    expect(evidence(found, "Jool's session table")).toMatch(/fd12:3456:789a:64:/);
    expect(evidence(found, "the address")).toContain("fd12:3456:789a:1::10");
  });

  step("has the module that was built on the gateway for the kernel that runs there", async () => {
    const { stdout } = await lab.succeed("ssh", "gateway", "uname -r; sudo dkms status");
    const [kernel = "no kernel", ...modules] = stdout.trim().split("\n");
    const built = modules.filter((line) => line.startsWith("jool/") && line.includes(`, ${kernel}, `));
    expect(built).toEqual([expect.stringContaining(": installed")]);
  });

  step("goes away, and nothing is left", async () => {
    await lab.succeed("destroy");
    expect([...lab.machines()]).toEqual([]);
    expect(fs.existsSync(lab.stateFolder)).toBe(false);
  });

  function evidence(results: Results, check: string): string {
    return results.find((result) => result.check.startsWith(check))?.evidence ?? "";
  }
});
