/** A client visits networks of its lab, one after the other, is looked at on each, and goes home. */
import { messageOf, UserError } from "../host/messages";
import { awayLines, type ClientAccess, command, type LabAccess, type PromisedNetwork } from "../verify/access";
import { judgeArrival } from "../verify/arrival";
import { connectGateway, onClient } from "../verify/connect";
import { faultChecks, type FaultColumnSeen, type FaultResult, faultResults } from "../verify/faults";
import { isStrict, judgeLeaks, overhear } from "../verify/leaks";
import { ownResults } from "../verify/own";
import { keptLeaks, type KeptPackets, packetsOf, rowKey, type RowPackets } from "../verify/packets";
import { type CheckResult, makeReport, type Report } from "../verify/report";
import { verifyLab } from "../verify/runner";
import { translationChecks } from "../verify/translation";
import { joinNetwork } from "./join";
import { type LockContext, movingAlone, othersStayingPut } from "./visit-lock";

export interface TourContext extends LockContext {
  /** Keeps packets beside the evidence of what is not as expected: of ways into the simulated internet, and of leaks. */
  readonly keepsPackets?: boolean;
  /** Seconds that each look goes on while not all is as it should be; 10. */
  readonly wait?: number;
  /** Called where checks failed, with the client still there; the tour goes on when it returns. */
  readonly onFailure?: (network: PromisedNetwork, failed: readonly CheckResult[]) => Promise<void>;
}

/**
 * The networks of `--network`: names with commas between them, or `all`.
 * @throws UserError with the names that there are.
 */
export function chosenNetworks({ promised }: LabAccess, words: string): readonly PromisedNetwork[] {
  const { networks } = promised;
  if (words === "all") return networks;
  const names = words.split(",").map((name) => name.trim());
  const unknown = names.filter((name) => !networks.some((network) => network.name === name));
  if (unknown.length > 0) {
    const known = networks.map(({ name }) => name).join(", ");
    throw new UserError(`No network is called ${unknown.join(", ") || '""'}. There are: ${known}; or all.`);
  }
  return networks.filter(({ name }) => names.includes(name));
}

/**
 * The client joins each network, and something is done there. Whatever happens on the way, it ends where it began. Nobody
 * else moves it meanwhile, but a `pulumi up` that is not `npm run up`.
 * @param work is given the lab with the client where it is then, and how the client has come there.
 * @returns also what went wrong on the way, an interruption too.
 */
export function visiting<T>(
  access: LabAccess,
  client: ClientAccess,
  networks: Iterable<PromisedNetwork>,
  context: LockContext,
  work: Visit<T>,
): Promise<Visits<T>> {
  return movingAlone(access, client, context, (now, here) => visitEach(now, here, networks, context, work));
}

export interface Visits<T> {
  /** What was done on each network, as far as it came to an end. */
  readonly done: readonly T[];
  /** Undefined: nothing went wrong. */
  readonly broken?: Broken;
}

export interface Broken {
  /** On the way to which network, or there; absent: on the way home. */
  readonly at?: PromisedNetwork;
  readonly error: unknown;
  /** Why the client is not home again, and what brings it home; absent: it is. */
  readonly notHome?: UserError;
}

/** How a client came to a network. */
interface Coming {
  /** False: it was there already, and nobody looked what it has. */
  readonly joined: boolean;
  /** What it still lacks of the network; nothing, too, where nobody looked. */
  readonly lacks: readonly string[];
}

type Visit<T> = (moved: LabAccess, network: PromisedNetwork, coming: Coming) => Promise<T>;

async function visitEach<T>(
  access: LabAccess,
  client: ClientAccess,
  networks: Iterable<PromisedNetwork>,
  context: LockContext,
  work: Visit<T>,
): Promise<Visits<T>> {
  const done: T[] = [];
  for (const line of awayLines({ ...access, clients: [client] }))
    context.progress(`${line} It comes back to ${client.network} after this.`);
  const isHome = ({ name }: PromisedNetwork): boolean => name === client.network;
  let at = client;
  // A join that is cut off may have come about or not, on the way out and on the way home.
  let away: ClientAccess | undefined;
  let broken: Broken | undefined;
  for (const network of networks) {
    const before = at;
    at = { ...at, network: network.name };
    if (!isHome(network)) away = at;
    try {
      const joined = before.network !== network.name;
      const lacks = joined ? await arrive(access, before, network, context) : [];
      if (isHome(network)) away = undefined;
      const clients = access.clients.map((each) => (each.name === at.name ? at : each));
      done.push(await work({ ...access, clients }, network, { joined, lacks }));
    } catch (error) {
      broken = { at: network, error };
      break;
    }
  }
  const notHome = away === undefined ? undefined : await goHome(access, away, client, context);
  // What was cut off by it tells something else at times.
  if (context.signal.aborted && broken !== undefined) broken = { ...broken, error: context.signal.reason };
  if (notHome !== undefined) broken = { error: notHome, ...broken, notHome };
  return { done, ...(broken === undefined ? {} : { broken }) };
}

