import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { z } from "zod";
import { freePort } from "../../provider/lan-segment";
import type { Properties, ResourceState } from "../../plugin/handler";
import type { MachineDescription } from "../../provider/qemu/command-line";
import { machineType } from "../../provider/qemu/machine-types";
import { machinePaths } from "../../provider/qemu/paths";
import { becomesFree } from "../../provider/qemu/ports";
import { explain, layOut, removeMachine, start } from "../../provider/qemu/power";
import { machineProcesses } from "../../provider/qemu/process";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { findOnPath, isAlive } from "../../host/processes";
import { recordedContext, temporaryFolder } from "./context";

const emulator = machineType().emulator;
const missing = [emulator, "qemu-img"].find((program) => findOnPath(program) === undefined);
const withQemu = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`Skipped, ${missing} is not installed: the life of a virtual machine`);

const outputsSchema = z.object({ pid: z.number(), powerOn: z.string(), running: z.boolean(), folder: z.string() });

withQemu("a virtual machine", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let inputs: Properties;
  const cache = process.env.IPV6LAB_CACHE;

  beforeAll(() => {
    folder = temporaryFolder();
    process.env.IPV6LAB_CACHE = join(folder.path, "cache");
    const disk = join(folder.path, "empty.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1M"]);
    inputs = {
      stateFolder: join(folder.path, ".lab", "stacks", "dev"),
      machineName: "tiny",
      image: { digest: "d1", disk, format: "qcow2" },
      memoryMiB: 128,
      cpus: 1,
      accelerator: "tcg",
      nics: [{ kind: "segment", mac: "52:54:00:00:00:02", segment: { group: "239.192.1.2", port: 23456 } }],
      documents: { metaData: "instance-id: i\n", userData: "#cloud-config\n{}\n", networkConfig: "version: 2\n" },
    };
  });
  afterAll(() => {
    if (cache === undefined) delete process.env.IPV6LAB_CACHE;
    else process.env.IPV6LAB_CACHE = cache;
    folder.remove();
  });

  async function created(): Promise<{ state: ResourceState; pid: number; powerOn: string; folder: string }> {
    const { id, outputs } = await handler.create(inputs, recordedContext());
    return { state: { id, properties: outputs }, ...outputsSchema.parse(outputs) };
  }

  const refreshed = async (state: ResourceState): Promise<Properties | undefined> =>
    handler.read(state, recordedContext());

  async function kill(pid: number): Promise<void> {
    process.kill(pid, "SIGKILL");
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it("is created, seen dead, powered on again with its disk, and leaves nothing", async () => {
    const machine = await created();
    expect(isAlive(machine.pid)).toBe(true);
    expect(await refreshed(machine.state)).toEqual(machine.state.properties);
    expect(handler.diff(machine.state, inputs)).toEqual({ changed: [], replaces: [] });

    await kill(machine.pid);
    const dead = { ...machine.state, properties: (await refreshed(machine.state)) ?? {} };
    expect(dead.properties.running).toBe(false);
    expect(handler.diff(dead, inputs)).toEqual({ changed: ["running"], replaces: [] });

    const disk = statSync(join(machine.folder, "disk.qcow2")).ino;
    const updated = await handler.update(dead, inputs, recordedContext());
    const again = outputsSchema.parse(updated);
    expect(isAlive(again.pid)).toBe(true);
    expect(again.powerOn).not.toBe(machine.powerOn);
    expect(statSync(join(machine.folder, "disk.qcow2")).ino).toBe(disk);

    const started = Date.now();
    await handler.delete({ ...machine.state, properties: updated }, recordedContext());
    expect(Date.now() - started).toBeLessThan(5000);
    expect(isAlive(again.pid)).toBe(false);
    // The folders of the stack and of all stacks are gone with their last machine; `.lab` holds other things too.
    expect(readdirSync(join(folder.path, ".lab"))).toEqual([]);
  }, 60_000);

  it("keeps its documents from other users of this machine", async () => {
    const machine = await created();
    expect(statSync(machine.folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(machine.folder, "seed", "user-data")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(machine.folder, "seed", "user-data"), "utf8")).toBe("#cloud-config\n{}\n");
    await handler.delete(machine.state, recordedContext());
  }, 60_000);

  it("is powered on again after the cache was deleted", async () => {
    const disk = join(folder.path, "cached.qcow2");
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "1M"]);
    const own = { ...inputs, image: { digest: "d2", disk, format: "qcow2" } };
    const { id, outputs } = await handler.create(own, recordedContext());
    rmSync(disk);
    await kill(outputsSchema.parse(outputs).pid);
    const dead = { id, properties: (await handler.read({ id, properties: outputs }, recordedContext())) ?? {} };
    const updated = await handler.update(dead, own, recordedContext());
    expect(isAlive(outputsSchema.parse(updated).pid)).toBe(true);
    await handler.delete({ id, properties: updated }, recordedContext());
  }, 60_000);

  it("is gone when its folder was deleted by hand, and its process does not stand in the way of the next", async () => {
    const lost = await created();
    rmSync(lost.folder, { recursive: true });
    expect(await refreshed(lost.state)).toBeUndefined();
    const next = await created();
    expect(isAlive(lost.pid)).toBe(false);
    expect(isAlive(next.pid)).toBe(true);
    await handler.delete(next.state, recordedContext());
  }, 60_000);

  it("clears away what an interrupted creation left", async () => {
    const half = machinePaths(join(folder.path, ".lab", "stacks", "dev"), "tiny");
    mkdirSync(half.seed, { recursive: true });
    writeFileSync(half.overlay, "not a disk");
    const machine = await created();
    expect(isAlive(machine.pid)).toBe(true);
    await handler.delete(machine.state, recordedContext());
  }, 60_000);

  it("leaves nothing when its creation is cancelled or fails", async () => {
    const context = recordedContext();
    context.abort();
    await expect(handler.create(inputs, context)).rejects.toThrow("cancelled by the test");
    const without = { ...inputs, image: { digest: "d1", disk: join(folder.path, "no.qcow2"), format: "qcow2" } };
    await expect(handler.create(without, recordedContext())).rejects.toThrow(/no\.qcow2 is gone.*makes the image anew/);
    expect(existsSync(join(folder.path, ".lab", "stacks"))).toBe(false);
  }, 60_000);

  it("can be deleted twice", async () => {
    const machine = await created();
    await handler.delete(machine.state, recordedContext());
    await expect(handler.delete(machine.state, recordedContext())).resolves.toBeUndefined();
  }, 60_000);

  it("keeps its SSH port while it is free, and takes another when it is not", async () => {
    const paths = machinePaths(join(folder.path, ".lab", "stacks", "ports"), "tiny");
    const disk = join(folder.path, "empty.qcow2");
    const documents = { metaData: "", userData: "", networkConfig: "" };
    await layOut(paths, { disk, format: "qcow2" }, documents, recordedContext());
    const machine: Omit<MachineDescription, "sshPort"> = {
      ...{ name: "ports-tiny", type: machineType(), memoryMiB: 128, cpus: 1, sandbox: false },
      ...{ kernel: undefined, initrd: undefined, kernelArguments: undefined, paths },
      accelerator: "tcg",
      nics: [{ kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: false }],
    };
    // Below the ports that the system hands out, so that no other program gets it meanwhile.
    const port = freePort(new Set());
    const first = await start(machine, port, recordedContext());
    expect(first.sshPort).toBe(port);
    await kill(first.pid);
    const second = await start(machine, port, recordedContext());
    expect(second.sshPort).toBe(port);
    await kill(second.pid);
    expect(await becomesFree(port)).toBe(true);
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    const third = await start(machine, port, recordedContext());
    expect(third.sshPort).not.toBe(port);
    expect(third.sshPort).toBeGreaterThan(0);
    squatter.close();
    await removeMachine(paths);
    expect(machineProcesses(paths)).toEqual([]);
  }, 60_000);
});

