import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonical } from "../../plugin/handler";
import { typescriptLoader } from "../../host/paths";
import { portId, segmentPort, segmentSocket } from "../../provider/qemu/hub";
import { withMachine } from "../../provider/qemu/power";
import { resumeMachines, suspendMachines } from "../../provider/qemu/suspend";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "../provider/context";
import { missingProgram, type TinyMachine } from "./tiny-machine";
import { move, pathsOf, qmp, type TwoMachines, where, withTwoMachines } from "./two-machines";

const withQemu = missingProgram === undefined ? describe : describe.skip;

withQemu("a network card whose move is interrupted", () => {
  /** All states in which one who is killed can leave a card, from the first step to the last. */
  const halfWay: readonly (readonly [string, (machine: TinyMachine, lab: TwoMachines) => Promise<unknown>])[] = [
    ["the other socket is there", (machine, { other }) => qmp(machine, "netdev_add", segmentSocket(0, other))],
    ["the carrier is lost", (machine) => qmp(machine, "set_link", { name: "card0", up: false })],
    ["the old segment is off the hub", (machine, { home }) => qmp(machine, "netdev_del", { id: portId(0, home) })],
    ["the other segment is on the hub", (machine, { other }) => qmp(machine, "netdev_add", segmentPort(0, other))],
    ["the carrier is back", (machine) => qmp(machine, "set_link", { name: "card0", up: true })],
  ];

  it.each(halfWay.map(([name], index) => [name, index] as const))(
    "is seen to be half-way when it was left so after: %s; whatever comes next ends it",
    (_name, last) =>
      withTwoMachines(async (machines) => {
        const { lab, home, other, one, two, inputsOf, speaksOn } = machines;
        for (const machine of [one, two]) {
          for (const [, step] of halfWay.slice(0, last + 1)) await step(machine, machines);
          expect(await where(machine)).toBeUndefined();
        }
        const seen = await lab.refresh(one.state);
        expect(handler.diff(seen, inputsOf("tiny", home))).toEqual({ changed: ["nics"], replaces: [] });
        await handler.update(seen, inputsOf("tiny", home), recordedContext());
        expect(await where(one)).toEqual(home);
        await move(two, home);
        expect([await speaksOn(one), await speaksOn(two)]).toEqual([[home], [home]]);
        for (const [, step] of halfWay.slice(0, last + 1)) await step(two, machines);
        await suspendMachines(lab.stateFolder, recordedContext());
        await resumeMachines(lab.stateFolder, recordedContext());
        const end = await where(two);
        expect([home, other]).toContainEqual(end);
        expect(await speaksOn(two)).toEqual([end]);
      }),
    60_000,
  );

  it(
    "ends on one of its two segments when the one who moves it is killed at any moment",
    () =>
      withTwoMachines(async ({ home, other, one, speaksOn }) => {
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
      }),
    60_000,
  );

  it(
    "is moved by one at a time",
    () =>
      withTwoMachines(async ({ home, other, one }) => {
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
      }),
    60_000,
  );
});
