/** Where a client's packets come to: the resolver, the translator, the neighbours, and what is closed. */
import { clatTranslates } from "../../plan/clat";
import { embedIpv4 } from "../../plan/rfc6052";
import { addressesOf, command, type PromisedPlan } from "../access";
import { isAddressInPrefix, nat64Prefixes, sameAddress, sameAddresses } from "../addresses";
import type { FetchFact } from "../client-facts";
import type { SessionFact } from "../gateway-facts";
import { wayName } from "../peers";
import { deniedDestinations, kinds, refusedDestinations, sentIpv4 } from "../questions";
import { type DnsAnswer, isTold } from "../wire/dns";
import { hexAddress } from "../wire/hex";
import { type Check, distinct, fail, judge, listed, noneOf, pass, skip, type Verdict, warn } from "./check";
import { type ClientEvidence, look, putBack, withClat, withIpv4, withIpv6 } from "./evidence";

const synthesizes = ({ network }: ClientEvidence): boolean => network.resolver === "dns64";
const translates = ({ network }: ClientEvidence): boolean => network.translated;

export const clientPathChecks: readonly Check<ClientEvidence>[] = [
  {
    where: withIpv6,
    title: "the gateway and clients that were there before it answer pings",
    judge: checkNeighbours,
    remedy: (seen) => `Is that machine running? ${command(seen.lab.promised, "status")} tells.`,
  },
  {
    where: ({ lab }) => lab.promised.networks.length > 1,
    title: "clients on other networks are reached, by every way that the two have in common",
    judge: checkPeers,
    remedy: (seen) =>
      `Is that machine running? ${command(seen.lab.promised, "status")} tells. If it is: ${putBack(seen)}`,
  },
  {
    title: (seen) =>
      synthesizes(seen)
        ? "ipv4only.arpa leads to the NAT64 prefix (RFC 7050)"
        : "ipv4only.arpa has no AAAA record: there is no DNS64 (RFC 7050)",
    judge: checkIpv4Only,
    remedy: (seen) => `unbound on the gateway answers this name itself. ${putBack(seen)}`,
  },
  {
    title: "the client's own resolver says the same of ipv4only.arpa",
    judge: checkOwnView,
    remedy: (seen) =>
      `Is it still working? ${look(seen, seen.access.name, "sudo systemctl restart systemd-resolved; resolvectl status")}`,
  },
  { where: synthesizes, title: "DNS64 gives an address inside the NAT64 prefix", judge: checkDns64 },
  {
    where: (seen) => !synthesizes(seen),
    title: "the resolver makes up no address inside a NAT64 prefix",
    judge: checkNoDns64,
  },
  {
    title: "the resolver finds out what nobody has asked before",
    judge: checkFreshName,
    remedy: (seen) =>
      `The forwarders do not answer: is dns.forwarders right, and does this machine's own DNS work? ${putBack(seen)}`,
  },
  { where: translates, title: "an IPv4 host answers a ping through NAT64", judge: checkPing },
  {
    where: translates,
    title: (seen) =>
      synthesizes(seen)
        ? "IPv4-only content comes over HTTP through DNS64 and NAT64"
        : "IPv4-only content comes over HTTP through NAT64, at the address that PREF64 gives",
    judge: checkFetch,
    remedy: fetchRemedy,
  },
  {
    where: withIpv4,
    title: "IPv4-only content comes over HTTP, by IPv4",
    judge: checkIpv4Fetch,
    remedy: fetchRemedy,
  },
  {
    where: (seen) => !translates(seen) && !withIpv4(seen),
    title: "IPv4-only content is out of reach: by its name, and inside the NAT64 prefix",
    judge: checkOutOfReach,
  },
  { where: translates, title: "Jool's session table shows the connection", judge: checkSession },
  {
    where: withClat,
    title: "content comes from an IPv4 address through the CLAT",
    judge: checkClatFetch,
    remedy: fetchRemedy,
  },
  {
    where: withClat,
    title: "Jool's session table shows the CLAT's connection",
    judge: (seen) => checkClatFetch(seen, checkClatSession),
  },
  {
    where: withClat,
    title: "a connection through the CLAT leaves the card as IPv6 alone",
    judge: (seen) => checkClatFetch(seen, checkLeaks),
    remedy: (seen) => `What sent it? ${look(seen, seen.access.name, "ip route; sudo tcpdump -nni lan ip or arp")}`,
  },
  { where: translates, title: "denied IPv4 destinations are not translated", judge: checkDenied },
  { where: translates, title: "only addresses of the LAN are translated", judge: checkSpoofed },
  {
    where: (seen) => withIpv6(seen) && !translates(seen),
    title: "nothing is translated, whatever NAT64 prefix it is sent to",
    judge: checkNothingTranslated,
  },
  {
    title: "SSH on the gateway is closed to the LAN",
    judge: checkSsh,
  },
];

