/** What somebody who captures both sides is shown, while it goes on and at its end. */
import type { SessionFact } from "../../verify/gateway-facts";
import { Watcher } from "../../verify/capture/watch";
import { own, tableRow } from "./fixtures";
import { clientMac, tcpFrame } from "./frames";

const pool = tableRow.ipv4.address;
const server = tableRow.server.address;

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

function watching(table: () => Promise<readonly SessionFact[]>, isOneSided = false) {
  const lines: string[] = [];
  const watcher = new Watcher({
    names: { ofMac: (mac) => (mac === clientMac ? "client-1" : undefined), nat64Prefix: "64:ff9b::/96" },
    isInside: isOneSided ? undefined : (card) => card === "lan",
    table,
    print: (line) => lines.push(line),
  });
  let at = 0n;
  /** Both legs of one packet, a millisecond between them. */
  const pass = (flags: number, sequence: number, isAnswer = false): void => {
    const ends = (client: string, far: string, fromPort: number) =>
      isAnswer
        ? { from: far, to: client, fromPort: 80, toPort: fromPort }
        : { from: client, to: far, fromPort, toPort: 80 };
    const inside = ["lan", tcpFrame(flags, sequence, 0, ends(own.client, own.server, 40000))] as const;
    const outside = ["uplink", tcpFrame(flags, sequence, 0, ends(pool, server, 61005))] as const;
    for (const [card, octets] of isAnswer ? [outside, inside] : [inside, outside])
      watcher.add(card, { at: (at += 1_000_000n), length: octets.length, octets });
  };
  return { lines, watcher, pass };
}

const cells = (line = ""): string[] => line.trim().split(/ {2,}/);

it("lines come while it goes on, and for each new session what Jool's table has of it, asked for once", async () => {
  const table = jest.fn(() => Promise.resolve([tableRow]));
  const { lines, watcher, pass } = watching(table);
  pass(0x02, 9);
  await jest.advanceTimersByTimeAsync(100);
  expect(lines).toEqual([]);
  await jest.advanceTimersByTimeAsync(1000);
  expect(lines.map((line) => line.replace(/^\d\d:\S+ {2}/, ""))).toEqual([
    `── session 1, TCP, client-1:  ${own.client}#40000 → ${own.server}#80  is  ${pool}#61005 → ${server}#80`,
    "1  lan 60 ─▶ uplink 40  SYN  +1.00 ms",
    "── session 1 in Jool's table: ESTABLISHED, expires in 02:00:00",
  ]);
  pass(0x10, 10);
  await jest.advanceTimersByTimeAsync(5000);
  expect(lines).toHaveLength(4);
  expect(table).toHaveBeenCalledTimes(1);
  await watcher.end();
});

it("its end shows what still waited, and a table of what was counted on each leg and way", async () => {
  const { lines, watcher, pass } = watching(() => Promise.resolve([tableRow]));
  pass(0x02, 9);
  pass(0x12, 30, true);
  pass(0x10, 10);
  await watcher.end();
  expect(watcher.packets).toBe(6);
  expect(lines.slice(0, 4).filter((line) => /lan 60 (─▶|◀─) uplink 40/.test(line))).toHaveLength(3);
  expect(cells(lines.at(-1)).slice(-3)).toEqual(["2/2", "1/1", "ESTABLISHED, expires in 02:00:00"]);
});

it("a table that cannot be asked is told as that, and not as one without the session", async () => {
  const { lines, watcher, pass } = watching(() => Promise.reject(new Error("the connection was lost")));
  pass(0x02, 9);
  await jest.advanceTimersByTimeAsync(1500);
  expect(lines.at(-1)).toBe("── session 1 in Jool's table: could not be asked");
  await watcher.end();
  expect(cells(lines.at(-1)).at(-1)).toBe("could not be asked");
});

it("one side alone is shown packet by packet, and has no table", async () => {
  const table = jest.fn(() => Promise.resolve([tableRow]));
  const { lines, watcher, pass } = watching(table, true);
  pass(0x02, 9);
  await watcher.end();
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`uplink  ${pool}#61005 → ${server}#80  TCP SYN`);
  expect(table).not.toHaveBeenCalled();
});

it("nothing is shown of a capture that was given up", async () => {
  const { lines, watcher, pass } = watching(() => Promise.resolve([tableRow]));
  pass(0x02, 9);
  watcher.close();
  await jest.advanceTimersByTimeAsync(5000);
  expect(lines).toEqual([]);
});
