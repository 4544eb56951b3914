import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonical } from "../../plugin/handler";
import { typescriptLoader } from "../../host/paths";
import { isAlive } from "../../host/processes";
import { freePort, lanSegmentHandler } from "../../provider/lan-segment";
import { portId, segmentPort, segmentSocket, socketId } from "../../provider/qemu/hub";
import { type MachinePaths, machinePaths } from "../../provider/qemu/paths";
import { withMachine } from "../../provider/qemu/power";
import { ask } from "../../provider/qemu/qmp";
import { moveCard, segmentsOf } from "../../provider/qemu/segments";
import { resumeMachines, suspendMachines } from "../../provider/qemu/suspend";
import type { SegmentReference } from "../../provider/resources";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "./context";
import { kill, missingProgram, outputsSchema, type TinyMachine, tinyMachines } from "./tiny-machine";

const withQemu = missingProgram === undefined ? describe : describe.skip;
if (missingProgram !== undefined) console.warn(`Skipped, ${missingProgram} is not installed: cards that are moved`);

const macs = { tiny: "52:54:00:00:00:02", second: "52:54:00:00:00:03" };

const macOf = ({ folder }: TinyMachine): string => macs[basename(folder) === "tiny" ? "tiny" : "second"];

/** A member of a segment, as QEMU's sockets are. */
async function onSegment({ group, port }: SegmentReference, heard: (frame: Buffer) => void): Promise<Socket> {
  const socket = createSocket({ type: "udp4", reuseAddr: true }).on("message", heard);
  await new Promise<void>((resolve) => {
    socket.bind(port, group, resolve);
  });
  socket.addMembership(group, "127.0.0.1");
  socket.setMulticastInterface("127.0.0.1");
  return socket;
}

