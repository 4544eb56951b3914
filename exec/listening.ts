/** A server that runs on a client: when it listens, on what, and who gets through to it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { messageOf, UserError } from "../host/messages";
import type { SshConnection } from "../ssh";
import { scriptCommand } from "../ssh/shell";
import { type ClientAccess, command, type LabAccess, networkOf } from "../verify/access";
import { onIpv4Host, bindingsOf, hasOutside } from "../verify/bindings";
import { connectClient } from "../verify/connect";
import { isIpv6, isLoopback } from "./targets";

const results = ["open", "refused", "unreachable", "silent", "failed"] as const;

export interface Knock {
  /** `itself`, `the gateway`, `the internet` (by a static binding), or another client with its network. */
  readonly from: string;
  readonly address: string;
  readonly result: (typeof results)[number];
  readonly seconds: number;
}

export interface Listening {
  readonly port: number;
  /** Seconds that were waited for it at most. */
  readonly patience: number;
  /** Of sockets of this port, as ss(8) has them: `*` takes both families, `[::]` and `0.0.0.0` one. */
  readonly sockets: readonly string[];
  readonly knocks: readonly Knock[];
  /** Why nobody knows whether it listened. */
  readonly unasked?: string;
}

/** What is tried, and from where. */
export interface ListeningRequest {
  readonly access: LabAccess;
  readonly client: ClientAccess;
  readonly connection: SshConnection;
  readonly gateway: SshConnection;
  readonly port: number;
  readonly patience: number;
}

/** Seconds for a connection through one emulated router. */
const knockLimit = 5;
/** Others that are asked to try: one says as much as many of its network. */
const mostPeers = 3;

/**
 * Another program's socket would be tried in place of the one that is to come.
 * @throws UserError with who has the port.
 */
export async function refuseTaken(
  { access, client, connection }: Pick<ListeningRequest, "access" | "client" | "connection">,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const ask = `ss --no-header --listening --tcp --numeric --processes 'sport = :${port}'`;
  // Root is told whose socket it is.
  const { stdout } = await connection.exec(`sudo -n ${ask} 2>/dev/null || ${ask}`, { signal, timeout: 60 });
  const holders = holdersOf(stdout);
  if (holders.length === 0) return;
  throw new UserError(
    `--listen ${port}: ${holders.join(" and ")} on ${client.name} already. Give the program another port, or end what has this one (${command(access.promised, "ssh", client.name)}).`,
  );
}

/** Who listens, of ss(8)'s lines. */
export function holdersOf(lines: string): string[] {
  const holders = lines.split("\n").flatMap((line) => {
    const [, , , local] = line.trim().split(/\s+/);
    if (local === undefined) return [];
    const [, name, pid] = /\(\("([^"]*)",pid=(\d+)/.exec(line) ?? [];
    return [`${name === undefined ? "somebody" : `${name}[${pid}]`} listens at ${local}`];
  });
  return [...new Set(holders)];
}

/** @param ended fires when the program has: there is nothing to wait for then. */
export async function tryListener(request: ListeningRequest, ended: AbortSignal): Promise<Listening> {
  const { access, client, connection, gateway, port, patience } = request;
  const found = await awaitListener(connection, port, patience, ended);
  const { sockets, addresses, unasked } = found;
  if (unasked !== undefined) return { port, patience, sockets, knocks: [], unasked };
  if (sockets.length === 0 || ended.aborted) return { port, patience, sockets, knocks: [] };
  const { ipv4 } = networkOf(access, client);
  const ipv6Address = addresses.find(isIpv6);
  // An IPv4 address that a translator on the client has is nobody's destination.
  const ipv4Address = ipv4 === undefined ? undefined : addresses.find((address) => !isIpv6(address));
  const outer = [ipv6Address, ipv4Address].flatMap((address) => address ?? []);
  const peers = access.clients.filter(({ name }) => name !== client.name).slice(0, mostPeers);
  const knocks = await Promise.all([
    knock("itself", connection, port, ["::1", "127.0.0.1", ...outer], ended),
    knock("the gateway", gateway, port, outer, ended),
    ...peers.map((peer) => knockFrom(request, peer, outer, ended)),
    ...boundAt(request).map((outside) =>
      knock("the internet", gateway, outside.port, [outside.address], ended, onIpv4Host),
    ),
  ]);
  return { port, patience, sockets, knocks: knocks.flat() };
}

/** Where the IPv4 outside comes to this port by a static binding, if there is somebody outside. */
function boundAt({
  access,
  client,
  port,
}: ListeningRequest): readonly { readonly address: string; readonly port: number }[] {
  if (!hasOutside(access)) return [];
  return bindingsOf(access, client).flatMap(({ protocol, inside, outside }) =>
    protocol === "TCP" && inside.port === port ? [outside] : [],
  );
}

async function awaitListener(connection: SshConnection, port: number, patience: number, ended: AbortSignal) {
  const text = script("listens.sh");
  const command = scriptCommand(text, String(port), String(patience));
  let stdout = "";
  let unasked: string | undefined;
  try {
    ({ stdout } = await connection.exec(command, { stdin: text, signal: ended, timeout: patience + 30 }));
  } catch (error) {
    // Where the program has ended before, there is nothing to ask about.
    if (!ended.aborted) unasked = messageOf(error);
  }
  const words = (mark: string): string[] =>
    stdout.split("\n").flatMap((line) => (line.startsWith(`${mark} `) ? [line.slice(mark.length + 1)] : []));
  return { sockets: words("listens"), addresses: words("has"), unasked };
}

async function knockFrom(
  { access, gateway, port }: ListeningRequest,
  peer: ClientAccess,
  addresses: readonly string[],
  ended: AbortSignal,
): Promise<Knock[]> {
  const { name, ipv4, ipv6 } = networkOf(access, peer);
  // Families that it has itself: what fails for want of one says nothing of the server.
  const reachable = addresses.filter((address) => (isIpv6(address) ? ipv6 : ipv4) !== undefined);
  if (reachable.length === 0) return [];
  // A client that is not there tries nothing.
  const connection = await connectClient(access, peer, gateway, { wait: 0, signal: ended }).catch(() => undefined);
  if (connection === undefined) return [];
  try {
    return await knock(`${peer.name} (${name})`, connection, port, reachable, ended);
  } finally {
    connection.close();
  }
}

async function knock(
  from: string,
  connection: SshConnection,
  port: number,
  addresses: readonly string[],
  ended: AbortSignal,
  under = "",
): Promise<Knock[]> {
  const text = script("knock.sh");
  const command = `${under} ${scriptCommand(text, String(port), String(knockLimit), ...addresses)}`.trimStart();
  const limit = addresses.length * knockLimit + 30;
  const { stdout } = await connection
    .exec(command, { stdin: text, signal: ended, timeout: limit })
    .catch(() => ({ stdout: "" }));
  return stdout.split("\n").flatMap((line): Knock[] => {
    const [address = "", word, milliseconds] = line.split(" ");
    const result = results.find((each) => each === word);
    return result === undefined ? [] : [{ from, address, result, seconds: Number(milliseconds) / 1000 }];
  });
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "client", name), "utf8");
}

/** Whoever is another machine. */
export function fromOutside({ from }: Knock): boolean {
  return from !== "itself";
}

/** For this machine alone. */
export function isLocalSocket(socket: string): boolean {
  return isLoopback(socket.replace(/[[\]]/g, "").replace(/%.*/, ""));
}

/** Takes no IPv6. */
export function isIpv4Socket(socket: string): boolean {
  return socket !== "*" && !socket.includes(":");
}
