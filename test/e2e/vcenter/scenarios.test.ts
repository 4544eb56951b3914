/**
 * The stack `scenarios` in the simulated vCenter, whose machines are real ones under QEMU. Its own parts are shown in every
 * run by vcenter.test.ts and turns.test.ts, and the scenarios by the story on this machine: it is told when it is asked for.
 */
import { report } from "../harness";
import { networks, sections, whereabouts } from "../scenario-stack";
import { expectUnchanged, verify } from "../story";
import { labInVcenter, skippedHere } from "./lab";

const wanted = process.env.IPV6LAB_VCENTER_SCENARIOS !== undefined;
const skipped = wanted ? skippedHere : " (skipped: it is told with IPV6LAB_VCENTER_SCENARIOS=1)";

(skipped === "" ? describe : describe.skip)(`every scenario in a vCenter${skipped}`, () => {
  const { lab, step, platform, names } = labInVcenter("e2e-vscenarios");

  step("comes up with a port group for each network, and is verified", async () => {
    lab.configure({
      ...sections,
      platform,
      networks: networks.map((network, index) => ({ ...network, vlan: 101 + index })),
      // A template may lack packages, which the real internet has. Without IPv6 there, simulated names keep their own.
      internet: { kind: "both" },
      dns: { synthesizeAll: false },
      verify: { url: "http://v4only.test/bytes" },
    });
    report("up with every scenario in the simulated vCenter", await lab.succeed("up"));
    expect(await names("Network")).toEqual(
      expect.arrayContaining(networks.map(({ name }) => `ipv6-only-lab-${lab.name}-lan-${name}`)),
    );
    expect(lab.machines().size).toBe(2);
  });

  step("has its client join each network while it runs, and says where it is", async () => {
    const machines = lab.machines();
    for (const { name } of [...networks].reverse()) {
      report(`join ${name}`, await lab.succeed("join", "client-1", name));
      expect(await whereabouts(lab, "client-1")).toBe(name);
    }
    await lab.succeed("join", "client-1", "v4");
    await verify(lab);
    expect(lab.machines()).toEqual(machines);
  });

  step("shows the move as drift, and `up` brings the client home, whose guest sees it", async () => {
    const machines = lab.machines();
    const preview = await lab.succeed("preview");
    expect(preview.stdout).toMatch(/client-1/);
    report("up after a move", await lab.succeed("up"));
    expect(await whereabouts(lab, "client-1")).toBe(networks[0]?.name);
    await verify(lab);
    expect(lab.machines()).toEqual(machines);
    await expectUnchanged(lab);
  });

  step("leaves nothing behind", async () => {
    report("destroy", await lab.succeed("destroy"));
    expect([...lab.machines()]).toEqual([]);
    expect((await names("Network")).filter((name) => name.includes(lab.name))).toEqual([]);
  });
});