withQemu("a network card that is moved", () => {
  let lab: ReturnType<typeof tinyMachines>;
  let home: SegmentReference;
  const other: SegmentReference = { group: `239.193.${randomInt(256)}.7`, port: freePort(new Set()) };
  let one: TinyMachine;
  let two: TinyMachine;

  const inputsOf = (name: keyof typeof macs, segment: SegmentReference) => ({
    ...lab.inputs,
    machineName: name,
    nics: [{ kind: "segment", mac: macs[name], segment }],
  });
  const pathsOf = ({ folder }: Pick<TinyMachine, "folder">): MachinePaths =>
    machinePaths(dirname(folder), basename(folder));
  const where = async (machine: TinyMachine) => (await segmentsOf(pathsOf(machine)))?.get(0);
  const move = (machine: TinyMachine, to: SegmentReference, context = recordedContext()) =>
    moveCard(pathsOf(machine), 0, to, context);
  const qmp = (machine: TinyMachine, execute: string, args: Readonly<Record<string, unknown>>) =>
    ask(pathsOf(machine).qmp, [{ execute, arguments: args }]);

  beforeEach(async () => {
    lab = tinyMachines();
    home = lab.segment;
    one = await lab.create(inputsOf("tiny", home));
    two = await lab.create(inputsOf("second", home));
  });

  afterEach(async () => {
    for (const { state } of [one, two]) await handler.delete(state, recordedContext());
    lab.remove();
  });

  /** On which segments a machine's card speaks: QEMU itself says for it where it is (RARP, `announce-self`). */
  const speaksOn = async (machine: TinyMachine): Promise<SegmentReference[]> => {
    const mac = Buffer.from(macOf(machine).replaceAll(":", ""), "hex");
    const heard = new Set<SegmentReference>();
    const ears = await Promise.all(
      [home, other].map((segment) =>
        onSegment(segment, (frame) => {
          if (frame.includes(mac)) heard.add(segment);
        }),
      ),
    );
    await qmp(machine, "announce-self", { initial: 50, max: 50, rounds: 3, step: 50 });
    await delay(300);
    ears.forEach((ear) => ear.close());
    return [...heard];
  };

  /**
   * From which segments something comes to a machine's card, of all of them the first to come: without a guest a card
   * takes nothing, and QEMU reads no further.
   */
  const hearsFrom = async (machine: TinyMachine): Promise<SegmentReference[]> => {
    const at = await where(machine);
    if (at === undefined) throw new Error("It is between two segments.");
    const heard = join(machine.folder, "heard");
    await qmp(machine, "object-add", { "qom-type": "filter-dump", id: "dump", netdev: portId(0, at), file: heard });
    const words = (segment: SegmentReference) => Buffer.from(`this is said on ${canonical(segment)}`.padEnd(64));
    for (const segment of [home, other]) {
      const mouth = await onSegment(segment, () => undefined);
      await new Promise((resolve) => {
        mouth.send(words(segment), segment.port, segment.group, resolve);
      });
      mouth.close();
    }
    await delay(100);
    await qmp(machine, "object-del", { id: "dump" });
    const all = readFileSync(heard);
    return [home, other].filter((segment) => all.includes(words(segment)));
  };

  it("hears and speaks on its segment and on no other, and so after each move", async () => {
    for (const to of [home, other, home]) {
      await move(one, to);
      expect(await where(one)).toEqual(to);
      expect([await hearsFrom(one), await speaksOn(one), await speaksOn(two)]).toEqual([[to], [to], [home]]);
    }
    await move(two, other);
    expect([await hearsFrom(two), await speaksOn(two), await speaksOn(one)]).toEqual([[other], [other], [home]]);
  }, 60_000);

  it("stays where it is when it is there already", async () => {
    expect(await move(one, home)).toBe(false);
    expect(await where(one)).toEqual(home);
  }, 60_000);

  it("is seen where it is by a refresh, and is brought home by the next up, which leaves the machine as it is", async () => {
    await move(one, other);
    const seen = await lab.refresh(one.state);
    expect(seen.properties).toEqual({ ...one.state.properties, ...inputsOf("tiny", other) });
    expect(handler.diff(seen, inputsOf("tiny", home))).toEqual({ changed: ["nics"], replaces: [] });
    expect(handler.preview?.(inputsOf("tiny", home), seen.properties)).toMatchObject({
      powerOn: one.powerOn,
      pid: one.pid,
    });
    const updated = await handler.update(seen, inputsOf("tiny", home), recordedContext());
    expect(updated).toEqual(one.state.properties);
    expect(isAlive(one.pid)).toBe(true);
    expect(await where(one)).toEqual(home);
    expect((await lab.refresh({ ...one.state, properties: updated })).properties).toEqual(updated);
  }, 60_000);

  it("gets another home in place, and does not go with the segment that was its home before", async () => {
    const inputs = inputsOf("tiny", other);
    expect(handler.diff(one.state, inputs)).toEqual({ changed: ["nics"], replaces: [] });
    const properties = await handler.update(one.state, inputs, recordedContext());
    expect(properties).toEqual({ ...one.state.properties, ...inputs });
    expect(handler.diff({ ...one.state, properties }, inputs)).toEqual({ changed: [], replaces: [] });
    expect(await speaksOn(one)).toEqual([other]);
    await lanSegmentHandler.delete({ id: "home", properties: { ...home } }, recordedContext());
    expect([one, two].map(({ pid }) => isAlive(pid))).toEqual([true, false]);
  }, 60_000);

  it("goes on after a suspend where it was, and is brought home by up from there", async () => {
    await move(one, other);
    await suspendMachines(lab.stateFolder, recordedContext());
    expect(await where(one)).toEqual(other);
    expect((await lab.refresh(one.state)).properties).toMatchObject({ ...inputsOf("tiny", other), running: false });
    await expect(move(one, home)).rejects.toThrow(
      "tiny is suspended: only a running machine can join another network.",
    );
    await resumeMachines(lab.stateFolder, recordedContext());
    expect([await where(one), await where(two)]).toEqual([other, home]);
    expect([await speaksOn(one), await speaksOn(two)]).toEqual([[other], [home]]);
    await suspendMachines(lab.stateFolder, recordedContext());
    const updated = await handler.update(await lab.refresh(one.state), inputsOf("tiny", home), recordedContext());
    expect(outputsSchema.parse(updated)).toMatchObject({ powerOn: one.powerOn, running: true });
    expect([await hearsFrom(one), await speaksOn(one)]).toEqual([[home], [home]]);
  }, 60_000);

  it("is powered on at home after its machine died elsewhere, and cannot be moved while it is off", async () => {
    await move(one, other);
    await kill(one.pid);
    expect(await segmentsOf(pathsOf(one))).toBeUndefined();
    await expect(move(one, home)).rejects.toThrow("tiny does not run");
    const dead = await lab.refresh(one.state);
    expect(handler.diff(dead, inputsOf("tiny", home))).toEqual({ changed: ["running"], replaces: [] });
    expect(handler.preview?.(inputsOf("tiny", home), dead.properties)).not.toHaveProperty("powerOn");
    await handler.update(dead, inputsOf("tiny", home), recordedContext());
    expect(await where(one)).toEqual(home);
  }, 60_000);

  it("stays where it is when it is interrupted before the first step, and arrives when it is later", async () => {
    const early = recordedContext();
    early.abort();
    await expect(move(one, other, early)).rejects.toThrow("cancelled by the test");
    expect(await where(one)).toEqual(home);
    const late = recordedContext();
    const moving = move(one, other, late);
    while (existsSync(pathsOf(one).folder) && (await where(one)) !== undefined) await delay(1);
    late.abort();
    expect(await moving).toBe(true);
    expect(await where(one)).toEqual(other);
  }, 60_000);

  it("is put back when QEMU refuses the other segment", async () => {
    // In the way of the port on the hub: what comes last of what may be refused.
    const inTheWay = { type: "hubport", id: portId(0, other), hubid: 99 };
    await qmp(one, "netdev_add", inTheWay);
    await expect(move(one, other)).rejects.toThrow(/QEMU refused: .*port0/);
    expect(await where(one)).toEqual(home);
    expect(await speaksOn(one)).toEqual([home]);
    // Nobody can listen there: what comes first.
    await expect(move(one, { group: "192.0.2.1", port: 20000 })).rejects.toThrow(/QEMU refused/);
    expect(await where(one)).toEqual(home);
    expect(await speaksOn(one)).toEqual([home]);
  }, 60_000);

  /** All states in which one who is killed can leave a card, from the first step to the last. */
  const halfWay: readonly (readonly [string, (machine: TinyMachine) => Promise<unknown>])[] = [
    ["the other socket is there", (machine) => qmp(machine, "netdev_add", segmentSocket(0, other))],
    ["the carrier is lost", (machine) => qmp(machine, "set_link", { name: "card0", up: false })],
    ["the old segment is off the hub", (machine) => qmp(machine, "netdev_del", { id: portId(0, home) })],
    ["the other segment is on the hub", (machine) => qmp(machine, "netdev_add", segmentPort(0, other))],
    ["the carrier is back", (machine) => qmp(machine, "set_link", { name: "card0", up: true })],
  ];

  it.each(halfWay.map(([name], index) => [name, index] as const))(
    "is seen to be half-way when it was left so after: %s; whatever comes next ends it",
    async (_name, last) => {
      for (const machine of [one, two]) {
        for (const [, step] of halfWay.slice(0, last + 1)) await step(machine);
        expect(await where(machine)).toBeUndefined();
      }
      const seen = await lab.refresh(one.state);
      expect(handler.diff(seen, inputsOf("tiny", home))).toEqual({ changed: ["nics"], replaces: [] });
      await handler.update(seen, inputsOf("tiny", home), recordedContext());
      expect(await where(one)).toEqual(home);
      await move(two, home);
      expect([await speaksOn(one), await speaksOn(two)]).toEqual([[home], [home]]);
      for (const [, step] of halfWay.slice(0, last + 1)) await step(two);
      await suspendMachines(lab.stateFolder, recordedContext());
      await resumeMachines(lab.stateFolder, recordedContext());
      const end = await where(two);
      expect([home, other]).toContainEqual(end);
      expect(await speaksOn(two)).toEqual([end]);
    },
    60_000,
  );

  it("ends on one of its two segments when the one who moves it is killed at any moment", async () => {
    const script =
      `const { moveCard } = require(${JSON.stringify(join(__dirname, "../../provider/qemu/segments"))});` +
      `const context = { signal: new AbortController().signal, progress() {} };` +
      `(async () => { process.stdout.write("ready"); for (let to = 1; ; to = 1 - to) ` +
      `await moveCard(${JSON.stringify(pathsOf(one))}, 0, ${JSON.stringify([home, other])}[to], context); })();`;
    for (let round = 0; round < 5; round += 1) {
      const mover = spawn(process.execPath, [...typescriptLoader, "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise((resolve) => mover.stdout.once("data", resolve));
      await delay(randomInt(300));
      await new Promise((resolve) => {
        mover.once("exit", resolve);
        mover.kill("SIGKILL");
      });
      const to = round % 2 === 0 ? home : other;
      await move(one, to);
      expect(await where(one)).toEqual(to);
    }
    await move(one, home);
    expect(await speaksOn(one)).toEqual([home]);
  }, 60_000);

  it("is moved by one at a time", async () => {
    await Promise.all([move(one, other), move(one, home), move(one, other)]);
    expect([canonical(home), canonical(other)]).toContain(canonical(await where(one)));
    const context = recordedContext();
    let moving: Promise<boolean> | undefined;
    await withMachine(pathsOf(one), context, async () => {
      moving = move(one, home, context);
      await delay(300);
    });
    await moving;
    expect(context.lines).toContain(`waiting for the process ${process.pid}, which works on the same machine`);
    expect(await where(one)).toEqual(home);
  }, 60_000);

  it("leaves nothing of its old segment behind in QEMU", async () => {
    await move(one, other);
    const said = await qmp(one, "human-monitor-command", { "command-line": "info network" });
    expect(said).toContain(socketId(0, other));
    expect(said).not.toContain(socketId(0, home));
  }, 60_000);
});

it("a machine has eleven network cards at most", () => {
  const segment = { group: "239.192.1.2", port: 23456 };
  const nics = Array.from({ length: 12 }, (_, card) => ({
    kind: "segment",
    mac: `52:54:00:00:00:${(16 + card).toString(16)}`,
    segment,
  }));
  const inputs = {
    ...{
      stateFolder: "x",
      machineName: "x",
      image: { digest: "d", disk: "d", format: "raw" },
      memoryMiB: 512,
      cpus: 1,
    },
    ...{ accelerator: "tcg", disposable: true, documents: { metaData: "", userData: "", networkConfig: "" } },
  };
  expect(handler.check({ ...inputs, nics: nics.slice(1) })).toEqual([]);
  expect(handler.check({ ...inputs, nics })).toEqual([
    { property: "nics", reason: "a machine has room for 11 network cards" },
  ]);
});

describe("the difference of two machines", () => {
  const segment = { group: "239.192.1.2", port: 23456 };
  const card = { kind: "segment", mac: "52:54:00:00:00:02", segment };
  const uplink = { kind: "user", mac: "52:54:00:00:00:01", sshForward: true, restricted: false };
  const properties = (nics: unknown) => ({
    folder: "/x",
    powerOn: "2026-01-01T00:00:00.000Z",
    running: true,
    image: { digest: "d" },
    nics,
  });
  const diff = (old: unknown, nics: unknown) =>
    handler.diff({ id: "x", properties: properties(old) }, properties(nics));
  const moved = { ...card, segment: { ...segment, port: 23457 } };

  it.each([
    ["a card on another segment", [uplink, card], [uplink, moved], []],
    ["a card between two segments", [{ ...card, segment: undefined }], [card], []],
    ["a segment that is not known yet", [card], [{ ...card, segment: { group: "04da6b54", port: "04da6b54" } }], []],
    ["another MAC", [card], [{ ...moved, mac: "52:54:00:00:00:09" }], ["nics"]],
    ["a card more", [card], [card, moved], ["nics"]],
    ["a card less", [uplink, card], [uplink], ["nics"]],
    ["another kind of card", [uplink], [{ ...card, mac: uplink.mac }], ["nics"]],
    ["another order", [uplink, card], [card, uplink], ["nics"]],
  ])("makes another one or moves a card: %s", (_what, old, wanted, replaces) => {
    expect(diff(old, wanted)).toEqual({ changed: ["nics"], replaces });
  });
});
