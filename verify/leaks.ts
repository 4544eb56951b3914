/**
 * What a client lets out of its card where there is to be no IPv4 by any way: the gateway's card on its segment hears it, and
 * nothing is asked of the client itself, which may not know.
 *
 * A leak is whatever is not IPv6 from an address that the plan gives it, but for what a host does to find out that there is no
 * IPv4: DHCPv4 from 0.0.0.0 (RFC 2131 section 4.1) and ARP probes, whose sender has no address (RFC 5227 section 1.1); and
 * for what a connection that was begun on the network before still sends, from the address that it had there. IPv6 packets
 * for a NAT64 prefix, which would be IPv4 by translation, leak too, and those with a tunnel's packets in them, wherever they
 * come from. What is wrapped in TCP or UDP cannot be told from other content.
 */
import { messageOf } from "../host/messages";
import type { SshConnection } from "../ssh";
import { containsAddress, parseIpv6, parseIpv6Prefix } from "../plan/prefix";
import { linkLocalOf } from "../plan/interface-id";
import { type ClientAccess, command, type LabAccess, type PromisedNetwork } from "./access";
import { nat64Prefixes, sameAddress } from "./addresses";
import { decode, type IpPacket } from "./capture/decode";
import { Keeper, type Kept } from "./capture/keep";
import { sentByFilter } from "./capture/filter";
import { captureWhile, type Watch } from "./capture/while";
import { type Check, distinct, fail, pass, results, skip, type Verdict } from "./checks/check";
import type { Evidence } from "./checks/evidence";
import type { CheckResult } from "./report";

/** Where IPv4 is to be out of reach by any way: IPv6-only-strict. */
export function isStrict({ ipv4, ipv6, translated }: PromisedNetwork): boolean {
  return ipv6 !== undefined && ipv4 === undefined && !translated;
}

/** What a client may send, and from where. */
export interface Allowed {
  readonly sources: readonly string[];
  /** Of the other networks of the lab: a socket that is connected keeps the address that it was connected from. */
  readonly before: readonly string[];
  /** NAT64 prefixes. */
  readonly refused: readonly string[];
}

export function allowedFor({ promised }: LabAccess, client: ClientAccess, { name }: PromisedNetwork): Allowed {
  const globals = (of: PromisedNetwork): string[] => {
    const { dhcpv6 } = of.ipv6 ?? {};
    const leased = dhcpv6?.mode === "stateful" ? dhcpv6.reservations : [];
    return [
      ...[client.addresses[of.name]?.ipv6 ?? []].flat(),
      ...leased.filter(({ mac }) => mac === client.lanMac).map(({ address }) => address),
    ];
  };
  const { networks } = promised;
  return {
    // "::": of duplicate address detection (RFC 4862 section 5.4.2).
    sources: ["::", linkLocalOf(client.lanMac), ...networks.filter((each) => each.name === name).flatMap(globals)],
    before: networks.filter((each) => each.name !== name).flatMap(globals),
    refused: nat64Prefixes(promised),
  };
}

/** IANA's numbers of protocols that carry packets. */
const tunnels: Readonly<Record<number, string>> = {
  4: "IPv4 in IPv6",
  41: "IPv6 in IPv6",
  47: "GRE",
  50: "ESP",
  97: "Ethernet in IPv6",
  115: "L2TP",
};

/**
 * @returns what is wrong with a frame, in words; "expected": nothing, though it is no IPv6; "left over": nothing, though it
 * is from an address of another network; undefined: nothing.
 * @param age seconds since the first frame that was heard.
 */
export function leakOf(frame: Buffer, { sources, before, refused }: Allowed, age = 0): string | undefined {
  const { ip, text, destinationMac } = decode(frame);
  if (ip === undefined) return isArpProbe(frame) ? expected : `${text} to ${destinationMac}`;
  // An echo has an identifier there, another one each time.
  const ports = ip.destinationPort === undefined || ip.protocol === "ICMP" ? "" : `, port ${ip.destinationPort}`;
  const way = `${ip.source} → ${ip.destination}`;
  if (ip.family === "ipv4") {
    const asks = ip.protocol === "UDP" && ip.sourcePort === 68 && ip.destinationPort === 67 && ip.source === "0.0.0.0";
    return asks ? expected : `IPv4 ${way}, ${ip.protocol === "other" ? text : `${ip.protocol}${ports}`}`;
  }
  const tunnel = tunnels[ip.inside];
  if (tunnel !== undefined) return `${tunnel} ${way}`;
  if (before.some((old) => sameAddress(old, ip.source)) && isOfBefore(ip, text, age)) return leftOver;
  const prefix = refused.find((each) => containsAddress(parseIpv6Prefix(each), parseIpv6(ip.destination)));
  if (prefix !== undefined) return `IPv6 into ${prefix}: ${way}${ports}`;
  return sources.some((own) => sameAddress(own, ip.source))
    ? undefined
    : `IPv6 from an address of its own making: ${way}${ports}`;
}

