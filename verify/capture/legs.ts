/**
 * The two legs of what is translated, put together: a packet between a client and an address inside the NAT64 prefix, and
 * the one between the gateway's pool and the IPv4 server that it was made into, or from. They are known by what a
 * translator leaves as it is; no table is needed for it.
 */
import { extractIpv4, parseNat64Prefix } from "../../plan/rfc6052";
import { containsAddress, parseIpv6 } from "../../plan/prefix";
import type { Decoded, IpPacket } from "./decode";

/** A packet on one of the gateway's cards. */
export interface Seen {
  /** Nanoseconds since 1970, by the gateway's clock. */
  readonly at: bigint;
  readonly card: string;
  readonly packet: Decoded;
}

export interface Session {
  /** In the order in which they were seen, from 1. */
  readonly number: number;
  readonly protocol: IpPacket["protocol"];
  readonly client: End;
  /** The client's card. */
  readonly clientMac: string;
  /** As the client sees it, inside the NAT64 prefix. */
  readonly serverIpv6: End;
  /** The client as the server sees it; undefined: no packet was seen on the IPv4 side yet. */
  readonly pool: End | undefined;
  readonly server: End;
}

export interface End {
  readonly address: string;
  /** Port, or the identifier of an ICMP echo. */
  readonly id: number;
}

export type Entry =
  /** A packet of a session. One of the legs may be missing: nothing was seen on that side. */
  | {
      readonly kind: "translated";
      readonly session: Session;
      /** What was seen of the session before this had less in it. */
      readonly news: boolean;
      readonly toServer: boolean;
      readonly ipv6: Seen | undefined;
      readonly ipv4: Seen | undefined;
    }
  | { readonly kind: "other"; readonly seen: Seen };

interface Leg {
  readonly toServer: boolean;
  readonly client: End;
  readonly server: End;
  readonly serverIpv6: End;
  readonly key: string;
}

interface Waiting {
  /** The packet that came first. */
  readonly seen: Seen;
  readonly since: number;
  /** What its other leg would be called. */
  readonly keys: readonly string[];
  other: Seen | undefined;
}

/** Milliseconds that the other leg is waited for. */
export const legPatience = 500;

export class Legs {
  private readonly waiting: Waiting[] = [];
  private readonly sessions = new Map<string, Session>();
  private readonly prefix;

  /** @param isInside whether a card is on one of the lab's networks; the others are the ways out. */
  constructor(
    private readonly nat64Prefix: string,
    private readonly isInside: (card: string) => boolean,
  ) {
    this.prefix = parseNat64Prefix(nat64Prefix);
  }

  get all(): readonly Session[] {
    return [...this.sessions.values()];
  }

  /** @param now milliseconds, of a clock that only goes forward. */
  add(seen: Seen, now: number): void {
    const keys = this.keysOf(seen);
    const inside = this.isInside(seen.card);
    const match = this.waiting.find(
      ({ seen: first, other, keys: wanted }) =>
        other === undefined && this.isInside(first.card) !== inside && wanted.some((key) => keys.includes(key)),
    );
    if (match === undefined) this.waiting.push({ seen, since: now, keys, other: undefined });
    else match.other = seen;
  }

  /** What can be told now, in the order in which it came. Whoever waits for its other leg holds up those behind it. */
  due(now: number): Entry[] {
    const entries: Entry[] = [];
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const complete = first.other !== undefined || first.keys.length === 0;
      if (!complete && now - first.since < legPatience) break;
      this.waiting.shift();
      entries.push(this.entry(first));
    }
    return entries;
  }

  private entry({ seen, other }: Waiting): Entry {
    const pair = [seen, ...(other === undefined ? [] : [other])];
    const ipv6 = pair.find(({ card }) => this.isInside(card));
    const ipv4 = pair.find(({ card }) => !this.isInside(card));
    const leg = ipv6 === undefined ? undefined : this.ipv6Leg(ipv6);
    if (leg === undefined || ipv6 === undefined) return { kind: "other", seen };
    const { session, news } = this.sessionOf(leg, ipv6, ipv4);
    return { kind: "translated", session, news, toServer: leg.toServer, ipv6, ipv4 };
  }

  private sessionOf(leg: Leg, ipv6: Seen, ipv4: Seen | undefined): { session: Session; news: boolean } {
    const { client, server, serverIpv6, toServer } = leg;
    const protocol = ipv6.packet.ip?.protocol ?? "other";
    const key = JSON.stringify([protocol, client, serverIpv6]);
    const known = this.sessions.get(key);
    const pool = (ipv4 === undefined ? undefined : endOf(ipv4.packet.ip, toServer)) ?? known?.pool;
    // An echo's identifier is the client's own on both sides of the client, and the pool's on the other.
    const news = known === undefined || JSON.stringify(known.pool) !== JSON.stringify(pool);
    const { sourceMac, destinationMac } = ipv6.packet;
    const session: Session = news
      ? {
          number: known?.number ?? this.sessions.size + 1,
          clientMac: toServer ? sourceMac : destinationMac,
          ...{ protocol, client, serverIpv6, pool, server },
        }
      : known;
    this.sessions.set(key, session);
    return { session, news };
  }

  private keysOf({ card, packet }: Seen): readonly string[] {
    const { ip } = packet;
    if (ip?.mark === undefined) return [];
    if (this.isInside(card)) {
      const leg = this.ipv6Leg({ packet });
      return leg === undefined ? [] : [leg.key];
    }
    if (ip.family !== "ipv4") return [];
    // Which end is the server is not to be seen here.
    return [true, false].flatMap((toServer) => {
      const server = endOf(ip, !toServer);
      return server === undefined ? [] : [keyOf(ip, toServer, server)];
    });
  }

  private ipv6Leg({ packet: { ip } }: Pick<Seen, "packet">): Leg | undefined {
    if (ip?.family !== "ipv6") return undefined;
    const toServer = this.isTranslated(ip.destination);
    if (!toServer && !this.isTranslated(ip.source)) return undefined;
    const [client, serverIpv6] = [endOf(ip, toServer), endOf(ip, !toServer)];
    if (client === undefined || serverIpv6 === undefined) return undefined;
    const server = { address: extractIpv4(this.nat64Prefix, serverIpv6.address), id: serverIpv6.id };
    return { toServer, client, server, serverIpv6, key: keyOf(ip, toServer, server) };
  }

  private isTranslated(address: string): boolean {
    return containsAddress(this.prefix, parseIpv6(address));
  }
}

function endOf(ip: IpPacket | undefined, source: boolean): End | undefined {
  if (ip === undefined) return undefined;
  const id = source ? ip.sourcePort : ip.destinationPort;
  return id === undefined ? undefined : { address: source ? ip.source : ip.destination, id };
}

/** An echo's identifier is another one on the other side. */
function keyOf(ip: IpPacket, toServer: boolean, { address, id }: End): string {
  return JSON.stringify([toServer, ip.protocol, address, ip.protocol === "ICMP" ? 0 : id, ip.mark]);
}
