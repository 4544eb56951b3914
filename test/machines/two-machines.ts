/** Two tiny machines on one segment beside another one, and what tells where their cards are. */
import { createSocket, type Socket } from "node:dgram";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonical, type Properties } from "../../plugin/handler";
import { freePort } from "../../provider/lan-segment";
import { portId } from "../../provider/qemu/hub";
import { type MachinePaths, machinePaths } from "../../provider/qemu/paths";
import { ask } from "../../provider/qemu/qmp";
import { moveCard, segmentsOf } from "../../provider/qemu/segments";
import type { SegmentReference } from "../../provider/resources";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "../provider/context";
import { type TinyMachine, tinyMachines } from "./tiny-machine";

const macs = { tiny: "52:54:00:00:00:02", second: "52:54:00:00:00:03" };

const macOf = ({ folder }: TinyMachine): string => macs[basename(folder) === "tiny" ? "tiny" : "second"];

export const pathsOf = ({ folder }: Pick<TinyMachine, "folder">): MachinePaths =>
  machinePaths(dirname(folder), basename(folder));

export const where = async (machine: TinyMachine) => (await segmentsOf(pathsOf(machine)))?.get(0);

export const move = (machine: TinyMachine, to: SegmentReference, context = recordedContext()) =>
  moveCard(pathsOf(machine), 0, to, context);

export const qmp = (machine: TinyMachine, execute: string, args: Readonly<Record<string, unknown>>) =>
  ask(pathsOf(machine).qmp, [{ execute, arguments: args }]);

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

export interface TwoMachines {
  readonly lab: ReturnType<typeof tinyMachines>;
  /** The segment on which both are powered on. */
  readonly home: SegmentReference;
  readonly other: SegmentReference;
  readonly one: TinyMachine;
  readonly two: TinyMachine;
  readonly inputsOf: (name: keyof typeof macs, segment: SegmentReference) => Properties;
  readonly speaksOn: (machine: TinyMachine) => Promise<SegmentReference[]>;
  readonly hearsFrom: (machine: TinyMachine) => Promise<SegmentReference[]>;
  readonly remove: () => Promise<void>;
}

/** Both are there for a test, and gone after it. */
export async function withTwoMachines(work: (machines: TwoMachines) => Promise<void>): Promise<void> {
  const machines = await twoMachines();
  try {
    await work(machines);
  } finally {
    await machines.remove();
  }
}

async function twoMachines(): Promise<TwoMachines> {
  const lab = tinyMachines();
  const home = lab.segment;
  const other: SegmentReference = { group: `239.193.${randomInt(256)}.7`, port: freePort(new Set()) };
  const inputsOf = (name: keyof typeof macs, segment: SegmentReference) => ({
    ...lab.inputs,
    machineName: name,
    nics: [{ kind: "segment", mac: macs[name], segment }],
  });
  const one = await lab.create(inputsOf("tiny", home));
  const two = await lab.create(inputsOf("second", home));

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

  const remove = async () => {
    for (const { state } of [one, two]) await handler.delete(state, recordedContext());
    lab.remove();
  };
  return { lab, home, other, one, two, inputsOf, speaksOn, hearsFrom, remove };
}
