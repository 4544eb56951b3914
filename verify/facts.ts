/** Asks machines for facts: each question is a program of the folder `probes`, sent over SSH. */
import { EventEmitter, once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { messageOf } from "../host/messages";
import type { SshConnection } from "../ssh";
import { isOfAnswers, pathFaults } from "../plan/path-faults";
import { services } from "../services";
import { faultyAnswers } from "../services/faulty-resolver";
import { type FaultSwitch, noteOf } from "../services/path-faults";
import type { LabAccess } from "./access";
import { rootCommand, scriptCommand } from "../ssh/shell";
import { clientPatience, readClientFacts, readFetch, readNetworkFacts } from "./client-facts";
import {
  isTold,
  readCounters,
  readGatewayFacts,
  readSessions,
  readTranslations,
  readUnits,
  type SessionFact,
  unitsDown,
} from "./gateway-facts";
import { type FaultOn, readFaultsOn, switchingOn } from "./path-faults";
import { Heard } from "./questions";
import { parseSections, section, type Sections } from "./sections";

/** Seconds for one question. A machine that takes longer hangs: even an emulated one under load needs a tenth. */
const patience = 60;

/** A machine, and what ends the wait for it. */
export interface Asked {
  readonly connection: SshConnection;
  readonly signal: AbortSignal;
}

/** How the gateway is, and what its firewall has counted before that was asked. */
export async function gatewayFacts(gateway: Asked, { promised }: Pick<LabAccess, "promised">) {
  const cards = promised.networks.map(({ card }) => card);
  const stdin = [cards.join(" "), ...services.flatMap(({ unit }) => unit ?? [])];
  const sections = await run(gateway, "gateway.sh", { root: true, stdin, behind: [faultsOnScript] });
  return {
    facts: readGatewayFacts(sections, Date.now()),
    counters: readCounters(sections),
    faultsOn: readFaultsOn(sections),
  };
}

/** What the gateway translates, and what its firewall has counted. */
export async function translations(gateway: Asked) {
  const sections = await run(gateway, "translations.sh", { root: true, behind: [sessionsScript] });
  return { translations: readTranslations(sections), counters: readCounters(sections) };
}

/** What the gateway knows of a program that has just ended on a client. */
export interface AfterRun {
  readonly sessions: readonly SessionFact[];
  readonly faultsOn: readonly FaultOn[];
  /** In what it was not as it should be. */
  readonly gatewayLacks: readonly string[];
}

/** To be asked later. */
export interface Standby<T> {
  /** Asks now. */
  readonly ask: () => Promise<T>;
  /** Lets go of it, asked or not. */
  readonly end: () => void;
}

/**
 * Has root's shell there before the program ends, which takes an emulated gateway half a second.
 * @param translates false: nobody has sessions.
 * @param units systemd's, which run there.
 */
export function afterRun(
  { connection, signal }: Asked,
  translates: boolean,
  units: readonly string[],
): Standby<AfterRun> {
  const [asked, over] = [new EventEmitter(), new AbortController()];
  const words = [...(translates ? ["translates"] : []), ...units];
  const when = once(asked, "now", { signal: over.signal }).then(() => undefined);
  const gateway = { connection, signal: AbortSignal.any([signal, over.signal]) };
  const told = run(gateway, "after-run.sh", { root: true, words, behind: [sessionsScript, faultsOnScript], when });
  // Nobody may be there any more when one of them fails.
  for (const each of [when, told]) each.catch(() => undefined);
  return {
    ask: async () => {
      asked.emit("now");
      const sections = await told;
      // Nothing is told of units that all run.
      const down = sections.has("units") ? unitsDown(units, readUnits(section(sections, "units").output)) : [];
      const silent = translates && !isTold(sections, "sessions") ? ["its translator does not tell its sessions"] : [];
      return {
        sessions: translates ? readSessions(sections) : [],
        faultsOn: readFaultsOn(sections),
        gatewayLacks: [...down.map(({ words }) => words), ...silent],
      };
    },
    end: () => {
      over.abort();
    },
  };
}

const sessionsScript = "sessions.sh";
const faultsOnScript = "faults-on.sh";

/** Which faults of clients' ways are on. */
export async function faultsOn(gateway: Asked): Promise<readonly FaultOn[]> {
  return readFaultsOn(await run(gateway, "path-faults.sh", { root: true, words: ["look"], behind: [faultsOnScript] }));
}

/**
 * Switches such a fault on.
 * @returns which are on now.
 * @throws Error with what nft, tc or systemd said.
 */
export async function switchFaultOn(
  gateway: Asked,
  each: FaultSwitch,
  promised: LabAccess["promised"],
): Promise<readonly FaultOn[]> {
  const resolver = isOfAnswers(each.fault.effect) ? faultyResolver() : "";
  return switchFaults(gateway, ["on", noteOf(each)], switchingOn(each, promised, resolver));
}

/** The program of the faulty resolver. */
export function faultyResolver(): string {
  return `${probe("faulty_resolver.py")}\n\nmain(${JSON.stringify(faultyAnswers(pathFaults))})\n`;
}

/**
 * Switches faults off, or what else the probe is told.
 * @param words the probe's.
 * @returns which are on now.
 * @throws Error with what nft or tc said.
 */
export async function switchFaults(gateway: Asked, words: readonly string[], stdin = ""): Promise<readonly FaultOn[]> {
  const lines = stdin === "" ? [] : stdin.trimEnd().split("\n");
  const sections = await run(gateway, "path-faults.sh", { root: true, words, stdin: lines, behind: [faultsOnScript] });
  const { exitCode, output } = section(sections, "switched");
  if (exitCode !== 0) throw new Error(`The gateway did not switch it: ${output}`);
  return readFaultsOn(sections);
}

export interface Content {
  /** Undefined: from the client's package mirror. */
  readonly url: string | undefined;
  /** Seconds to wait for the content, where it is expected: it is tried twice at least. 0: once. */
  readonly wait: number;
  /** Where to fetch it from, whatever the resolver says. */
  readonly from?: string;
}

export async function fetchContent(client: Asked, { url, wait, from }: Content) {
  const stdin = [url ?? "", String(wait), from ?? ""];
  return readFetch(await run(client, "fetch.sh", { stdin, timeout: patience + wait }));
}

/** What it has of its network, told at once: nobody else is asked. */
export async function networkFacts(client: Asked) {
  return readNetworkFacts(await run(client, "client.sh", {}));
}

export interface FactsSubject {
  /** An address inside the NAT64 prefix. */
  readonly translated: string;
  /** Other addresses to which the client would send something. */
  readonly others: readonly string[];
  /** Of the content. */
  readonly host: string;
}

export async function clientFacts(client: Asked, { translated, others, host }: FactsSubject) {
  const stdin = [translated, others.join(" "), host, "ipv4only.arpa"];
  // It asks four, one after the other, who may be silent.
  const options = { words: [String(clientPatience)], stdin, timeout: patience + 4 * clientPatience };
  return readClientFacts(await run(client, "client.sh", options), Date.now());
}

export function listen(asked: Asked, instructions: readonly string[]): Promise<Heard> {
  return python(asked, "wire.py", [instructions.join("\n")], "sudo -n");
}

/** Runs a probe in Python with arguments for its main(), under another command where one is given. */
export async function python(
  { connection, signal }: Asked,
  name: string,
  args: readonly unknown[],
  under = "",
): Promise<Heard> {
  // JSON of plain ASCII, without true, false and null, is Python too.
  const stdin = `${probe(name)}\n\nmain(${args.map((each) => JSON.stringify(each)).join(", ")})\n`;
  const command = `${under} python3 -I -S -`.trimStart();
  try {
    const { code, stdout, stderr } = await connection.exec(command, { stdin, signal, timeout: patience });
    if (code !== 0) throw new Error(stderr.trim().split("\n").at(-1));
    return new Heard(stdout);
  } catch (error) {
    throw new Error(`${name} told nothing: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether an IPv4 host answers one of the gateway's own pings. Some user-mode uplinks answer with something else. */
export async function pingFromGateway({ connection, signal }: Asked, ipv4: string): Promise<boolean> {
  const command = `ping -n -c 3 -i 0.5 -w 2 ${ipv4}`;
  const { code, stdout } = await connection.exec(command, { signal, timeout: patience });
  return code === 0 && !stdout.includes("wrong data byte");
}

/** Faults tried at once, by one program: nearly all of a fault's time is waiting. */
const faultsAtOnce = 24;

/** @param seconds that each may take: a slow name server's answers, which come one after the other, need five. */
export async function tryFaults(client: Asked, faults: LabAccess["promised"]["faults"], seconds = 15) {
  const lines = faults.map(({ name, url, proxy }) => [name, url, proxy].filter((word) => word !== undefined).join(" "));
  const stdin = [String(faultsAtOnce), String(seconds), ...lines];
  const timeout = patience + Math.ceil(faults.length / faultsAtOnce) * seconds;
  return run(client, "faults.sh", { stdin, timeout });
}

/** @returns the sections `ran`, whose output is the seconds that it took, and `own`, whose output is in base64. */
export async function runOwn(client: Asked, words: string, timeout: number): Promise<Sections> {
  return run(client, "own.sh", { stdin: [String(timeout), words], timeout: patience + timeout });
}

interface RunOptions {
  readonly root?: boolean;
  readonly stdin?: readonly string[];
  /** The probe's arguments. */
  readonly words?: readonly string[];
  readonly timeout?: number;
  /** Files of functions that the probe uses. */
  readonly behind?: readonly string[];
  /** It is told its script, and has its time, from then on. */
  readonly when?: Promise<void>;
}

async function run({ connection, signal }: Asked, name: string, options: RunOptions): Promise<Sections> {
  const { root = false, stdin = [], words = [], timeout = patience, behind = [], when } = options;
  const script = ["common.sh", ...behind, name].map(probe).join("");
  const command = root ? rootCommand(script, ...words) : scriptCommand(script, ...words);
  const input = [script, ...stdin.map((line) => `${line}\n`)].join("");
  try {
    return parseSections((await connection.exec(command, { stdin: input, signal, timeout, when })).stdout);
  } catch (error) {
    throw new Error(`${name} told nothing: ${messageOf(error)}`, { cause: error });
  }
}

function probe(name: string): string {
  return fs.readFileSync(path.join(__dirname, "probes", name), "utf8");
}
