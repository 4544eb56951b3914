/**
 * What a translator and its DNS64 owe to the clients of a network, tried between a client and servers in the simulated
 * internet that answer as they are asked to.
 */
import { randomBytes } from "node:crypto";
import { good, reflectors, zone } from "../plan/internet/hosts";
import { link, placeOn, smallMtu } from "../plan/internet/paths";
import { embedIpv4, parseNat64Prefix } from "../plan/rfc6052";
import { filtersByAddress, type LabAccess, type PromisedNetwork } from "./access";
import { sameAddress } from "./addresses";
import { amongServers } from "./bindings";
import { type Check, fail, judge, listed, pass, results, skip, type Verdict } from "./checks/check";
import type { Evidence } from "./checks/evidence";
import { type Asked, listen, python } from "./facts";
import { type Heard, resolverOf } from "./questions";
import type { CheckResult } from "./report";
import { rcodes } from "../plan/dns-parameters";
import { dnsQuestion, validatorsQuestion } from "./wire/dns";

/** Seconds that the servers listen: longer than all of the client's questions take when nothing is answered. */
const listening = 55;

/** Seconds in which an answer may come. */
const patience = 4;

/** Echo (RFC 862). */
const reflectorPort = 7;

const [first, second] = reflectors;
const narrow = { address: placeOn("mtu-1280"), mtu: smallMtu };
/** Octets by which an IPv6 header is longer than an IPv4 header. */
const headerDifference = 20;
const names = { both: `dualstack.${zone}`, ipv4Only: `v4only.${zone}` };

export interface TranslationEvidence extends Evidence {
  readonly network: PromisedNetwork;
  /** What came of probes/translation.py. */
  readonly tried: Heard;
  /** What the resolver says. */
  readonly said: Heard;
}

/** Tries it all from a client; nothing where nothing is translated or where there is no simulated internet. */
export async function translationChecks(
  lab: LabAccess,
  network: PromisedNetwork,
  machine: string,
  { client, gateway }: { readonly client: Asked; readonly gateway: Asked },
): Promise<CheckResult[]> {
  const { faults, nat64 } = lab.promised;
  if (!network.translated || faults.length === 0) return [];
  const secret = randomBytes(8).toString("hex");
  const inside = (address: string): string => embedIpv4(nat64.prefix, address);
  const places = {
    first: inside(first.ipv4),
    second: inside(second.ipv4),
    port: reflectorPort,
    narrow: inside(narrow.address.ipv4),
    pool: poolOf(nat64.prefix),
    patience,
  };
  const reflector = [[first.ipv4, second.ipv4], reflectorPort, secret, listening];
  const [tried, said] = await Promise.all([
    python(client, "translation.py", [places, secret]),
    listen(client, dnsQuestions(network)),
    python(gateway, "reflector.py", reflector, amongServers),
  ]);
  return judgeTranslation(machine, { lab, network, tried, said });
}

/** What it means for the rows. */
export function judgeTranslation(machine: string, seen: TranslationEvidence): CheckResult[] {
  return results(machine, checks, seen).map((each) => ({ ...each, network: seen.network.name }));
}

/** The NAT64 prefix as the probe takes it: hexadecimal, and its length in bits. */
function poolOf(prefix: string): { readonly prefix: string; readonly length: number } {
  const { address, length } = parseNat64Prefix(prefix);
  return { prefix: address.toString(16).padStart(32, "0"), length };
}

function dnsQuestions(network: PromisedNetwork): string[] {
  const ask = (name: string, question: string): string => `udp ${name} - ${resolverOf(network)} 53 ${question}`;
  return [
    "window 0 5",
    "await kept validator",
    ask("kept", dnsQuestion(names.both, "AAAA")),
    ask("validator", validatorsQuestion(names.ipv4Only, "AAAA")),
  ];
}

const hasDns64 = ({ network }: TranslationEvidence): boolean => network.resolver === "dns64";

