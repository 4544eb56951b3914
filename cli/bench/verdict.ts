/** The verdict against programs whose cause is known: a confusion matrix, never a test. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { record, type Reached, viewOf } from "../../exec";
import { makeRun } from "../../exec/run";
import { judge, type Verdict } from "../../exec/verdict";
import { UserError, say } from "../../host/messages";
import { cacheFolder } from "../../host/paths";
import { ipv4OnlyServer } from "../../plan/internet/hosts";
import type { ClientAccess, LabAccess, PromisedNetwork } from "../../verify/access";
import { onClient } from "../../verify/connect";
import { columnOf } from "../../verify/faults";
import { noStreams } from "../program-streams";
import { brokenError, visiting } from "../tour";
import { isRight, type Row } from "./confusion";
import { corpus, type Known, type Specimen } from "./corpus";
import { bringAlong, filesOf } from "./corpus-files";
import { keep, type Kept, readKept } from "./recordings";

interface Options {
  /** A part of the specimens' names; "" is all. */
  readonly only: string;
  readonly networks: readonly PromisedNetwork[];
  /** No run is begun later. */
  readonly minutes: number;
}

/**
 * The first client visits the networks. Runs are kept in a folder of the cache and only judged again when they are there:
 * what was interrupted goes on where it stopped. Remove the folder to begin anew.
 * @throws UserError for a lab without a client or a simulated internet.
 */
export async function benchVerdict(access: LabAccess, { only, networks, minutes }: Options): Promise<Row[]> {
  const [client] = access.clients;
  if (client === undefined || access.promised.faults.length === 0) {
    throw new UserError("This takes a lab with a client and a simulated internet, as the stack `scenarios` has it.");
  }
  const folder = join(cacheFolder(), "corpus", "runs", access.promised.stack);
  say(`Runs are kept in ${folder}.`);
  const specimens = corpus.filter(({ name }) => name.includes(only));
  const plans = (): Plan[] => networks.map((network) => planOf(access, client, network, specimens, folder));
  const open = plans().filter(({ trials }) => trials.some(({ kept }) => kept === undefined));
  if (open.length > 0) await makeRuns(access, client, open, folder, minutes);
  return plans().flatMap(({ network, trials }) =>
    trials.flatMap(({ specimen, expected, kept }) =>
      kept === undefined ? [] : [rowOf(network.name, specimen.name, expected, kept)],
    ),
  );
}

function planOf(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  specimens: readonly Specimen[],
  folder: string,
): Plan {
  const there = { ...client, network: network.name };
  const trials = specimens.flatMap((specimen): Trial[] => {
    const expected = specimen.expected[columnOf(there, network)];
    if (expected === undefined) return [];
    const words = commandOf(specimen);
    const kept = readKept(folder, network.name, specimen.name);
    const { request } = kept?.recording ?? {};
    const same =
      isDeepStrictEqual(request?.network, viewOf(access, there)) && isDeepStrictEqual(request?.command, words);
    return [{ specimen, expected, words, kept: same ? kept : undefined }];
  });
  return { network, trials };
}

/** Those that are not there yet, network by network. */
async function makeRuns(
  access: LabAccess,
  client: ClientAccess,
  open: readonly Plan[],
  folder: string,
  minutes: number,
): Promise<void> {
  const deadline = performance.now() + minutes * 60_000;
  const late = (): boolean => performance.now() > deadline;
  const context = { signal: new AbortController().signal, progress: say };
  const specimens = open.flatMap(({ trials }) => trials.map(({ specimen }) => specimen));
  await onClient(access, client, { wait: 0, ...context }, (connection) => bringAlong(connection, specimens));
  const { broken } = await visiting(access, client, inTime(open, late), context, async (moved, network, { lacks }) => {
    const here = { ...client, network: network.name };
    const trials = open.find((each) => each.network === network)?.trials ?? [];
    await onClient(moved, here, { wait: 0, ...context }, async (connection, gateway) => {
      for (const { specimen, words, kept, expected } of trials) {
        if (kept !== undefined || late()) continue;
        const now = await tryOut({ access: moved, client: here, connection, gateway }, specimen, words, lacks);
        keep(folder, network.name, specimen.name, now);
        const row = rowOf(network.name, specimen.name, expected, now);
        say(`  ${isRight(row) ? "right" : "WRONG"}  ${row.name}: ${row.told}  (${row.seconds.toFixed(1)} s)`);
      }
    });
  });
  if (broken !== undefined) throw brokenError(broken);
}

/** Nobody joins a network for which there is no time left. */
function* inTime(open: readonly Plan[], late: () => boolean): Generator<PromisedNetwork> {
  for (const { network } of open) if (!late()) yield network;
}

interface Plan {
  readonly network: PromisedNetwork;
  readonly trials: readonly Trial[];
}

interface Trial {
  readonly specimen: Specimen;
  readonly expected: Known;
  readonly words: readonly string[];
  /** The same was run before. */
  readonly kept: Kept | undefined;
}

function rowOf(network: string, name: string, expected: Known, { recording, seconds }: Kept): Row {
  return { network, name, expected, told: told(judge(makeRun(recording))), seconds };
}

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? verdict.finding.cause : verdict.kind;
}

/** Seconds for a program that does not end by itself. */
const limit = 240;

async function tryOut(
  reached: Reached,
  { listen }: Specimen,
  command: readonly string[],
  lacks: readonly string[],
): Promise<Kept> {
  const started = performance.now();
  const { recording } = await record(reached, {
    ...{ command, lacks, listen, put: [], get: [], into: ".", timeout: limit, setuid: false, loopback4: true },
    streams: noStreams(),
    onSignal: () => () => undefined,
  });
  return { recording, seconds: (performance.now() - started) / 1000 };
}

function commandOf({ source, command }: Specimen): string[] {
  const values = { host: ipv4OnlyServer.name, ipv4: ipv4OnlyServer.a[0] ?? "", files: filesOf(source) };
  return command.map((word) => word.replace(/\{(host|ipv4|files)\}/g, (_, name: keyof typeof values) => values[name]));
}
