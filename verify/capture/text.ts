/** Captured packets as lines for people. */
import { extractIpv4 } from "../../plan/rfc6052";
import { AddressError } from "../../plan/prefix";
import type { SessionFact } from "../gateway-facts";
import { formatTable } from "../report";
import type { End, Entry, Seen, Session } from "./legs";

export interface Names {
  /** Of a machine, by its card's MAC. */
  readonly ofMac: (mac: string) => string | undefined;
  readonly nat64Prefix: string;
}

/** One packet on one card. */
export function packetLine({ at, card, packet }: Seen, { nat64Prefix }: Names): string {
  const { ip, text, sourceMac, destinationMac } = packet;
  if (ip === undefined) return `${time(at)}  ${card}  ${sourceMac} → ${destinationMac}  ${text}`;
  const end = (address: string, port: number | undefined): string => {
    const place = port === undefined || ip.protocol === "ICMP" ? address : `${address}#${port}`;
    const inside = ip.family === "ipv6" ? embedded(nat64Prefix, address) : undefined;
    return inside === undefined ? place : `${place} (${inside})`;
  };
  const protocol = ip.protocol === "other" ? "" : `${ip.protocol} `;
  return `${time(at)}  ${card}  ${end(ip.source, ip.sourcePort)} → ${end(ip.destination, ip.destinationPort)}  ${protocol}${text}`;
}

/** The lines of what was put together: a session's head when it is new, and the packet with both its legs. */
export function entryLines(entry: Entry, names: Names): string[] {
  if (entry.kind === "other") return [packetLine(entry.seen, names)];
  const { session, news, toServer, ipv6, ipv4 } = entry;
  const first = [ipv6, ipv4].reduce((one, other) =>
    one === undefined || (other !== undefined && other.at < one.at) ? other : one,
  );
  const leg = (seen: Seen | undefined, family: string): string =>
    seen === undefined ? `no ${family} packet was seen` : `${seen.card} ${seen.packet.ip?.length ?? 0}`;
  const [here, there] = [leg(ipv6, "IPv6"), leg(ipv4, "IPv4")];
  const took =
    ipv6 === undefined || ipv4 === undefined
      ? ""
      : `  +${(Math.abs(Number(ipv6.at - ipv4.at)) / 1_000_000).toFixed(2)} ms`;
  const way = toServer ? `${here} ─▶ ${there}` : `${here} ◀─ ${there}`;
  const text = (ipv6 ?? ipv4)?.packet.text ?? "";
  return [
    ...(news ? [sessionLine(session, names)] : []),
    `${time(first?.at ?? 0n)}  ${session.number}  ${way}  ${text}${took}`,
  ];
}

/** Both legs of a session. */
function sessionLine(session: Session, names: Names): string {
  const { number, protocol, client, serverIpv6, pool, server } = session;
  const echo = protocol === "ICMP";
  const far = (end: End): string => (echo ? end.address : place(end));
  const legs = `${place(client)} → ${far(serverIpv6)}  is  ${pool === undefined ? "(not seen)" : place(pool)} → ${far(server)}`;
  return `── session ${number}, ${protocol}, ${nameOf(session, names)}:  ${legs}`;
}

/** @param table Jool's; undefined: it could not be asked. */
export function knownToJool(
  { protocol, client, serverIpv6 }: Session,
  table: readonly SessionFact[] | undefined,
): string {
  if (table === undefined) return "could not be asked";
  const same = (end: End, { address, id }: { readonly address: string; readonly id: string }): boolean =>
    end.address === address && String(end.id) === id;
  const row = table.find(
    (each) =>
      each.protocol.toUpperCase() === protocol &&
      same(client, each.client) &&
      (protocol === "ICMP" ? serverIpv6.address === each.serverIpv6.address : same(serverIpv6, each.serverIpv6)),
  );
  return row === undefined ? "not in it" : `${row.state || "there"}, expires in ${row.expiresIn}`;
}

export interface Counted {
  readonly session: Session;
  /** Packets to the server: IPv6, IPv4; and from it. */
  readonly toServer: readonly [number, number];
  readonly fromServer: readonly [number, number];
}

/** All sessions of a capture, both legs side by side. */
export function sessionTable(
  counted: readonly Counted[],
  table: readonly SessionFact[] | undefined,
  names: Names,
): string[] {
  return formatTable(
    ["", "", "client", "IPv6 leg", "IPv4 leg", "→ IPv6/IPv4", "← IPv6/IPv4", "Jool's table"],
    counted.map(({ session, toServer, fromServer }) => [
      String(session.number),
      session.protocol,
      nameOf(session, names),
      `${place(session.client)} → ${place(session.serverIpv6)}`,
      session.pool === undefined ? "not seen" : `${place(session.pool)} → ${place(session.server)}`,
      toServer.join("/"),
      fromServer.join("/"),
      knownToJool(session, table),
    ]),
  );
}

function nameOf({ clientMac }: Session, { ofMac }: Names): string {
  return ofMac(clientMac) ?? clientMac;
}

function place({ address, id }: End): string {
  return `${address}#${id}`;
}

/** The IPv4 address in one inside the NAT64 prefix. */
function embedded(prefix: string, address: string): string | undefined {
  try {
    return extractIpv4(prefix, address);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** Time of day where this runs, to the microsecond. */
function time(at: bigint): string {
  const date = new Date(Number(at / 1_000_000n));
  const two = (value: number): string => String(value).padStart(2, "0");
  const micro = String((at / 1000n) % 1_000_000n).padStart(6, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${micro}`;
}