function fetchRemedy(seen: ClientEvidence): string {
  return `What failed above comes first. If nothing did: can this machine itself fetch ${seen.content.url}? If not, set verify.url to something that it can.`;
}

/** What DNS64 makes of ipv4only.arpa, if there is one here. */
function ipv4OnlyArpa(seen: ClientEvidence): readonly string[] {
  return synthesizes(seen) ? seen.lab.promised.ipv4OnlyArpa : [];
}

function checkNoDns64({ heard, lab, content }: ClientEvidence): Verdict {
  const [aaaa, a] = [heard.dns("host-aaaa"), heard.dns("host-a")];
  const evidence = `${new URL(content.url).hostname}: ${shown(aaaa)}`;
  if (aaaa === undefined || !isTold(aaaa)) return fail(evidence);
  if (aaaa.addresses.some((address) => isTranslated(address, lab.promised))) return fail(evidence);
  return (a?.addresses ?? []).length > 0 ? pass(evidence) : skip(`${evidence}, nor IPv4 from which one could be made`);
}

/** By its name, in the family that the network gives it. */
function checkIpv4Fetch({ byIpv4 }: ClientEvidence): Verdict {
  if (byIpv4 === undefined) return fail("the content's IPv4 address is not known");
  const { ok, status, bytes, remote, said, url } = byIpv4;
  return ok && !remote.includes(":")
    ? pass(`${bytes} bytes of ${url} from ${remote}`)
    : fail(status === 0 ? said : `HTTP status ${status} from ${remote}`);
}

/**
 * An application that knows IPv4 alone dials an address; the CLAT and the gateway translate it twice (RFC 6877).
 * @param next where content came, what is asked then.
 */
function checkClatFetch(seen: ClientEvidence, next = checkIpv4Fetch): Verdict {
  const { byIpv4, lab, heard } = seen;
  const { prefix } = lab.promised.nat64;
  const verdict = checkIpv4Fetch(seen);
  if (verdict.status === "pass") return next(seen);
  const refused = (heard.dns("host-a")?.addresses ?? []).filter((address) => !clatTranslates(address, prefix));
  return byIpv4?.ok === false && refused.length > 0
    ? skip(`${refused.join(", ")}: TAYGA takes no such address behind ${prefix} (RFC 6052 section 3.1)`)
    : verdict;
}

function checkClatSession(seen: ClientEvidence): Verdict {
  const { byIpv4, lab } = seen;
  if (byIpv4 === undefined) return fail("nothing was fetched");
  return foundSession(seen, byIpv4.localPort, embedIpv4(lab.promised.nat64.prefix, byIpv4.remote));
}

function checkLeaks({ clat }: ClientEvidence): Verdict {
  if (clat?.of("clat").includes("open") !== true)
    return skip("no second connection came about: silence proves nothing");
  return noneOf(
    clat.of(sentIpv4).map((packet) => `0x${packet}`),
    "no IPv4 packet and no ARP were sent",
  );
}

/** What must fail: the name has an IPv4 address, which was seen, and yet nothing comes. */
function checkOutOfReach({ heard, content, fetch, byIpv4, lab }: ClientEvidence): Verdict {
  const { promised } = lab;
  // A connection is enough, whatever the server says by it.
  const [came] = [content, fetch, byIpv4].filter((each) => each !== undefined && leadsToIpv4(each.remote, promised));
  if (came !== undefined)
    return fail(`a connection to ${came.remote}, HTTP status ${came.status}, ${came.bytes} bytes of ${came.url}`);
  const [ipv4] = heard.dns("host-a")?.addresses ?? [];
  if (ipv4 === undefined) return skip("the resolver knows no IPv4 address of the content's host: see above");
  if (byIpv4 === undefined)
    return skip("it was not tried: the resolver knew no IPv4 address of the content's host then");
  const untried = [fetch, byIpv4].find(({ tried }) => !tried);
  if (untried !== undefined) return skip(`it was not tried: ${untried.said}`);
  const by = (address: string, { said }: FetchFact): string => `${address}: ${said.replace(/^0+ .*/, "nothing")}`;
  return pass(`${by(ipv4, byIpv4)}; ${by(embedIpv4(promised.nat64.prefix, ipv4), fetch)}`);
}

function isTranslated(address: string, promised: PromisedPlan): boolean {
  return nat64Prefixes(promised).some((prefix) => isAddressInPrefix(address, prefix));
}

/** @param remote empty: there was no connection. */
function leadsToIpv4(remote: string, promised: PromisedPlan): boolean {
  return remote !== "" && (!remote.includes(":") || isTranslated(remote, promised));
}

