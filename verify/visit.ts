/** One client, seen from itself. */
import { randomInt } from "node:crypto";
import { embedIpv4, extractIpv4 } from "../plan/rfc6052";
import {
  type ClientAccess,
  command,
  hostOf,
  type LabAccess,
  nativeIpv4,
  networkOf,
  runsClat,
  whyNoPings,
  wayToIpv4Content,
  type WayToIpv4Content,
} from "./access";
import { isAddressInPrefix } from "./addresses";
import { tryBindings } from "./bindings";
import type { ClientEvidence } from "./checks/evidence";
import type { FetchFact } from "./client-facts";
import { connectClient, type ReachOptions, tryConnect } from "./connect";
import { type Asked, clientFacts, fetchContent, listen, pingFromGateway } from "./facts";
import { neighboursOf, peersOf } from "./peers";
import { addressQuestions, clatInstructions, clientInstructions, patientEcho, resolverOf } from "./questions";
import { type CheckResult, unreachable } from "./report";
import { silence } from "./silence";

export interface VisitOptions extends ReachOptions {
  /** Called with one line each time something is known. */
  readonly progress?: (line: string) => void;
}

export type Visit =
  | { readonly ok: true; readonly evidence: ClientVisit; readonly firstByteAt: Date | undefined }
  | { readonly ok: false; readonly failure: CheckResult };

/** What is seen from the client; what the gateway translated is asked once, for all. */
export type ClientVisit = Omit<ClientEvidence, "sessions">;

/** Who can be talked to already. */
export interface Neighbourhood {
  readonly gateway: Asked;
  /**
   * Clients whose path is known to work. Each one that comes pings some of those before it: every pair is seen once
   * (an echo goes both ways), and nobody is called silent who has not booted yet.
   */
  readonly online: ClientAccess[];
  /** Clients that can be logged in to and have tried, whatever came of it: those on other networks try to reach them. */
  readonly came: ClientAccess[];
  /** Clients that nobody looks at now: they are where they are, and run. */
  readonly others: readonly ClientAccess[];
  /** When the firewall's counters have been read: only what is sent after it can be told from what was there. */
  readonly counted: Promise<unknown>;
}

/**
 * Seconds from a client's login to its first byte. The gateway works by then: what does not come in this time does not
 * come, and the checks say better than a longer wait what is wrong.
 */
const pathPatience = 90;

/** Where no time is given: what was lost once is asked for again. */
const leastWait = 1;

/** Addresses that are nowhere near; nothing is sent there. Two routes often stand for a default one, each for a half (VPNs). */
const elsewhere = ["2001:db8:ffff::1", "1.1.1.1", "203.0.113.1"];

const waiting: Readonly<Record<WayToIpv4Content, string>> = {
  name: "waiting for IPv4 content",
  prefix: "waiting for IPv4 content at an address inside the NAT64 prefix",
  none: "looking at a network without IPv4 content",
};

export async function visitClient(
  lab: LabAccess,
  client: ClientAccess,
  neighbourhood: Neighbourhood,
  options: VisitOptions,
): Promise<Visit> {
  const { name, console } = client;
  const { signal } = options;
  const connected = await tryConnect(signal, () =>
    connectClient(lab, client, neighbourhood.gateway.connection, options),
  );
  if (!connected.ok) {
    const at = `${hostOf(client, networkOf(lab, client))} through the gateway`;
    const failure = unreachable(name, at, console, connected.why, command(lab.promised, "up"));
    return { ok: false, failure: { ...failure, network: client.network } };
  }
  const { connection } = connected;
  try {
    options.progress?.(`${name}: logged in, ${waiting[wayToIpv4Content(client, networkOf(lab, client))]}`);
    return { ok: true, ...(await gather(lab, client, { connection, signal }, neighbourhood, options)) };
  } catch (error) {
    signal.throwIfAborted();
    const again = { wait: 0, signal, share: false };
    const dial = () => connectClient(lab, client, neighbourhood.gateway.connection, again);
    return { ok: false, failure: await silence(lab, client, error, dial) };
  } finally {
    connection.close();
  }
}

