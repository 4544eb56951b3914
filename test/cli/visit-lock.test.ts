import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { movingAlone } from "../../cli/visit-lock";
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
  expect(said).toEqual([`client-1: waiting for the process ${process.pid}, which moves it between networks`]);
});

it("moves of different clients go on side by side", async () => {
  const { order: seen, said } = await order("client-2");
  expect(seen.indexOf("second ends")).toBeLessThan(seen.indexOf("first ends"));
  expect(said).toEqual([]);
});