function checkNothingTranslated(seen: ClientEvidence): Verdict {
  const taken = seen.sessions.filter(({ client }) => isOwn(seen, client.address));
  if (taken.length > 0)
    return fail(`${taken.length} sessions of ${distinct(taken.map(({ client }) => client.address))}`);
  const refused = seen.heard.packets(kinds.unreachable).flatMap(({ packet }) => refusedIn(packet) ?? []);
  const sent = refusedDestinations(seen.lab);
  const silent = sent.filter((address) => !refused.some((each) => sameAddress(each, address)));
  return noneOf(
    silent,
    `${sent.join(", ")}: refused (ICMPv6 administratively prohibited)`,
    `no refusal of ${silent.join(", ")} was heard`,
  );
}

function checkNeighbours({ neighbours, heard }: ClientEvidence): Verdict {
  const silent = neighbours.filter((name) => !heard.answered(`neighbour-${name}`));
  return noneOf(silent, neighbours.join(", "), `no answer from ${silent.join(", ")}`);
}

function checkPeers({ lab, access, peers, heard }: ClientEvidence): Verdict {
  const elsewhere = lab.clients.filter(({ name, network }) => name !== access.name && network !== access.network);
  if (elsewhere.length === 0) return skip("no other client of the lab is on another network");
  if (peers.length === 0)
    return skip("those on other networks had not come yet, or another command moves them: they look from there");
  const tried = peers.flatMap((peer) => peer.ways.map((way) => ({ peer, way, came: heard.of(wayName(peer, way)) })));
  const strangers = peers.filter(({ ways }) => ways.length === 0).map(({ name, network }) => `${name} on ${network}`);
  const apart = strangers.length === 0 ? [] : [`nothing in common with ${strangers.join(", ")}`];
  if (tried.length === 0) return skip(apart.join());
  const told = ({ peer, way }: (typeof tried)[number]): string => `${peer.name} on ${peer.network} by ${way.kind}`;
  const silent = tried.filter(({ came }) => !came.includes("open"));
  return silent.length > 0
    ? fail(silent.map((each) => `${told(each)}: ${listed(each.came, "no answer").replace("error ", "")}`).join("; "))
    : pass([...tried.map(told), ...apart].join("; "));
}

function checkIpv4Only(seen: ClientEvidence): Verdict {
  const answer = seen.heard.dns("ipv4only");
  return judge(
    answer !== undefined && isTold(answer) && sameAddresses(answer.addresses.filter(isIpv6), ipv4OnlyArpa(seen)),
    shown(answer),
  );
}

function checkOwnView(seen: ClientEvidence): Verdict {
  const { addresses, told, said } = seen.facts.ipv4only;
  return told
    ? judge(sameAddresses(addresses, ipv4OnlyArpa(seen)), listed(addresses, "no AAAA"))
    : fail(said || "it says nothing");
}

/** A closed door is silent, and so is a gateway that cannot be reached: something else has to be heard of it. */
function checkSsh({ heard, lab }: ClientEvidence): Verdict {
  const said = heard.of("ssh");
  if (said.includes("open")) return fail("open");
  const noWay = said.find((each) => each.endsWith("unreachable"));
  if (noWay !== undefined) return skip(`it could not be tried: ${noWay.replace("error ", "")}`);
  // By IPv4 alone nobody is pinged, and the resolver is asked at the same address.
  return heard.answered(`neighbour-${lab.gateway.name}`) || heard.dns("ipv4only") !== undefined
    ? pass(listed(said, "no answer"))
    : skip("nothing at all is heard of the gateway: silence proves nothing");
}

