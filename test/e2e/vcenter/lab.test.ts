/** A whole lab in the simulated vCenter, whose machines are real ones under QEMU. */
import { report } from "../harness";
import { expectUnchanged, expectVerified, verify } from "../story";
import { call, inSession } from "./inventory";
import { labInVcenter, skippedHere } from "./lab";

(skippedHere === "" ? describe : describe.skip)(`a lab in a vCenter, from nothing to nothing${skippedHere}`, () => {
  const { lab, step, login, platform, names } = labInVcenter("e2e-vsphere");
  const config = { platform };

  const machineId = (name: string) =>
    inSession(login(), async (session) => {
      const found = (await session.list("VirtualMachine")).find((machine) => machine.name === name);
      if (found === undefined) throw new Error(`There is no machine ${name} in the vCenter.`);
      return found.id;
    });
  /** Its process, which is the same as long as nobody touches the machine. */
  const processOf = async (name: string) => lab.machines().get(await machineId(name));

  step("up ends when the client has fetched IPv4 content through NAT64", async () => {
    lab.configure(config);
    const outcome = await lab.succeed("up");
    report("up in the simulated vCenter", outcome);
    expect(outcome.stdout).toMatch(/IPv4-only content comes over HTTP through DNS64 and NAT64/);
    expect(await names("VirtualMachine")).toEqual([
      "debian-13",
      "ipv6-only-lab-e2e-vsphere-client-1",
      "ipv6-only-lab-e2e-vsphere-gateway",
    ]);
    expect(await names("Network")).toContain("ipv6-only-lab-e2e-vsphere-lan");
    expect(await names("Folder")).toContain("ipv6-only-lab-e2e-vsphere");
    expect(lab.machines().size).toBe(2);
  });

  step("verify finds nothing wrong", () => expectVerified(lab, /64:ff9b::/));

  step("a second up changes nothing", () => expectUnchanged(lab));

  step("a client is added without touching the machines that run", async () => {
    const before = lab.machines();
    lab.configure({ ...config, clients: 2 });
    const outcome = await lab.succeed("up");
    report("up with one more client", outcome);
    const after = lab.machines();
    expect(after.size).toBe(3);
    expect([...before].filter(([machine, pid]) => after.get(machine) !== pid)).toEqual([]);
  });

  step("a gateway that was powered off in the vCenter is powered on by the next up", async () => {
    const client = await processOf("ipv6-only-lab-e2e-vsphere-client-1");
    const gateway = await machineId("ipv6-only-lab-e2e-vsphere-gateway");
    await call(login(), "PowerOffVM_Task", gateway);
    expect((await lab.run("verify")).exitCode).not.toBe(0);
    expect(lab.machines().has(gateway)).toBe(false);
    const outcome = await lab.succeed("up");
    report("up after the gateway was powered off", outcome);
    expect(await machineId("ipv6-only-lab-e2e-vsphere-gateway")).toBe(gateway);
    expect(await processOf("ipv6-only-lab-e2e-vsphere-client-1")).toBe(client);
    await verify(lab);
  });

  step("a name that the vCenter does not have is told with those that it has, and nothing is touched", async () => {
    const machines = lab.machines();
    lab.configure({ ...config, clients: 2, platform: { ...config.platform, template: "debian-31" } });
    const outcome = await lab.run("up");
    expect(outcome.exitCode).not.toBe(0);
    expect(outcome.stdout + outcome.stderr).toMatch(/platform\.template: debian-31[\s\S]*Did you mean debian-13\?/);
    expect(lab.machines()).toEqual(machines);
  });

  step("destroy leaves the inventory as it was", async () => {
    lab.configure({ ...config, clients: 2 });
    const outcome = await lab.succeed("destroy");
    report("destroy", outcome);
    expect([...lab.machines()]).toEqual([]);
    expect(await names("VirtualMachine")).toEqual(["debian-13"]);
    expect(await names("Network")).not.toContain("ipv6-only-lab-e2e-vsphere-lan");
    expect(await names("Folder")).not.toContain("ipv6-only-lab-e2e-vsphere");
  });
});