/** Seconds in which a datagram may still be of a question that was asked on the network before. */
const lastQuestions = 15;

/**
 * Whether a packet from an old address may be of something that was begun when it was the client's: TCP after its first
 * segment, which may be sent again for minutes (RFC 9293 section 3.8.3), a datagram soon after the join, and the neighbour
 * discovery that goes before either, with the same source (RFC 4861 section 7.2.2).
 */
function isOfBefore({ protocol }: IpPacket, text: string, age: number): boolean {
  if (protocol === "TCP") return !/\bSYN\b/.test(text) || /\bACK\b/.test(text);
  if (protocol === "UDP") return age < lastQuestions;
  return text.startsWith("neighbour ");
}

const expected = "expected";
const leftOver = "left over";

/** ARP over Ethernet for IPv4 (RFC 826) whose sender's address is 0.0.0.0. */
function isArpProbe(frame: Buffer): boolean {
  return frame.length >= 42 && frame.readUInt16BE(12) === 0x0806 && frame.readUInt32BE(28) === 0;
}

/** What was heard of a client. */
export interface Overheard {
  readonly frames: number;
  /** Probes for IPv4, as they are expected. */
  readonly probes: number;
  /** Of connections that were begun on another network. */
  readonly leftOver: number;
  /** In words, each as often as it was. */
  readonly leaks: readonly string[];
  /** Frames that came too fast to be kept. */
  readonly missed: number;
  /** The frames that leaked. */
  readonly kept: Kept;
  /** What was going on meanwhile; undefined: nothing. */
  readonly meanwhile: string | undefined;
}

export interface LeakEvidence extends Evidence {
  readonly access: ClientAccess;
  /** Or why nothing could be heard. */
  readonly heard: Overheard | string;
}

const checks: readonly Check<LeakEvidence>[] = [
  {
    title: "nothing leaves its card but IPv6 from its own addresses: no IPv4, no tunnel, nothing for a NAT64 prefix",
    judge: checkLeaks,
    remedy: ({ lab, access }) =>
      `What sends it? ${command(lab.promised, "capture", access.name)} shows it, and on ${access.name} ss(8) whose socket it is.`,
  },
];

export function judgeLeaks(machine: string, seen: LeakEvidence, network: string): CheckResult[] {
  return results(machine, checks, seen).map((each) => ({ ...each, network }));
}

const mostShown = 5;

function checkLeaks({ heard }: LeakEvidence): Verdict {
  if (typeof heard === "string") return skip(heard);
  const { frames, probes, leftOver: old, leaks, missed, meanwhile } = heard;
  if (leaks.length > 0) {
    const kinds = [...new Set(leaks)];
    const shown = kinds.slice(0, mostShown).map((kind) => `${kind} (${leaks.filter((each) => each === kind).length})`);
    const more = kinds.length > mostShown ? [`${kinds.length - mostShown} more kinds`] : [];
    return fail(distinct([...shown, ...more]));
  }
  if (meanwhile === undefined) return skip("nothing was tried from which something could leak");
  if (frames === 0) return skip("nothing at all was heard of it: silence proves nothing");
  if (missed > 0) return skip(`${missed} frames came too fast to be looked at`);
  const asked = probes === 0 ? "" : `, ${probes} probe${probes === 1 ? "" : "s"} for IPv4 among them`;
  const kept = old === 0 ? "" : `, ${old} of what was begun on the network before`;
  return pass(`${frames} frames${asked}${kept}, while ${meanwhile}`);
}

/**
 * Listens on the gateway's card while something is done.
 * @param work its result is given back with what was heard.
 */
export async function overhear<T>(
  lab: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  { gateway, signal }: { readonly gateway: SshConnection; readonly signal: AbortSignal },
  work: () => Promise<{ readonly result: T; readonly meanwhile: string | undefined }>,
): Promise<{ readonly result: T; readonly heard: Overheard | string }> {
  const allowed = allowedFor(lab, client, network);
  const leaks: string[] = [];
  const keeper = new Keeper(lab.gateway.name);
  let [frames, probes, old] = [0, 0, 0];
  let first: bigint | undefined;
  const watch: Watch = {
    cards: [network.card],
    filterOf: () => sentByFilter(client.lanMac),
    signal,
    onStart: (card, head) => {
      keeper.start(card, head);
    },
    onPacket: (card, packet) => {
      frames += 1;
      first ??= packet.at;
      const what = leakOf(packet.octets, allowed, Number(packet.at - first) / 1e9);
      if (what === expected) probes += 1;
      else if (what === leftOver) old += 1;
      else if (what !== undefined) {
        leaks.push(what);
        keeper.add(card, packet);
      }
      return undefined;
    },
  };
  const { result: done, ended, kept } = await keeper.during(captureWhile(gateway, watch, work));
  const { result, meanwhile } = done;
  if ("error" in ended) return { result, heard: `it could not be listened to: ${messageOf(ended.error)}` };
  return { result, heard: { frames, probes, leftOver: old, leaks, missed: ended.missed, kept, meanwhile } };
}