const checks: readonly Check<TranslationEvidence>[] = [
  { title: "datagrams are translated, there and back (RFC 6146 section 3.5.1)", judge: checkDatagrams },
  { title: "one socket is one address and port to every server (RFC 4787 REQ-1)", judge: checkMapping },
  {
    title: ({ lab }) =>
      filtersByAddress(lab.promised)
        ? "only a server that was asked may answer (RFC 4787 REQ-8, address-dependent filtering)"
        : "whoever knows a client's address and port may answer (RFC 4787 REQ-8, endpoint-independent filtering)",
    judge: checkFiltering,
  },
  {
    title: "a client is reached at its own outer address from inside: hairpinning (RFC 6146 section 3.8)",
    judge: checkHairpin,
  },
  { title: "a datagram without checksum gets one (RFC 7915 section 4.5)", judge: came("unsummed") },
  { title: "what comes in fragments arrives (RFC 7915 section 4.1)", judge: came("large") },
  { title: "what goes in fragments arrives (RFC 7915 section 5.1.1)", judge: came("fragments") },
  { title: "that an IPv4 port is closed is told by ICMPv6 (RFC 7915 section 4.2)", judge: checkUnreachable },
  { title: "a traceroute shows IPv4 routers inside the NAT64 prefix (RFC 7915 section 4.2)", judge: checkHops },
  {
    title: (seen) =>
      `Packet Too Big says ${mtuThrough(seen)} behind an IPv4 MTU of ${narrow.mtu} (RFC 7915 section 4.2)`,
    judge: checkTooBig,
  },
  {
    where: (seen) => hasDns64(seen) && !seen.lab.promised.synthesizeAll,
    title: "a name that has an IPv6 address keeps it alone (RFC 6147 section 5.1.4)",
    judge: checkKept,
  },
  {
    where: hasDns64,
    title: "who validates answers himself gets no made-up one (RFC 6147 section 5.5)",
    judge: checkValidator,
  },
];

function inPrefix({ lab }: TranslationEvidence, ipv4: string): string {
  return embedIpv4(lab.promised.nat64.prefix, ipv4);
}

/** What the probe says under a name, as words; none: nothing came. */
function words(seen: TranslationEvidence, name: string): readonly string[] {
  return seen.tried.of(name)[0]?.split(" ") ?? [];
}

function checkDatagrams(seen: TranslationEvidence): Verdict {
  const [from, address, port] = words(seen, "udp");
  if (from === undefined) {
    const why = seen.tried.of("unsent").map((each) => `: ${each}`);
    return fail(`no answer from ${inPrefix(seen, first.ipv4)}${why.join("")}`);
  }
  const evidence = `${from} answers, and sees ${address ?? "?"}, port ${port ?? "?"}`;
  return judge(sameAddress(from, inPrefix(seen, first.ipv4)), evidence);
}

function checkMapping(seen: TranslationEvidence): Verdict {
  const [, ...one] = words(seen, "udp");
  const [, , ...other] = words(seen, "mapping");
  if (other.length === 0) return fail("no answer from the second server");
  const [at, and] = [one, other].map(([address, port]) => `${address ?? "?"} port ${port ?? "?"}`);
  return judge(at === and, `${at ?? ""} to ${first.ipv4}, ${and ?? ""} to ${second.ipv4}`);
}

function checkFiltering(seen: TranslationEvidence): Verdict {
  const [from] = words(seen, "filtering");
  const sent = `${second.ipv4} answered what ${first.ipv4} was asked`;
  if (filtersByAddress(seen.lab.promised)) {
    // Silence says something only where the same servers are heard otherwise.
    if (words(seen, "mapping").length === 0) return skip(`${second.ipv4} is not heard at all`);
    return judge(from === undefined, from === undefined ? `${sent}, and it was dropped` : `an answer from ${from}`);
  }
  return from === undefined
    ? fail(`${sent}, and it did not arrive`)
    : judge(sameAddress(from, inPrefix(seen, second.ipv4)), `an answer from ${from}`);
}

