/**
 * Commands that are killed (SIGKILL, so that nobody can clean up), and what the next command makes of it. Three fixed
 * moments; `npm run bench -- kills 20 [--seed 7]` takes random ones instead.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAlive, sendSignal, startMark } from "../../host/processes";
import { finish, type Outcome, projectFolder, Stack } from "./harness";
import { expectUnchanged, expectVerified, story } from "./story";

const victims = ["the command", "Pulumi", "a plugin", "everything"] as const;

interface Kill {
  /** `heal`: an `up` after the gateway was powered off. */
  readonly command: "up" | "heal" | "destroy";
  readonly moment: { readonly seconds: number } | { readonly machines: readonly string[] };
  readonly victim: (typeof victims)[number];
  readonly then: "up" | "destroy";
}

const fixed: readonly Kill[] = [
  { command: "up", moment: { machines: ["client-1", "gateway"] }, victim: "everything", then: "destroy" },
  { command: "up", moment: { machines: ["client-1", "gateway"] }, victim: "Pulumi", then: "up" },
  { command: "heal", moment: { machines: ["gateway"] }, victim: "everything", then: "up" },
];

const lab = new Stack("kills");
const step = story(lab);
// In prefixes of its own, with addresses by DHCPv6: another story's lab is up at the same time, and neither knows of the
// other.
lab.configure({
  lan: { prefix: "fd12:3456:789a:1::/64" },
  nat64: { prefix: "fd12:3456:789a:64::/64" },
  dhcpv6: { mode: "stateful" },
  clients: [{ name: "client-1", interfaceId: "::10" }],
});
const { IPV6LAB_KILLS: count, IPV6LAB_KILLS_SEED: seed } = process.env;
const kills = count === undefined ? fixed : randomKills(Number(count), Number(seed));

kills.forEach(({ command, moment, victim, then }, index) => {
  const when = "seconds" in moment ? `after ${moment.seconds} s` : `when ${moment.machines.join(" and ")} runs`;
  const sentence = `${index + 1}: ${command}, ${when} ${victim} is killed, then ${then}`;
  step(sentence, async () => {
    if (command === "heal") await powerOff("gateway");
    const own = await killed(command === "heal" ? "up" : command, moment, victim);
    const outcome = await obeyed(then);
    process.stderr.write(`    ${sentence}: ${outcome.seconds.toFixed(0)} s\n`);
    if (outcome.exitCode !== 0) throw new Error(`${outcome.stdout}\n${outcome.stderr}`);
    await expectEnd(own);
    if (then === "destroy") expectNothing();
    else {
      expect([...lab.machines().keys()].sort()).toEqual(["client-1", "gateway"]);
      await expectVerified(lab, /fd12:3456:789a:64:/);
      await expectUnchanged(lab);
    }
  });
});

step("destroy leaves nothing", async () => {
  await lab.succeed("destroy");
  expectNothing();
});

/** Starts a command and kills a part of it. @returns all of its processes but the machines. */
async function killed(command: string, moment: Kill["moment"], victim: Kill["victim"]): Promise<Process[]> {
  const child = lab.start(command);
  const ended = finish(child);
  const over = (): boolean => child.exitCode !== null;
  const until = "seconds" in moment ? Date.now() + moment.seconds * 1000 : Infinity;
  const wanted = "machines" in moment ? moment.machines : [];
  const there = (): boolean => wanted.length > 0 && wanted.every((name) => lab.machines().has(name));
  while (!over() && Date.now() < until && !there()) await delay(50);
  const own = descendants(child.pid ?? 0);
  const [cli, pulumi, ...plugins] = own;
  const chosen = { "the command": [cli], Pulumi: [pulumi], "a plugin": plugins.slice(0, 1), everything: own }[victim];
  for (const each of chosen) if (each !== undefined && !over()) sendSignal(each.pid, "SIGKILL");
  // What is killed alone leaves others that hold the output open.
  await Promise.race([ended, delay(2000)]);
  return own;
}

/** Runs a command; when it is refused because another one is at work, follows the remedy first. */
async function obeyed(command: string): Promise<Outcome> {
  const outcome = await lab.run(command);
  const remedy = /is in use: process \d+[\s\S]*kill -INT (\d+)/.exec(outcome.stderr)?.[1];
  if (remedy === undefined) return outcome;
  sendSignal(Number(remedy), "SIGINT");
  while (isAlive(Number(remedy))) await delay(100);
  return lab.run(command);
}

async function powerOff(machine: string): Promise<void> {
  const pid = lab.machines().get(machine);
  if (pid !== undefined) sendSignal(pid, "SIGKILL");
  while (lab.machines().has(machine)) await delay(50);
}

/** Nothing that was started lives on: a plugin whose engine was killed notices within a second and cleans up. */
async function expectEnd(processes: readonly Process[]): Promise<void> {
  const left = (): Process[] => processes.filter(({ pid, started }) => isAlive(pid) && startMark(pid) === started);
  for (const until = Date.now() + 15_000; left().length > 0 && Date.now() < until;) await delay(100);
  expect(left()).toEqual([]);
}

function expectNothing(): void {
  expect([...lab.machines()]).toEqual([]);
  const files = fs.readdirSync(path.join(projectFolder, ".lab"), { recursive: true, encoding: "utf8" });
  expect(files.filter((name) => name.includes(lab.name))).toEqual([]);
}

interface Process {
  readonly pid: number;
  readonly started: string;
}

/** A process and those that it has started, the virtual machines left out: parents first. */
function descendants(root: number): Process[] {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,comm="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , name = ""]) => !name.startsWith("qemu-system"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
  const found = [root];
  for (const pid of found) found.push(...rows.filter(({ parent }) => parent === pid).map((row) => row.pid));
  return found.map((pid) => ({ pid, started: startMark(pid) }));
}

/** The same seed gives the same commands, moments and victims. A lab is there after `up` only. */
function randomKills(number: number, start: number): Kill[] {
  let state = start >>> 0;
  const random = (limit: number): number => {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <T>(values: readonly T[]): T | undefined => values[random(values.length)];
  const made: Kill[] = [];
  while (made.length < number) {
    const command = made.at(-1)?.then === "up" ? (pick(["up", "heal", "destroy"] as const) ?? "up") : "up";
    const seconds = random(command === "destroy" ? 60 : 700) / 10;
    const [victim, then] = [pick(victims) ?? "everything", pick(["up", "destroy"] as const) ?? "up"];
    made.push({ command, moment: { seconds }, victim, then });
  }
  return made;
}