/** For who can do nothing with what was done until then. */
export function brokenError({ error, notHome }: Broken): unknown {
  if (notHome === undefined || notHome === error) return error;
  return new UserError(`${notHome.message} What went wrong first: ${messageOf(error)}`);
}

/** A client that lacks something may still be looked at, but nobody may take what it does for the network's doing. */
async function arrive(
  access: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  context: LockContext,
): Promise<readonly string[]> {
  const { lacks } = await joinNetwork(access, client, network, context);
  if (lacks.length > 0) context.progress(`${client.name} is on ${network.name}, and still lacks ${lacks.join("; ")}`);
  return lacks;
}

/** What was seen on the way: every check, and the faults of the simulated internet as a grid. */
export interface Tour {
  readonly report: Report;
  readonly grid: readonly FaultColumnSeen[];
  readonly packets: RowPackets;
}

/** Looks from each network. */
export async function tour(
  access: LabAccess,
  client: ClientAccess,
  networks: readonly PromisedNetwork[],
  context: TourContext,
): Promise<Tour> {
  const visited = await visiting(access, client, networks, context, async (moved, network, coming) => {
    const { joined, lacks } = coming;
    const there = { ...client, network: network.name };
    const machine = `${client.name} @ ${network.name}`;
    const { signal, progress } = context;
    const options = { wait: context.wait ?? 10, signal, progress, only: [client.name] };
    const { results: seen, faultsOn } = await othersStayingPut(moved, client, (now, onTheMove) =>
      verifyLab(now, { ...options, onTheMove }),
    );
    const { own, translation, results, leaks, packets } = await watched(moved, there, network, context, async () => ({
      own: await ownResults(moved, there, machine, { wait: 0, signal, progress }),
      ...(await insideInternet(moved, there, network, context)),
    }));
    const faultRows = faultChecks(access, client.name, network.name, results);
    const rows = [
      // One that was there already has come to no network.
      ...(joined ? [judgeArrival(access, there, network, lacks)] : []),
      ...seen.map((each) => (each.machine === client.name ? { ...each, machine } : each)),
      ...[...translation, ...leaks.rows, ...own, ...faultRows],
    ];
    const kept = faultRows.flatMap((row) => {
      const found = packets.get(row.fault ?? "");
      return found === undefined ? [] : [[rowKey(row), found] as const];
    });
    const failed = rows.filter(({ status }) => status === "fail");
    if (failed.length > 0) await context.onFailure?.(network, failed);
    return { network, rows, faultsOn, results, kept: [...kept, ...leaks.kept] };
  });
  const { done: visits, broken } = visited;
  if (broken !== undefined && context.signal.aborted) throw brokenError(broken);
  // The gateway is the same from everywhere: what is right of it is told once.
  const rows = visits.flatMap(({ rows: all }, index) =>
    all.filter(({ network, status }) => index === 0 || network !== undefined || status === "fail"),
  );
  const faultsOn = visits.find((visit) => visit.faultsOn !== undefined)?.faultsOn;
  const unseen = broken === undefined ? [] : unvisited(access, client, networks.slice(visits.length), broken);
  const report = makeReport(`${access.promised.project}/${access.promised.stack}`, [...rows, ...unseen], []);
  const packets = new Map(visits.flatMap(({ kept }) => kept));
  return { report: { ...report, ...(faultsOn === undefined ? {} : { faultsOn }) }, grid: visits, packets };
}

