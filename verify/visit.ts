/** One client, seen from itself. */
import { embedIpv4, extractIpv4 } from "../plan/rfc6052";
import type { SshConnection } from "../ssh";
import type { ClientAccess, LabAccess } from "./access";
import { isAddressInPrefix } from "./addresses";
import { type ClientEvidence, unreachable } from "./checks";
import { type ClientFacts, readFetch } from "./client-facts";
import { connectClient, type ReachOptions, tryConnect } from "./connect";
import { askClient, reach } from "./facts";
import type { CheckResult } from "./report";
import type { Roll } from "./roll";
import { type Section, section } from "./sections";

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
  readonly gateway: SshConnection;
  /**
   * Clients whose path is known to work. Each one that comes pings some of those before it: every pair is seen once
   * (an echo goes both ways), and nobody is called silent who has not booted yet.
   */
  readonly online: ClientAccess[];
  /** Clients whose sessions Jool may not have yet. */
  readonly unfetched: Roll;
}

/**
 * Seconds from a client's login to its first byte. The gateway works by then: what does not come in this time does not
 * come, and the checks say better than a longer wait what is wrong.
 */
const pathPatience = 90;

/** Seconds to wait for an echo that is expected: an emulated machine under load takes its time. */
const pingPatience = 5;

/** Seconds for a first ping through the uplink: most of those that get no answer by then never will. */
const hastyPing = 1;

export async function visitClient(
  access: LabAccess,
  client: ClientAccess,
  neighbourhood: Neighbourhood,
  options: VisitOptions,
): Promise<Visit> {
  const connected = await tryConnect(options.signal, () =>
    connectClient(access, client, neighbourhood.gateway, options),
  );
  if (!connected.ok) {
    const { name, address, console } = client;
    return { ok: false, failure: unreachable(name, `${address} through the gateway`, console, connected.why) };
  }
  const { connection } = connected;
  try {
    options.progress?.(`${client.name}: logged in, waiting for IPv4 content through NAT64`);
    const { evidence, firstByteAt } = await gather(access, client, connection, neighbourhood, options);
    options.progress?.(`${client.name}: ${evidence.fetch.said}`);
    return { ok: true, evidence, firstByteAt };
  } finally {
    connection.close();
  }
}

async function gather(
  access: LabAccess,
  client: ClientAccess,
  connection: SshConnection,
  { gateway, online, unfetched }: Neighbourhood,
  { wait, signal }: VisitOptions,
): Promise<{ evidence: ClientVisit; firstByteAt: Date | undefined }> {
  const path: Path = { connection, gateway, prefix: access.promised.nat64.prefix, signal };
  const neighbours = [
    { name: access.gateway.name, address: access.promised.lan.gatewayAddress },
    ...online.slice(-3).map(({ name, address }) => ({ name, address })),
  ];
  let firstByteAt: Date | undefined;
  let uplinkPing: UplinkPing = Promise.resolve(undefined);
  const { facts, sections } = await askClient(
    connection,
    {
      url: access.promised.verify.url,
      wait: Math.min(wait, pathPatience),
      pings: neighbours.map(({ name, address }) => `neighbour-${name} ${address} ${pingPatience}`),
      // The rest takes seconds, in which the gateway can be asked.
      onFetch: ({ remote }) => {
        if (remote !== "") {
          firstByteAt = new Date();
          online.push(client);
        }
        if (isAddressInPrefix(remote, path.prefix)) {
          unfetched.crossOff(client.name);
          uplinkPing = pingFromGateway(path, extractIpv4(path.prefix, remote));
        }
      },
    },
    signal,
  );
  const evidence = {
    access: client,
    facts,
    neighbours: neighbours.map(({ name }) => ({ name, ping: section(sections, `neighbour-${name}`) })),
    ...(isAddressInPrefix(facts.fetch.remote, path.prefix)
      ? {
          fetch: facts.fetch,
          ...(await judgePing(path, facts.fetch.remote, section(sections, "ping-remote"), await uplinkPing)),
        }
      : await fetchThroughNat64(path, facts)),
  };
  return { evidence, firstByteAt };
}

interface Path {
  readonly connection: SshConnection;
  readonly gateway: SshConnection;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/** What went through NAT64. */
type Translated = Pick<ClientEvidence, "fetch" | "ping" | "uplinkPing">;

/** Undefined where the gateway could not be asked. */
type UplinkPing = Promise<Section | undefined>;

/** Gives a ping that was lost a second chance where the uplink is known to carry echoes. */
async function judgePing(
  { connection, signal }: Path,
  address: string,
  first: Section,
  uplinkPing: Section | undefined,
): Promise<Omit<Translated, "fetch">> {
  if (first.exitCode === 0 || uplinkPing?.exitCode !== 0) {
    return { ping: first, uplinkPing };
  }
  const again = await reach(connection, [`ping ping ${address} ${pingPatience}`], signal);
  return { ping: section(again, "ping"), uplinkPing };
}

/** Where the content came natively: the same once more, from an address inside pool6. */
async function fetchThroughNat64(path: Path, { a: [ipv4], url, fetch }: ClientFacts): Promise<Translated> {
  if (ipv4 === undefined || !fetch.ok) {
    return { fetch, ping: undefined, uplinkPing: undefined };
  }
  const ipv6 = embedIpv4(path.prefix, ipv4);
  const [sections, uplinkPing] = await Promise.all([
    reach(path.connection, [`fetch fetch ${ipv6} ${url}`, `ping ping ${ipv6} ${hastyPing}`], path.signal),
    pingFromGateway(path, ipv4),
  ]);
  return {
    fetch: readFetch(sections, "fetch"),
    ...(await judgePing(path, ipv6, section(sections, "ping"), uplinkPing)),
  };
}

/** Tells whether NAT64 or the uplink loses an echo. */
async function pingFromGateway({ gateway, signal }: Path, ipv4: string): UplinkPing {
  try {
    return (await reach(gateway, [`uplink ping ${ipv4} ${hastyPing}`], signal)).get("uplink");
  } catch {
    return undefined;
  }
}