function checkHairpin(seen: TranslationEvidence): Verdict {
  const [, address, outer] = words(seen, "udp");
  const [from, port, own] = words(seen, "hairpin");
  if (address === undefined) return skip("no outer address is known");
  if (from === undefined)
    return fail(`what was sent to ${inPrefix(seen, address)}, port ${outer ?? "?"}, did not arrive`);
  // It has been outside: by another address than its own, and mostly by another port.
  return judge(
    sameAddress(from, inPrefix(seen, address)),
    `it came from ${from}, port ${port ?? "?"} (its own: ${own ?? "?"})`,
  );
}

function came(name: string): (seen: TranslationEvidence) => Verdict {
  return (seen) => {
    const [from, octets, , , told] = words(seen, name);
    return from === undefined
      ? fail("it did not arrive")
      : pass(`${octets ?? "?"} octets from ${from}, which had got ${told ?? "?"}`);
  };
}

/** An ICMPv6 error as the probe tells it. */
interface Complaint {
  readonly type: number;
  readonly code: number;
  /** Of Packet Too Big: the MTU. */
  readonly info: number;
  readonly by: string;
}

function complaints(seen: TranslationEvidence, name: string): readonly Complaint[] {
  return seen.tried.of(name).map((line) => {
    const [type, code, info, by = ""] = line.split(" ");
    return { type: Number(type), code: Number(code), info: Number(info), by };
  });
}

function shown({ type, code, by }: Complaint): string {
  return `ICMPv6 type ${type} code ${code} from ${by}`;
}

function checkUnreachable(seen: TranslationEvidence): Verdict {
  const [error] = complaints(seen, "unreachable");
  if (error === undefined) return fail("nobody says so");
  const { type, code, by } = error;
  // RFC 4443 section 3.1: destination unreachable, port unreachable.
  return judge(type === 1 && code === 4 && sameAddress(by, inPrefix(seen, first.ipv4)), shown(error));
}

function checkHops(seen: TranslationEvidence): Verdict {
  const hops = complaints(seen, "hop");
  const router = inPrefix(seen, link.router.ipv4);
  // RFC 4443 section 3.3: time exceeded, hop limit exceeded in transit.
  const isSeen = hops.some(({ type, code, by }) => type === 3 && code === 0 && sameAddress(by, router));
  const evidence = listed(
    hops.map(({ by }) => by),
    "no hop answers",
  );
  return judge(isSeen, isSeen ? evidence : `${evidence}; ${router} is not among them`);
}

/** What an IPv6 packet may be to fit the narrow path once it is translated, and the network that it comes from. */
function mtuThrough({ network }: TranslationEvidence): number {
  return Math.min(narrow.mtu + headerDifference, network.mtu);
}

function checkTooBig(seen: TranslationEvidence): Verdict {
  const [error] = complaints(seen, "toobig");
  if (error === undefined) return fail("nobody says so");
  return judge(error.info === mtuThrough(seen), `MTU ${error.info}, says ${error.by}`);
}

function checkKept({ said }: TranslationEvidence): Verdict {
  const answer = said.dns("kept");
  if (answer === undefined) return fail("no answer");
  const { addresses, rcode } = answer;
  const isKept = addresses.length === 1 && addresses.every((address) => sameAddress(address, good.ipv6));
  return judge(isKept, `${names.both}: ${listed(addresses, `no AAAA (RCODE ${rcode})`)}`);
}

function checkValidator({ said }: TranslationEvidence): Verdict {
  const answer = said.dns("validator");
  if (answer === undefined) return fail("no answer");
  // The name is there: whoever does not know it has nothing of which an address could be made.
  if (answer.rcode !== rcodes.NOERROR) return fail(`${names.ipv4Only}: no answer but RCODE ${answer.rcode}`);
  return judge(answer.addresses.length === 0, `${names.ipv4Only}: ${listed(answer.addresses, "no AAAA")}`);
}