/** What a tour that did not come to its end says of the networks that are missing, and of a client that is not home. */
function unvisited(
  { promised }: LabAccess,
  { name }: ClientAccess,
  missing: readonly PromisedNetwork[],
  { at, error, notHome }: Broken,
): CheckResult[] {
  const place = (network: PromisedNetwork) => ({
    machine: `${name} @ ${network.name}`,
    network: network.name,
    check: "it was looked at there to the end",
    unasked: true as const,
  });
  const rows = missing.map((network): CheckResult => {
    if (network !== at) {
      const evidence = `it has not come here: the tour ended ${at === undefined ? "before" : `on ${at.name}`}`;
      return { ...place(network), status: "skipped", evidence };
    }
    const remedy = `Is it running, and who else moves it? ${command(promised, "status")} tells.`;
    return { ...place(network), status: "fail", evidence: messageOf(error), remedy };
  });
  if (notHome === undefined) return rows;
  const check = "it is home again after the tour";
  const remedy = `${command(promised, "up")} brings it home.`;
  return [...rows, { machine: name, check, status: "fail", evidence: notHome.message, remedy, unasked: true }];
}

interface Leaks {
  readonly rows: readonly CheckResult[];
  readonly kept: readonly (readonly [string, KeptPackets])[];
}

type Tried = InsideInternet & { readonly own: readonly CheckResult[] };

/** Where there is to be no IPv4 by any way, what leaves the client is listened to while it tries everything. */
async function watched(
  moved: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  { signal, keepsPackets = false }: TourContext,
  work: () => Promise<Tried>,
): Promise<Tried & { readonly leaks: Leaks }> {
  if (!isStrict(network)) return { ...(await work()), leaks: { rows: [], kept: [] } };
  const gateway = await connectGateway(moved, { wait: 0, signal });
  try {
    const { result, heard } = await overhear(moved, client, network, { gateway, signal }, async () => {
      const tried = await work();
      const count = tried.own.length + tried.results.length;
      return { result: tried, meanwhile: count === 0 ? undefined : `${count} programs tried to get somewhere` };
    });
    const rows = judgeLeaks(`${client.name} @ ${network.name}`, { lab: moved, access: client, heard }, network.name);
    const frames = typeof heard === "string" || !keepsPackets ? undefined : heard.kept;
    const kept = rows.flatMap((row) =>
      frames === undefined || row.status !== "fail" ? [] : [[rowKey(row), keptLeaks(frames)] as const],
    );
    return { ...result, leaks: { rows, kept } };
  } finally {
    gateway.close();
  }
}

interface InsideInternet {
  readonly translation: readonly CheckResult[];
  readonly results: readonly FaultResult[];
  /** By the fault's name. */
  readonly packets: ReadonlyMap<string, KeptPackets>;
}

/** What only servers can show that do as they are told. */
async function insideInternet(
  moved: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  { signal, progress, keepsPackets = false }: TourContext,
): Promise<InsideInternet> {
  const { name } = client;
  const { faults } = moved.promised;
  if (faults.length === 0) return { translation: [], results: [], packets: new Map() };
  return onClient(moved, client, { wait: 0, signal }, async (connection, gateway) => {
    const asked = { client: { connection, signal }, gateway: { connection: gateway, signal } };
    if (network.translated) progress(`${name}: how ${network.name} translates`);
    const translation = await translationChecks(moved, network, `${name} @ ${network.name}`, asked);
    progress(`${name}: ${faults.length} ways into the simulated internet, faults among them, on ${network.name}`);
    const results = await faultResults(moved, client, asked.client);
    if (!keepsPackets) return { translation, results, packets: new Map() };
    const packets = await packetsOf(moved, client, results, { asked: asked.client, gateway }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        progress(`no packets are kept: ${messageOf(error)}`);
        return new Map<string, KeptPackets>();
      },
    );
    return { translation, results, packets };
  });
}

/**
 * Also after an interruption, whose signal must not stop it on the way.
 * @returns why it is not there, and what brings it there; undefined: it is.
 */
async function goHome(
  access: LabAccess,
  at: ClientAccess,
  home: ClientAccess,
  context: LockContext,
): Promise<UserError | undefined> {
  const network = access.promised.networks.find(({ name }) => name === home.network);
  if (network === undefined) return undefined;
  try {
    await joinNetwork(access, at, network, { ...context, signal: AbortSignal.timeout(150_000) });
    return undefined;
  } catch (error) {
    const up = command(access.promised, "up");
    return new UserError(`${home.name} is not back on ${home.network} (${messageOf(error)}). ${up} brings it home.`);
  }
}
