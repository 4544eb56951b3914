import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { freePort, lanSegmentHandler } from "../../provider/lan-segment";
import type { Properties, ResourceState } from "../../plugin/handler";
import type { MachineDescription } from "../../provider/qemu/command-line";
import { machineType } from "../../provider/qemu/machine-types";
import { machinePaths } from "../../provider/qemu/paths";
import { becomesFree } from "../../provider/qemu/ports";
import { layOut, removeMachine, start } from "../../provider/qemu/power";
import { machineProcesses, processesOf } from "../../provider/qemu/process";
import { queryStatus } from "../../provider/qemu/qmp";
import { removeStackMachines } from "../../provider/qemu/remains";
import { socketForUs } from "../../provider/qemu/sockets";
import { resumeMachines, suspendMachines } from "../../provider/qemu/suspend";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { isAlive } from "../../host/processes";
import { recordedContext } from "../provider/context";
import { kill, missingProgram, outputsSchema, type TinyMachine, tinyMachines } from "./tiny-machine";

const withQemu = missingProgram === undefined ? describe : describe.skip;
if (missingProgram !== undefined)
  console.warn(`Skipped, ${missingProgram} is not installed: the life of a virtual machine`);

withQemu("a virtual machine", () => {
  let folder: ReturnType<typeof tinyMachines>;
  let inputs: Properties;

  beforeAll(() => {
    folder = tinyMachines();
    inputs = folder.inputs;
  });
  afterAll(() => {
    folder.remove();
  });

  const created = (): Promise<TinyMachine> => folder.create();
  const refreshed = async (state: ResourceState): Promise<Properties | undefined> =>
    handler.read(state, recordedContext());

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

    await handler.delete({ ...machine.state, properties: updated }, recordedContext());
    expect(isAlive(again.pid)).toBe(false);
    // The folders of the stack and of all stacks are gone with their last machine; `.lab` holds other things too.
    expect(readdirSync(join(folder.path, ".lab"))).toEqual([]);
  }, 60_000);

  it("is known by its folder where there is no /proc, too", async () => {
    const machine = await created();
    for (const system of ["linux", "darwin"] as const) {
      const found = machineProcesses(system).filter(({ folder: home }) => home === machine.folder);
      expect([system, ...found.map(({ pid }) => pid)]).toEqual([system, machine.pid]);
    }
    await handler.delete(machine.state, recordedContext());
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

  it("is replaced, its process with it, when its folder was deleted by hand", async () => {
    const lost = await created();
    rmSync(lost.folder, { recursive: true });
    const properties = (await refreshed(lost.state)) ?? {};
    const state = { ...lost.state, properties };
    expect(handler.diff(state, inputs)).toEqual({ changed: ["folder"], replaces: ["folder"] });
    await handler.delete(state, recordedContext());
    expect(isAlive(lost.pid)).toBe(false);
    expect(await refreshed(lost.state)).toBeUndefined();
  }, 60_000);

  it("has an id of its own each time it is made, and is told from another machine in its place", async () => {
    const first = await created();
    const second = await created();
    expect(second.state.id).not.toBe(first.state.id);
    expect(isAlive(first.pid)).toBe(false);
    const seen = { ...first.state, properties: (await refreshed(first.state)) ?? {} };
    expect(handler.diff(seen, inputs)).toEqual({ changed: ["folder"], replaces: ["folder"] });
    expect(await refreshed(second.state)).toEqual(second.state.properties);
    await handler.delete(second.state, recordedContext());
  }, 60_000);

  it("is looked at again when nobody saw it come up, with the port and the time that its process has", async () => {
    const forwarded = {
      ...inputs,
      nics: [{ kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: true }],
    };
    const paths = machinePaths(join(folder.path, ".lab", "stacks", "dev"), "tiny");
    await removeMachine(paths);
    const { id, outputs } = await handler.create({ ...inputs }, recordedContext());
    // As an `up` that was killed while it powered the machine on leaves it: off in the state, on in truth.
    const old = { id, properties: { ...outputs, ...forwarded, running: false, sshPort: 1 } };
    await kill(outputsSchema.parse(outputs).pid);
    const machine: Omit<MachineDescription, "sshPort"> = {
      ...{ name: "dev-tiny", type: machineType(), memoryMiB: 128, cpus: 1, sandbox: false, accelerator: "tcg", paths },
      ...{ kernel: undefined, initrd: undefined, kernelArguments: undefined, start: { kind: "boot" } },
      nics: [{ kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: true }],
    };
    const { pid, sshPort } = await start(machine, undefined, recordedContext());
    const seen = (await handler.read(old, recordedContext())) ?? {};
    expect(seen).toMatchObject({ running: true, pid, sshPort, activeAccelerator: "tcg" });
    expect(handler.diff({ id, properties: seen }, forwarded).changed).toContain("powerOn");
    // It has no sshd that would greet: the wait is interrupted, and what was half done is ended.
    const context = recordedContext();
    setTimeout(context.abort, 500);
    await expect(handler.update({ id, properties: seen }, forwarded, context)).rejects.toThrow();
    expect(isAlive(pid)).toBe(false);
    await handler.delete({ id, properties: seen }, recordedContext());
  }, 60_000);

  it("is taken over without another start when it runs and nobody recorded it", async () => {
    const machine = await created();
    const unseen = { ...machine.state, properties: { ...machine.state.properties, pid: 1, powerOn: "before" } };
    const seen = { ...machine.state, properties: (await refreshed(unseen)) ?? {} };
    expect(handler.diff(seen, inputs)).toEqual({ changed: ["powerOn"], replaces: [] });
    const updated = await handler.update(seen, inputs, recordedContext());
    expect(updated).toEqual(machine.state.properties);
    await handler.delete(machine.state, recordedContext());
  }, 60_000);

  it("is found after its project was moved", async () => {
    const machine = await created();
    const lab = join(folder.path, ".lab");
    renameSync(lab, join(folder.path, "moved"));
    expect(processesOf({ folder: machine.folder })).toEqual([]);
    const moved = join(folder.path, "moved", "stacks", "dev");
    expect(processesOf({ folder: join(moved, "tiny") })).toMatchObject([{ pid: machine.pid }]);
    expect(await removeStackMachines(moved, recordedContext())).toEqual(["tiny"]);
    expect(isAlive(machine.pid)).toBe(false);
    expect(existsSync(moved)).toBe(false);
  }, 60_000);

  it("is found, and goes, where its project is reached through a symbolic link", async () => {
    const [there, link] = [join(folder.path, "elsewhere"), join(folder.path, "link")];
    mkdirSync(there);
    symlinkSync(there, link);
    const machine = await folder.create({ ...inputs, stateFolder: join(link, "stacks", "dev") });
    expect(machine.folder).toBe(join(there, "stacks", "dev", "tiny"));
    expect(await refreshed(machine.state)).toEqual(machine.state.properties);
    await handler.delete(machine.state, recordedContext());
    expect(isAlive(machine.pid)).toBe(false);
    expect(readdirSync(there)).toEqual([]);
  }, 60_000);

  it("is reached and powered on again where the path of its project is long, also after /tmp was emptied", async () => {
    const deep = join(folder.path, "x".repeat(120), "stacks", "dev");
    const own = { ...inputs, stateFolder: deep };
    const machine = await folder.create(own);
    const { qmp } = machinePaths(deep, "tiny");
    const link = dirname(socketForUs(qmp));
    rmSync(link);
    expect(await queryStatus(qmp)).toBe("running");
    expect(await suspendMachines(deep, recordedContext())).toEqual(["tiny"]);
    rmSync(link);
    expect(await resumeMachines(deep, recordedContext())).toEqual(["tiny"]);
    for (const { pid } of processesOf({ folder: machine.folder })) await kill(pid);
    rmSync(link);
    const dead = { ...machine.state, properties: (await refreshed(machine.state)) ?? {} };
    const updated = await handler.update(dead, own, recordedContext());
    expect(updated).toMatchObject({ running: true });
    await handler.delete({ ...machine.state, properties: updated }, recordedContext());
    expect(existsSync(link)).toBe(false);
  }, 60_000);

  it("goes with its stack and with its LAN segment when no state knows it, with files or without", async () => {
    const stack = join(folder.path, ".lab", "stacks", "dev");
    const first = await created();
    rmSync(first.folder, { recursive: true });
    expect(await removeStackMachines(stack, recordedContext())).toEqual(["tiny"]);
    expect(isAlive(first.pid)).toBe(false);

    const second = await created();
    const segment = { id: "s", properties: folder.segment };
    const other = { id: "t", properties: { ...folder.segment, port: folder.segment.port - 1 } };
    await lanSegmentHandler.delete(other, recordedContext());
    expect(isAlive(second.pid)).toBe(true);
    await lanSegmentHandler.delete(segment, recordedContext());
    expect(isAlive(second.pid)).toBe(false);
    expect(readdirSync(join(folder.path, ".lab"))).toEqual([]);

    // What is left of one whose creation was cut off before it was powered on, and the lock of a dead process.
    mkdirSync(join(stack, "half", "seed"), { recursive: true });
    symlinkSync(`${spawnSync("true").pid}:1`, join(stack, "half.lock"));
    expect(await removeStackMachines(stack, recordedContext())).toEqual(["half"]);
    expect(existsSync(stack)).toBe(false);
    expect(await removeStackMachines(stack, recordedContext())).toEqual([]);
  }, 60_000);

  it("has nothing of the user's environment that it does not need", async () => {
    process.env.PULUMI_CONFIG_PASSPHRASE = "open sesame";
    const machine = await created();
    delete process.env.PULUMI_CONFIG_PASSPHRASE;
    const environment = readFileSync(`/proc/${machine.pid}/environ`, "utf8");
    expect(environment).toContain("PATH=");
    expect(environment).not.toContain("sesame");
    await handler.delete(machine.state, recordedContext());
  }, 60_000);

  it("is not taken for another program, or another user's QEMU, that has its arguments", async () => {
    const stack = join(folder.path, ".lab", "stacks", "dev");
    const home = join(stack, "tiny");
    mkdirSync(home, { recursive: true });
    // This test's folder is closed to other users by itself: the impostor comes in as root and steps down.
    const args = ["-machine", "none", "-display", "none", "-S", "-pidfile", join(home, "qemu.pid")];
    const sleeper = spawn("sleep", ["60"], { argv0: "qemu-system", cwd: home });
    const sham = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)", "--", ...args], { cwd: home });
    const root = process.getuid?.() === 0;
    chmodSync(folder.path, 0o755);
    chmodSync(home, 0o777);
    const stranger = root
      ? spawn(machineType().emulator, args, { cwd: "/", uid: 65534, gid: 65534, stdio: "ignore" })
      : undefined;
    while (stranger !== undefined && !existsSync(join(home, "qemu.pid"))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(processesOf({ folder: home })).toEqual([]);
    const machine = await created();
    expect(processesOf({ folder: home })).toMatchObject([{ pid: machine.pid }]);
    await handler.delete(machine.state, recordedContext());
    for (const child of [sleeper, sham, stranger]) {
      expect(child?.exitCode ?? null).toBeNull();
      child?.kill("SIGKILL");
    }
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
      ...{ kernel: undefined, initrd: undefined, kernelArguments: undefined, start: { kind: "boot" }, paths },
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
    expect(processesOf(paths)).toEqual([]);
  }, 60_000);
});