/** Where the packet went that is administratively prohibited (RFC 4443 section 3.1: code 1), which is in the message. */
function refusedIn(packet: string): string | undefined {
  const [header, destination] = [40, 24];
  const invoking = (header + 8 + destination) * 2;
  return packet.slice(header * 2, header * 2 + 4) === "0101"
    ? hexAddress(packet.slice(invoking, invoking + 32))
    : undefined;
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

function shown(answer: DnsAnswer | undefined): string {
  return answer === undefined ? "no answer" : listed(answer.addresses, `no address (RCODE ${answer.rcode})`);
}

function checkDns64(seen: ClientEvidence): Verdict {
  const { promised } = seen.lab;
  const [aaaa, a] = [seen.heard.dns("host-aaaa"), seen.heard.dns("host-a")];
  const inside = (aaaa?.addresses ?? []).filter((address) => isAddressInPrefix(address, promised.nat64.prefix));
  const evidence = `${new URL(seen.content.url).hostname}: ${shown(aaaa)}`;
  if (aaaa !== undefined && aaaa.addresses.length > inside.length && !promised.synthesizeAll) {
    return warn(
      `${evidence}: it has IPv6 of its own and the uplink carries it, so DNS64 was not seen at work`,
      "Set verify.url to something of an IPv4-only host.",
    );
  }
  const expected = (a?.addresses ?? []).map((ipv4) => embedIpv4(promised.nat64.prefix, ipv4));
  return judge(inside.length > 0 && sameAddresses(aaaa?.addresses ?? [], expected), evidence);
}

function checkFreshName(seen: ClientEvidence): Verdict {
  const answer = seen.heard.dns("fresh");
  if (answer === undefined) return fail("no answer");
  return judge(isTold(answer), isTold(answer) ? "answered" : `RCODE ${answer.rcode}`);
}

function checkPing({ pinged, fetch, uplinkCarriesPings, lab }: ClientEvidence): Verdict {
  if (!isAddressInPrefix(fetch.remote, lab.promised.nat64.prefix)) {
    return skip("no content came, so no address to ping is known");
  }
  if (pinged) {
    return pass(`echo reply from ${fetch.remote}`);
  }
  return uplinkCarriesPings === false
    ? skip("the gateway's own IPv4 pings of that host are not answered either: the uplink carries no ICMP echo")
    : fail(`no echo reply from ${fetch.remote}`);
}

function checkFetch({ lab, fetch }: ClientEvidence): Verdict {
  const { ok, status, bytes, remote, said, url } = fetch;
  return ok && isAddressInPrefix(remote, lab.promised.nat64.prefix)
    ? pass(`${bytes} bytes of ${url} from ${remote}`)
    : fail(status === 0 ? said : `HTTP status ${status} from ${remote}`);
}

function checkSession(seen: ClientEvidence): Verdict {
  const { localPort, remote } = seen.fetch;
  return foundSession(seen, localPort, remote);
}

/** The session of a connection from a port of the client's to an address inside the NAT64 prefix. */
function foundSession(seen: ClientEvidence, port: string, remote: string): Verdict {
  const { lab, access, sessions } = seen;
  const { prefix } = lab.promised.nat64;
  const session = sessions.find(
    ({ protocol, client, serverIpv6 }) =>
      protocol === "TCP" &&
      isOwn(seen, client.address) &&
      client.id === port &&
      sameAddress(serverIpv6.address, remote),
  );
  if (session === undefined) {
    return fail(`${sessions.length} sessions, none of ${addressesOf(access).join(", ")} to ${remote || prefix}`);
  }
  const { client, ipv4, server } = session;
  return sameAddress(embedIpv4(prefix, server.address), remote)
    ? pass(
        `${client.address}#${client.id} -> ${session.serverIpv6.address} is ${ipv4.address}#${ipv4.id} -> ${server.address}#${server.id}`,
      )
    : fail(`${server.address} is not what ${remote} stands for`);
}

function isOwn({ facts }: ClientEvidence, address: string): boolean {
  return facts.addresses.some((own) => own.scope === "global" && sameAddress(own.address, address));
}

/** This look's discard datagrams that the translator took. */
function datagrams(seen: ClientEvidence): SessionFact[] {
  return seen.sessions.filter(({ protocol, client }) => protocol === "UDP" && client.id === String(seen.port));
}

/** Whether the translator took one of them that the client sent from its own address. */
function arrives(seen: ClientEvidence, at: string): boolean {
  return datagrams(seen).some(
    ({ client, serverIpv6 }) => isOwn(seen, client.address) && sameAddress(serverIpv6.address, at),
  );
}

/** A datagram to the server of the content shows that what is sent arrives: without it no silence proves anything. */
function passIfAnyArrives(seen: ClientEvidence, evidence: string): Verdict {
  return arrives(seen, seen.fetch.remote)
    ? pass(evidence)
    : skip("no packet is translated at all, as seen above: that these are not proves nothing");
}

function checkDenied(seen: ClientEvidence): Verdict {
  const denied = deniedDestinations(seen.lab);
  const list = (some: typeof denied): string => some.map(({ ipv4 }) => ipv4).join(", ");
  const translated = denied.filter(({ ipv6 }) => arrives(seen, ipv6));
  return translated.length > 0
    ? fail(`a packet to ${list(translated)} went through`)
    : passIfAnyArrives(seen, list(denied) || "none is denied");
}

function checkSpoofed(seen: ClientEvidence): Verdict {
  const strangers = datagrams(seen).filter(
    ({ client, serverIpv6 }) =>
      sameAddress(serverIpv6.address, seen.fetch.remote) &&
      !isAddressInPrefix(client.address, seen.network.ipv6?.prefix ?? "::/128"),
  );
  return strangers.length > 0
    ? fail(`a packet from ${distinct(strangers.map(({ client }) => client.address))} went through`)
    : passIfAnyArrives(seen, "neither a foreign nor a link-local source was");
}
