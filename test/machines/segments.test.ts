import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { release, tryAcquire } from "../../host/lock";
import { visitLock } from "../../host/paths";
import { isAlive } from "../../host/processes";
import { lanSegmentHandler } from "../../provider/lan-segment";
import { portId, socketId } from "../../provider/qemu/hub";
import { segmentsOf } from "../../provider/qemu/segments";
import { resumeMachines, suspendMachines } from "../../provider/qemu/suspend";
import { virtualMachineHandler as handler } from "../../provider/virtual-machine";
import { recordedContext } from "../provider/context";
import { kill, missingProgram, outputsSchema } from "./tiny-machine";
import { move, pathsOf, qmp, where, withTwoMachines } from "./two-machines";

const withQemu = missingProgram === undefined ? describe : describe.skip;
if (missingProgram !== undefined) console.warn(`Skipped, ${missingProgram} is not installed: cards that are moved`);

withQemu("a network card that is moved", () => {
  it(
    "hears and speaks on its segment and on no other, and so after each move",
    () =>
      withTwoMachines(async ({ home, other, one, two, speaksOn, hearsFrom }) => {
        for (const to of [home, other, home]) {
          await move(one, to);
          expect(await where(one)).toEqual(to);
          expect([await hearsFrom(one), await speaksOn(one), await speaksOn(two)]).toEqual([[to], [to], [home]]);
        }
        await move(two, other);
        expect([await hearsFrom(two), await speaksOn(two), await speaksOn(one)]).toEqual([[other], [other], [home]]);
      }),
    60_000,
  );

  it(
    "stays where it is when it is there already",
    () =>
      withTwoMachines(async ({ home, one }) => {
        expect(await move(one, home)).toBe(false);
        expect(await where(one)).toEqual(home);
      }),
    60_000,
  );

  it(
    "is seen where it is by a refresh, and is brought home by the next up, which leaves the machine as it is",
    () =>
      withTwoMachines(async ({ lab, home, other, one, inputsOf }) => {
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
      }),
    60_000,
  );

  it(
    "is brought home once nobody visits networks with it any more, who can move it meanwhile",
    () =>
      withTwoMachines(async ({ lab, home, other, one, inputsOf }) => {
        await move(one, other);
        const seen = await lab.refresh(one.state);
        const context = recordedContext();
        const visit = visitLock(dirname(one.folder), "tiny");
        expect(tryAcquire(visit)).toBe(true);
        const update = handler.update(seen, inputsOf("tiny", home), context);
        while (context.lines.length === 0) await delay(20);
        expect(context.lines).toEqual([expect.stringContaining(`tiny: waiting for the process ${process.pid}, which`)]);
        for (const to of [home, other]) {
          await move(one, to);
          await delay(300);
          expect(await where(one)).toEqual(to);
        }
        release(visit);
        expect(await update).toEqual(one.state.properties);
        expect(await where(one)).toEqual(home);
        expect(existsSync(visit)).toBe(false);
      }),
    60_000,
  );

  it(
    "gets another home in place, and does not go with the segment that was its home before",
    () =>
      withTwoMachines(async ({ home, other, one, two, inputsOf, speaksOn }) => {
        const inputs = inputsOf("tiny", other);
        expect(handler.diff(one.state, inputs)).toEqual({ changed: ["nics"], replaces: [] });
        const properties = await handler.update(one.state, inputs, recordedContext());
        expect(properties).toEqual({ ...one.state.properties, ...inputs });
        expect(handler.diff({ ...one.state, properties }, inputs)).toEqual({ changed: [], replaces: [] });
        expect(await speaksOn(one)).toEqual([other]);
        await lanSegmentHandler.delete({ id: "home", properties: { ...home } }, recordedContext());
        expect([one, two].map(({ pid }) => isAlive(pid))).toEqual([true, false]);
      }),
    60_000,
  );

  it(
    "goes on after a suspend where it was, and is brought home by up from there",
    () =>
      withTwoMachines(async ({ lab, home, other, one, two, inputsOf, speaksOn, hearsFrom }) => {
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
      }),
    60_000,
  );

  it(
    "is powered on at home after its machine died elsewhere, and cannot be moved while it is off",
    () =>
      withTwoMachines(async ({ lab, home, other, one, inputsOf }) => {
        await move(one, other);
        await kill(one.pid);
        expect(await segmentsOf(pathsOf(one))).toBeUndefined();
        await expect(move(one, home)).rejects.toThrow("tiny does not run");
        const dead = await lab.refresh(one.state);
        expect(handler.diff(dead, inputsOf("tiny", home))).toEqual({ changed: ["running"], replaces: [] });
        expect(handler.preview?.(inputsOf("tiny", home), dead.properties)).not.toHaveProperty("powerOn");
        await handler.update(dead, inputsOf("tiny", home), recordedContext());
        expect(await where(one)).toEqual(home);
      }),
    60_000,
  );

  it(
    "stays where it is when it is interrupted before the first step, and arrives when it is later",
    () =>
      withTwoMachines(async ({ home, other, one }) => {
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
      }),
    60_000,
  );

  it(
    "is put back when QEMU refuses the other segment",
    () =>
      withTwoMachines(async ({ home, other, one, speaksOn }) => {
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
      }),
    60_000,
  );

  it(
    "leaves nothing of its old segment behind in QEMU",
    () =>
      withTwoMachines(async ({ home, other, one }) => {
        await move(one, other);
        const said = await qmp(one, "human-monitor-command", { "command-line": "info network" });
        expect(said).toContain(socketId(0, other));
        expect(said).not.toContain(socketId(0, home));
      }),
    60_000,
  );
});
