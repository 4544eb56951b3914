import * as fs from "node:fs";
import * as path from "node:path";
import { embedIpv4 } from "../plan/rfc6052";
import type { SshConnection } from "../ssh";
import { shellQuote } from "../ssh/shell";
import { messageOf } from "../tools/messages";
import type { ClientAccess, LabAccess } from "./access";
import { isAddressInPrefix } from "./addresses";
import { checkClient, checkGateway, type ClientEvidence } from "./checks";
import { type ClientFacts, readClientFacts, readFetch } from "./client-facts";
import { connectClient, connectGateway } from "./connect";
import { type GatewayFacts, readGatewayFacts } from "./gateway-facts";
import { type CheckResult, makeReport, type Report } from "./report";
import { parseSections, type Section } from "./sections";

export interface VerifyOptions {
  /** Seconds to wait for each machine and for each client's path; 0: look once. */
  readonly wait: number;
  readonly signal: AbortSignal;
  /** Called with one line each time something is known. */
  readonly progress?: (line: string) => void;
  /** Names of the clients to look at; undefined: all. */
  readonly only?: readonly string[];
}

/**
 * Seconds from a client's login to its first byte. The gateway works by then: what does not come in this time does not
 * come, and the checks say better than a longer wait what is wrong.
 */
const pathPatience = 90;

/** Clients looked at side by side: each costs the gateway one SSH channel and one round of DNS and HTTP. */
const sideBySide = 4;

/** Looks at every client from the client, at the gateway from the gateway, and compares both with the plan. */
export async function verifyLab(access: LabAccess, options: VerifyOptions): Promise<Report> {
  const clients = access.clients.filter(({ name }) => options.only?.includes(name) ?? true);
  const lab = `${access.promised.project}/${access.promised.stack}`;
  const connected = await tryConnect(options, () => connectGateway(access, options));
  if (!connected.ok) {
    const { name, host, port, console } = access.gateway;
    return makeReport(lab, [unreachable(name, `${host}, port ${port}`, console, connected.why)], []);
  }
  const gateway = connected.connection;
  try {
    const online: ClientAccess[] = [];
    const visits = await mapLimited(clients, sideBySide, (client) =>
      visitClient(access, client, { gateway, online }, options),
    );
    // After all visits, so that every session that they made is in it.
    const facts = await gatewayFacts(gateway, options.signal);
    return makeReport(
      lab,
      [
        ...checkGateway(access, facts),
        ...visits.flatMap((visit) =>
          visit.ok ? checkClient(access, { ...visit.evidence, gateway: facts }) : [visit.failure],
        ),
      ],
      visits.flatMap((visit) => (visit.ok && visit.firstByteAt !== undefined ? [visit.firstByteAt] : [])),
    );
  } finally {
    gateway.close();
  }
}

export async function gatewayFacts(gateway: SshConnection, signal: AbortSignal): Promise<GatewayFacts> {
  const { stdout } = await gateway.exec("sudo -n bash -s", { stdin: script("gateway-facts.sh"), signal });
  return readGatewayFacts(parseSections(stdout));
}

type Visit =
  | { readonly ok: true; readonly evidence: ClientVisit; readonly firstByteAt: Date | undefined }
  | { readonly ok: false; readonly failure: CheckResult };

/** What is seen from the client; what the gateway saw of it is asked once, for all. */
type ClientVisit = Omit<ClientEvidence, "gateway">;

/** Who can be talked to already. */
interface Neighbourhood {
  readonly gateway: SshConnection;
  /**
   * Clients whose path is known to work. Each one that comes pings some of those before it: every pair is seen once
   * (an echo goes both ways), and nobody is called silent who has not booted yet.
   */
  readonly online: ClientAccess[];
}