/** What is seen from a client that somebody is logged in to. */
export async function gather(
  lab: LabAccess,
  client: ClientAccess,
  asked: Asked,
  { gateway, online, came, others, counted }: Neighbourhood,
  { wait, progress }: VisitOptions,
): Promise<{ evidence: ClientVisit; firstByteAt: Date | undefined }> {
  const { nat64, verify } = lab.promised;
  const network = networkOf(lab, client);
  const way = wayToIpv4Content(client, network);
  const waitOf = (each: WayToIpv4Content): number =>
    way === each ? Math.max(leastWait, Math.min(wait, pathPatience)) : 0;
  // What must not come is waited for no longer than what may be late.
  const content = await fetchContent(asked, { url: verify.url, wait: waitOf("name") });
  const contentAt = new Date();
  await counted;
  const ipv4 = await contentIpv4(lab, client, asked, content);
  const fetch = await throughNat64(lab, asked, content, { ipv4, wait: waitOf("prefix") });
  const first = way === "prefix" ? { ...fetch, at: new Date() } : { ...content, at: contentAt };
  progress?.(`${client.name}: ${first.said}`);
  const firstByteAt = first.remote === "" ? undefined : first.at;
  // Not before its own path works: of those that come at the same time each pair is to be seen once.
  const neighbours = neighboursOf(lab, client, [...others, ...online]);
  if (firstByteAt !== undefined || way === "none") online.push(client);
  came.push(client);
  const translatesItself = runsClat(client, network);
  const expected = translatesItself || nativeIpv4(client, network) !== undefined;
  const byIpv4 =
    ipv4 === undefined || !(expected || !network.translated)
      ? undefined
      : await fetchContent(asked, { url: content.url, wait: expected ? leastWait : 0, from: ipv4 });
  const clat =
    ipv4 === undefined || !translatesItself
      ? undefined
      : await listen(asked, clatInstructions(ipv4, portOf(content.url)));
  const remote = network.translated && isAddressInPrefix(fetch.remote, nat64.prefix) ? fetch.remote : undefined;
  const port = randomInt(49_152, 65_536);
  const peers = peersOf(lab, client, [...others, ...came]);
  const subject = { client, host: new URL(content.url).hostname, remote, neighbours, peers, port };
  const [heard, facts, uplinkCarriesPings] = await Promise.all([
    listen(asked, clientInstructions(lab, subject)),
    clientFacts(asked, {
      translated: remote ?? embedIpv4(nat64.prefix, "192.0.0.170"),
      others: [...elsewhere, ...(ipv4 === undefined ? [] : [ipv4])],
      host: subject.host,
    }),
    remote === undefined
      ? undefined
      : pingFromGateway(gateway, extractIpv4(nat64.prefix, remote)).catch(() => undefined),
  ]);
  const bindings = await tryBindings(lab, client, { client: asked, gateway });
  const evidence = {
    ...{ lab, access: client, network, facts, content, fetch, byIpv4, clat, bindings, heard, port, uplinkCarriesPings },
    neighbours: neighbours.map(({ name }) => name),
    peers,
    pinged:
      heard.answered("through") ||
      (uplinkCarriesPings === true && whyNoPings(lab.promised) === undefined && (await pingAgain(asked, fetch.remote))),
  };
  return { evidence, firstByteAt };
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? ({ "http:": 80, "https:": 443 }[protocol] ?? 80) : Number(port);
}

/** The IPv4 address of the content's host, where it is needed. */
async function contentIpv4(
  lab: LabAccess,
  client: ClientAccess,
  asked: Asked,
  content: FetchFact,
): Promise<string | undefined> {
  const { prefix } = lab.promised.nat64;
  const network = networkOf(lab, client);
  if (network.ipv4 === undefined && content.ok && isAddressInPrefix(content.remote, prefix))
    return runsClat(client, network) ? extractIpv4(prefix, content.remote) : undefined;
  const heard = await listen(asked, addressQuestions(resolverOf(network), new URL(content.url).hostname, ["A"]));
  return heard.dns("host-a")?.addresses[0];
}

/** The content from an address inside pool6, if it did not come from there already. */
async function throughNat64(
  lab: LabAccess,
  asked: Asked,
  content: FetchFact,
  { ipv4, wait }: { readonly ipv4: string | undefined; readonly wait: number },
): Promise<FetchFact> {
  const { prefix } = lab.promised.nat64;
  if (ipv4 === undefined || (content.ok && isAddressInPrefix(content.remote, prefix))) return content;
  return fetchContent(asked, { url: content.url, wait, from: embedIpv4(prefix, ipv4) });
}

/** A second chance, with more time, where the uplink is known to carry echoes. */
async function pingAgain(asked: Asked, address: string): Promise<boolean> {
  return (await listen(asked, patientEcho(address))).answered("through");
}