describe("the difference of two machines", () => {
  const documents = { metaData: "a", userData: "b", networkConfig: "c" };
  const properties = {
    ...{ stateFolder: ".lab/stacks/dev", machineName: "gateway", memoryMiB: 512, cpus: 1, accelerator: "auto" },
    ...{ image: { digest: "d1", disk: "/cache/d1/disk", format: "raw" }, nics: [], documents, running: true },
  };
  const old = { id: "dev/gateway", properties };

  it.each([
    ["memoryMiB", 1024],
    ["cpus", 2],
    ["accelerator", "tcg"],
    ["nics", [{ kind: "bridge", mac: "52:54:00:00:00:01", bridge: "br0" }]],
    ["documents", { ...documents, userData: "other" }],
    ["image", { digest: "d2", disk: "/cache/d2/disk", format: "raw" }],
  ])("makes another one for another %s", (name, value) => {
    expect(handler.diff(old, { ...properties, [name]: value })).toEqual({ changed: [name], replaces: [name] });
  });

  it("keeps it when the same image lies elsewhere", () => {
    const image = { ...properties.image, disk: "/elsewhere/d1/disk" };
    expect(handler.diff(old, { ...properties, image })).toEqual({ changed: [], replaces: [] });
  });
});

describe("QEMU's refusal", () => {
  const machine = { name: "dev-gateway", memoryMiB: 4096 };

  it.each([
    [
      "Could not access KVM kernel module: Permission denied\nfailed to initialize kvm: Permission denied",
      /usermod -aG kvm/,
    ],
    ["cannot set up guest memory 'pc.ram': Cannot allocate memory", /dev-gateway needs 4096 MiB of memory/],
    ["access denied by acl file", /\/etc\/qemu\/bridge\.conf/],
    ["qemu-system-x86_64: writing: No space left on device", /disk is full/],
    ["something new", /did not start dev-gateway: something new/],
  ])("%j is explained", (output, message) => {
    expect(explain(output, machine)).toMatch(message);
  });
});