async function visitClient(
  access: LabAccess,
  client: ClientAccess,
  neighbourhood: Neighbourhood,
  options: VerifyOptions,
): Promise<Visit> {
  const connected = await tryConnect(options, () => connectClient(access, client, neighbourhood.gateway, options));
  if (!connected.ok) {
    const { name, address, console } = client;
    return { ok: false, failure: unreachable(name, `${address} through the gateway`, console, connected.why) };
  }
  const { connection } = connected;
  try {
    options.progress?.(`${client.name}: logged in, waiting for IPv4 content through NAT64`);
    const { evidence, firstByteAt } = await gather(access, client, connection, neighbourhood, options);
    options.progress?.(`${client.name}: ${evidence.translatedFetch.said}`);
    return { ok: true, evidence, firstByteAt };
  } finally {
    connection.close();
  }
}

type Attempt = { readonly ok: true; readonly connection: SshConnection } | { readonly ok: false; readonly why: string };

/** A machine that does not answer is a result of the verification, an interruption is not. */
async function tryConnect({ signal }: VerifyOptions, dial: () => Promise<SshConnection>): Promise<Attempt> {
  try {
    return { ok: true, connection: await dial() };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, why: messageOf(error) };
  }
}

function unreachable(machine: string, at: string, console: string, why: string): CheckResult {
  return {
    machine,
    check: `SSH reaches it at ${at}`,
    status: "fail",
    evidence: why,
    remedy: `npm run up powers on what has died. What the machine said at last is in ${console}`,
  };
}

async function gather(
  access: LabAccess,
  client: ClientAccess,
  connection: SshConnection,
  { gateway, online }: Neighbourhood,
  { wait, signal }: VerifyOptions,
): Promise<{ evidence: ClientVisit; firstByteAt: Date | undefined }> {
  const { url } = access.promised.verify;
  const stdin = `${url ?? ""}\n${Math.min(wait, pathPatience)}\n`;
  let firstByteAt: Date | undefined;
  const { stdout } = await connection.exec(bash("client-facts.sh"), {
    stdin,
    signal,
    onStdout: (text) => {
      if (text.includes("### wait 0")) {
        firstByteAt ??= new Date();
      }
    },
  });
  const facts = readClientFacts(parseSections(stdout));

  const direct = isAddressInPrefix(facts.fetch.remote, access.promised.nat64.prefix);
  const target = translatedTarget(access, facts);
  const errands = [
    `neighbour-${access.gateway.name} ping ${access.promised.lan.gatewayAddress}`,
    ...online.slice(-3).map(({ name, address }) => `neighbour-${name} ping ${address}`),
    ...(target === undefined ? [] : [`ping-nat64 ping ${target.ipv6}`]),
    ...(direct || target === undefined ? [] : [`fetch fetch ${target.ipv6} ${facts.url}`]),
  ];
  if (facts.wait.ok) {
    online.push(client);
  }
  const [reached, uplinkPing] = await Promise.all([
    reach(connection, errands, signal),
    target === undefined ? undefined : reach(gateway, [`uplink ping ${target.ipv4}`], signal),
  ]);
  const evidence = {
    access: client,
    facts,
    reached,
    translatedFetch: reached.has("fetch") ? readFetch(reached, "fetch") : facts.fetch,
    uplinkPing: uplinkPing?.get("uplink"),
  };
  return { evidence, firstByteAt };
}

/** The server's first IPv4 address, and where it is inside pool6. */
function translatedTarget(access: LabAccess, { a }: ClientFacts): { ipv4: string; ipv6: string } | undefined {
  const [ipv4] = a;
  return ipv4 === undefined ? undefined : { ipv4, ipv6: embedIpv4(access.promised.nat64.prefix, ipv4) };
}

async function reach(
  connection: SshConnection,
  errands: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Section>> {
  const stdin = errands.map((errand) => `${errand}\n`).join("");
  const { stdout } = await connection.exec(bash("reach.sh"), { stdin, signal });
  return parseSections(stdout);
}

/** A command line that runs a script of this folder and leaves standard input to it. */
function bash(name: string): string {
  return `bash -c ${shellQuote(script(name))}`;
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, name), "utf8");
}

async function mapLimited<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.map((item, index) => ({ item, index }));
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next.index] = await work(next.item);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}
