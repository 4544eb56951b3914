import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { movingAlone, stayingPut, whenNobodyVisits } from "../../cli/visit-lock";
import { stackFolder } from "../../host/paths";
import { labOf } from "../verify/fixtures";

const stack = `visit-lock-${process.pid}`;
const lab = labOf({ clients: 2 }, stack);

function clientCalled(name: string) {
  const client = lab.clients.find((each) => each.name === name);
  if (client === undefined) throw new Error(`The fixture has no ${name}.`);
  return client;
}

afterAll(() => {
  rmSync(stackFolder(stack), { recursive: true, force: true });
});

async function order(second: string): Promise<{ readonly order: string[]; readonly said: string[] }> {
  const seen: string[] = [];
  const said: string[] = [];
  const context = { signal: new AbortController().signal, progress: (line: string) => said.push(line) };
  const visit = (name: string, label: string, milliseconds: number) =>
    movingAlone(lab, clientCalled(name), context, async () => {
      seen.push(`${label} begins`);
      await delay(milliseconds);
      seen.push(`${label} ends`);
    });
  const first = visit("client-1", "first", 300);
  await Promise.all([first, visit(second, "second", 0)]);
  return { order: seen, said };
}

it("whoever moves a client waits for whoever moves it already, and says for whom", async () => {
  const { order: seen, said } = await order("client-1");
  expect(seen).toEqual(["first begins", "first ends", "second begins", "second ends"]);
  expect(said).toEqual([
    `client-1: waiting for the process ${process.pid}, which moves it between networks, or looks at it where it is`,
  ]);
});

it("moves of different clients go on side by side", async () => {
  const { order: seen, said } = await order("client-2");
  expect(seen.indexOf("second ends")).toBeLessThan(seen.indexOf("first ends"));
  expect(said).toEqual([]);
});

it("whoever looks at clients where they are waits for whoever moves one of them, and is not moved meanwhile", async () => {
  const seen: string[] = [];
  const context = { signal: new AbortController().signal, progress: () => undefined };
  const step = (label: string) => async () => {
    seen.push(`${label} begins`);
    await delay(300);
    seen.push(`${label} ends`);
  };
  const first = movingAlone(lab, clientCalled("client-2"), context, step("a move"));
  const look = stayingPut(lab, lab.clients, context, step("a look"));
  await first;
  await delay(250);
  await Promise.all([look, movingAlone(lab, clientCalled("client-1"), context, step("another move"))]);
  expect(seen).toEqual([
    ...["a move begins", "a move ends", "a look begins", "a look ends"],
    ...["another move begins", "another move ends"],
  ]);
});

it("what has come in the way while it waited is told before anybody is moved", async () => {
  const context = {
    signal: new AbortController().signal,
    progress: () => undefined,
    beforehand: () => {
      throw new Error("Stack lab is in use");
    },
  };
  const work = jest.fn();
  await expect(movingAlone(lab, clientCalled("client-1"), context, work)).rejects.toThrow("Stack lab is in use");
  expect(work).not.toHaveBeenCalled();
});

it("who brings all clients home waits until nobody visits networks with one of them, and says who does", async () => {
  const said: string[] = [];
  const context = { signal: new AbortController().signal, progress: (line: string) => said.push(line) };
  let isOver = false;
  const visit = movingAlone(lab, clientCalled("client-1"), context, async () => {
    await delay(300);
    isOver = true;
  });
  await whenNobodyVisits(stack, context);
  expect(isOver).toBe(true);
  expect(said).toEqual([
    expect.stringContaining(`Stack ${stack}: waiting for the process ${process.pid}, which visits`),
  ]);
  await visit;
  await whenNobodyVisits(`${stack}-nowhere`, context);
  expect(said).toHaveLength(1);
});
