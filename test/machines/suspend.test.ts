import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive } from "../../host/processes";
import { machinePaths } from "../../provider/qemu/paths";
import { processesOf } from "../../provider/qemu/process";
import { ask, queryStatus } from "../../provider/qemu/qmp";
import { resumeMachines, suspendMachines, suspensionOf } from "../../provider/qemu/suspend";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "../provider/context";
import { kill, missingProgram, outputsSchema, tinyMachines, type TinyMachine } from "./tiny-machine";

const withQemu = missingProgram === undefined ? describe : describe.skip;
if (missingProgram !== undefined) console.warn(`Skipped, ${missingProgram} is not installed: suspended machines`);

withQemu("a lab that is suspended", () => {
  let lab: ReturnType<typeof tinyMachines>;
  let one: TinyMachine;
  let two: TinyMachine;
  const pathsOf = ({ folder }: TinyMachine) => machinePaths(join(folder, ".."), folder.split("/").at(-1) ?? "");

  beforeEach(async () => {
    lab = tinyMachines();
    one = await lab.create();
    two = await lab.create({ ...lab.inputs, machineName: "second" });
  });

  afterEach(async () => {
    for (const { state } of [one, two]) await handler.delete(state, recordedContext());
    lab.remove();
  });

  const alive = (): boolean[] => [one, two].map((machine) => processesOf(pathsOf(machine)).length > 0);

  it("has no process, keeps its memory from other users, and is seen to be off", async () => {
    expect(await suspendMachines(lab.stateFolder, recordedContext())).toEqual(["second", "tiny"]);
    expect([one, two].map(({ pid }) => isAlive(pid))).toEqual([false, false]);
    for (const machine of [one, two]) {
      expect(statSync(pathsOf(machine).state).mode & 0o777).toBe(0o600);
      expect(suspensionOf(pathsOf(machine))?.poweredOn).toBe(machine.powerOn);
    }
    const seen = await lab.refresh(one.state);
    expect(handler.diff(seen, lab.inputs)).toEqual({ changed: ["running"], replaces: [] });
  }, 60_000);

  it("goes on as the same power-on, and a refresh finds nothing to do", async () => {
    await suspendMachines(lab.stateFolder, recordedContext());
    const context = recordedContext();
    expect(await resumeMachines(lab.stateFolder, context)).toEqual(["second", "tiny"]);
    // There is no guest in these machines.
    expect(context.lines).toContain(
      "tiny was not told the time, and is late until it asks for it itself: no qemu-guest-agent runs in it",
    );
    for (const machine of [one, two]) {
      expect(await queryStatus(pathsOf(machine).qmp)).toBe("running");
      expect(existsSync(pathsOf(machine).state)).toBe(false);
      const seen = await lab.refresh(machine.state);
      expect(handler.diff(seen, { ...lab.inputs, machineName: machine.state.properties.machineName })).toEqual({
        changed: [],
        replaces: [],
      });
    }
    expect(await suspendMachines(lab.stateFolder, recordedContext())).toEqual(["second", "tiny"]);
  }, 60_000);

  it("is suspended once and resumed once by two at the same time, and runs on", async () => {
    const twice = async (work: typeof resumeMachines) => {
      const [first, second] = [recordedContext(), recordedContext()];
      const names = await Promise.all([work(lab.stateFolder, first), work(lab.stateFolder, second)]);
      expect(second.lines[0]).toMatch(/^waiting for the process \d+, which works on the same machine$/);
      return names;
    };
    expect(await twice(suspendMachines)).toEqual([["second", "tiny"], []]);
    expect(alive()).toEqual([false, false]);
    expect(await twice(resumeMachines)).toEqual([["second", "tiny"], []]);
    for (const machine of [one, two]) expect(await queryStatus(pathsOf(machine).qmp)).toBe("running");
  }, 60_000);

  it("is brought back by the next up too", async () => {
    await suspendMachines(lab.stateFolder, recordedContext());
    const updated = await handler.update(await lab.refresh(one.state), lab.inputs, recordedContext());
    expect(outputsSchema.parse(updated)).toMatchObject({ powerOn: one.powerOn, running: true });
    expect(alive()).toEqual([true, false]);
  }, 60_000);

  it("boots when its state is of another QEMU, after one line", async () => {
    await suspendMachines(lab.stateFolder, recordedContext());
    const { suspension } = pathsOf(one);
    writeFileSync(suspension, readFileSync(suspension, "utf8").replace("QEMU", "another QEMU"));
    await expect(resumeMachines(lab.stateFolder, recordedContext())).rejects.toThrow(
      /tiny was suspended by "another QEMU .*", and here is "QEMU/,
    );
    expect(alive()).toEqual([false, false]);
    expect([one, two].every((machine) => suspensionOf(pathsOf(machine)) !== undefined)).toBe(true);
    const context = recordedContext();
    const updated = await handler.update(await lab.refresh(one.state), lab.inputs, context);
    expect(outputsSchema.parse(updated).powerOn).not.toBe(one.powerOn);
    expect(context.lines.filter((line) => line.startsWith("tiny boots, because it could not be resumed"))).toHaveLength(
      1,
    );
    expect(existsSync(pathsOf(one).state)).toBe(false);
  }, 60_000);

  it("boots when its state is cut off", async () => {
    await suspendMachines(lab.stateFolder, recordedContext());
    const { state } = pathsOf(one);
    writeFileSync(state, readFileSync(state).subarray(0, 100_000));
    const context = recordedContext();
    const updated = await handler.update(await lab.refresh(one.state), lab.inputs, context);
    expect(outputsSchema.parse(updated).running).toBe(true);
    expect(context.lines.join("\n")).toContain("tiny boots, because it could not be resumed");
  }, 60_000);

  it("goes on as if nothing had been when one of its machines cannot be written down", async () => {
    // A disk that is full.
    symlinkSync("/dev/full", `${pathsOf(two).state}.partial`);
    await expect(suspendMachines(lab.stateFolder, recordedContext())).rejects.toThrow("ENOSPC");
    for (const machine of [one, two]) {
      expect(await queryStatus(pathsOf(machine).qmp)).toBe("running");
      expect(existsSync(pathsOf(machine).state)).toBe(false);
    }
  }, 60_000);

  it.each([0, 5])(
    "goes on when suspend is interrupted after %d ms",
    async (milliseconds) => {
      const context = recordedContext();
      setTimeout(context.abort, milliseconds);
      await expect(suspendMachines(lab.stateFolder, context)).rejects.toThrow("cancelled by the test");
      for (const machine of [one, two]) {
        expect(await queryStatus(pathsOf(machine).qmp)).toBe("running");
        expect(existsSync(pathsOf(machine).state)).toBe(false);
      }
    },
    60_000,
  );

  it("that was left standing by a suspend that was killed goes on by resume, and by up", async () => {
    for (const { folder } of [one, two]) await ask(join(folder, "qmp.sock"), [{ execute: "stop" }]);
    expect(handler.diff(await lab.refresh(one.state), lab.inputs).changed).toEqual(["running"]);
    const updated = await handler.update(await lab.refresh(one.state), lab.inputs, recordedContext());
    expect(outputsSchema.parse(updated)).toEqual(expect.objectContaining({ pid: one.pid, running: true }));
    expect(await resumeMachines(lab.stateFolder, recordedContext())).toEqual(["second"]);
    for (const machine of [one, two]) expect(await queryStatus(pathsOf(machine).qmp)).toBe("running");
  }, 60_000);

  it("is suspended by the next suspend when one was killed while it was writing", async () => {
    const paths = pathsOf(one);
    const program = `require("node:net").createServer(() => process.kill(process.pid, "SIGKILL")).listen(process.argv[1])`;
    const writer = spawn(process.execPath, ["-e", program, paths.migration], { stdio: "ignore" });
    const killed = new Promise((resolve) => writer.once("exit", resolve));
    while (!existsSync(paths.migration)) await delay(20);
    const commands = [{ execute: "stop" }, { execute: "migrate", arguments: { uri: `unix:${paths.migration}` } }];
    await ask(paths.qmp, commands);
    await killed;
    expect(existsSync(paths.migration)).toBe(true);
    expect(await suspendMachines(lab.stateFolder, recordedContext())).toEqual(["second", "tiny"]);
    expect(await resumeMachines(lab.stateFolder, recordedContext())).toEqual(["second", "tiny"]);
  }, 60_000);

  it("is resumed where its folder was moved to", async () => {
    await suspendMachines(lab.stateFolder, recordedContext());
    const moved = join(lab.path, "moved");
    renameSync(lab.stateFolder, moved);
    expect(await resumeMachines(moved, recordedContext())).toEqual(["second", "tiny"]);
    await suspendMachines(moved, recordedContext());
    renameSync(moved, lab.stateFolder);
  }, 60_000);

  it("is not suspended when no machine of it runs", async () => {
    for (const { pid } of [one, two]) await kill(pid);
    expect(await suspendMachines(lab.stateFolder, recordedContext())).toEqual([]);
    expect(await resumeMachines(lab.stateFolder, recordedContext())).toEqual([]);
    expect(await suspendMachines(join(lab.path, "nowhere"), recordedContext())).toEqual([]);
  }, 60_000);
});
