/** What a client is told of names, by the network's resolver and by its own. */
import { embedIpv4 } from "../../plan/rfc6052";
import { isAddressInPrefix, sameAddresses } from "../addresses";
import { type DnsAnswer, isTold } from "../wire/dns";
import { type Check, fail, judge, listed, pass, skip, type Verdict, warn } from "./check";
import { type ClientEvidence, isTranslated, look, putBack, synthesizes } from "./evidence";

export const clientNameChecks: readonly Check<ClientEvidence>[] = [
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
];

/** What DNS64 makes of ipv4only.arpa, if there is one here. */
function ipv4OnlyArpa(seen: ClientEvidence): readonly string[] {
  return synthesizes(seen) ? seen.lab.promised.ipv4OnlyArpa : [];
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

function checkNoDns64({ heard, lab, content }: ClientEvidence): Verdict {
  const [aaaa, a] = [heard.dns("host-aaaa"), heard.dns("host-a")];
  const evidence = `${new URL(content.url).hostname}: ${shown(aaaa)}`;
  if (aaaa === undefined || !isTold(aaaa)) return fail(evidence);
  if (aaaa.addresses.some((address) => isTranslated(address, lab.promised))) return fail(evidence);
  return (a?.addresses ?? []).length > 0 ? pass(evidence) : skip(`${evidence}, nor IPv4 from which one could be made`);
}

function checkFreshName(seen: ClientEvidence): Verdict {
  const answer = seen.heard.dns("fresh");
  if (answer === undefined) return fail("no answer");
  return judge(isTold(answer), isTold(answer) ? "answered" : `RCODE ${answer.rcode}`);
}
