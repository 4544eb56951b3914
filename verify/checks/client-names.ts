/** What a client is told of names, by the network's resolver and by its own. */
import { embedIpv4, extractIpv4, possibleIpv4s } from "../../plan/rfc6052";
import type { LabAccess, PromisedPlan } from "../access";
import { isAddressInPrefix, sameAddress, sameAddresses, sameHosts } from "../addresses";
import { isSimulated, simulatedHost } from "../simulated";
import { isTold } from "../wire/dns";
import { type Check, fail, judge, listed, pass, skip, type Verdict, warn } from "./check";
import { type ClientEvidence, isTranslated, look, putBack, synthesizes, withIpv4, withIpv6 } from "./evidence";

export const clientNameChecks: readonly Check<ClientEvidence>[] = [
  {
    title: (seen) =>
      synthesizes(seen)
        ? "ipv4only.arpa leads to the NAT64 prefix (RFC 7050)"
        : "ipv4only.arpa has no AAAA record: there is no DNS64 (RFC 7050)",
    judge: checkIpv4Only,
    remedy: (seen) =>
      seen.heard.of("ipv4only").some(isError)
        ? "The client itself does not get to the resolver: what failed above comes first."
        : `unbound on the gateway answers this name itself. ${putBack(seen)}`,
  },
  {
    title: "the resolver says the same over TCP (RFC 7766)",
    judge: (seen) => saysTheSame(seen, "ipv4only-tcp"),
    remedy: (seen) =>
      `An answer that is too long for a datagram is asked for again by TCP: names with many records do not resolve. ${putBack(seen)}`,
  },
  {
    where: (seen) => withIpv4(seen) && withIpv6(seen),
    title: "the resolver says the same at its IPv4 address",
    judge: (seen) => saysTheSame(seen, "ipv4only-by-ipv4"),
  },
  {
    title: "the client's own resolver says the same of ipv4only.arpa",
    judge: checkOwnView,
    remedy: (seen) =>
      `Is it still working? ${look(seen, seen.access.name, "sudo systemctl restart systemd-resolved; resolvectl status")}`,
  },
  {
    title: "programs are told of the content's host what the resolver says",
    judge: checkPrograms,
    remedy: (seen) =>
      `Programs ask whom it names: ${look(seen, seen.access.name, "grep ^hosts: /etc/nsswitch.conf; cat /etc/resolv.conf; resolvectl status")}`,
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
      seen.heard.dns("ipv4only") === undefined
        ? "The resolver answers nothing at all: see above."
        : `The forwarders do not answer: is dns.forwarders right, and does this machine's own DNS work? ${putBack(seen)}`,
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
    said(seen, "ipv4only"),
  );
}

/** As by UDP, at the address that is asked first. */
function saysTheSame(seen: ClientEvidence, name: string): Verdict {
  const [first, other] = [seen.heard.dns("ipv4only"), seen.heard.dns(name)];
  const evidence = said(seen, name);
  if (first === undefined) return skip(`where it is asked first it does not answer; here: ${evidence}`);
  return judge(other?.rcode === first.rcode && sameAddresses(other.addresses, first.addresses), evidence);
}

function checkOwnView(seen: ClientEvidence): Verdict {
  const { addresses, told, said: why } = seen.facts.ipv4only;
  return told
    ? judge(sameAddresses(addresses, ipv4OnlyArpa(seen)), listed(addresses, "no AAAA"))
    : fail(why || "it says nothing");
}

/** The resolver's word is no program's: nsswitch.conf(5) may lead past it, and /etc/hosts speaks before it. */
function checkPrograms(seen: ClientEvidence): Verdict {
  const { heard, facts, content, access, lab } = seen;
  const host = new URL(content.url).hostname;
  if (facts.pinned.length > 0)
    return fail(
      `/etc/hosts says that ${host} is ${facts.pinned.join(", ")}`,
      `Take the line away: ${look(seen, access.name, `grep -n ${host} /etc/hosts`)}`,
    );
  const answers = [heard.dns("host-aaaa"), heard.dns("host-a")];
  if (!answers.every((answer) => answer !== undefined && isTold(answer)))
    return skip("the resolver itself does not tell what there is");
  const told = answers.flatMap((answer) => answer?.addresses ?? []);
  const { addresses, said: why } = facts.programs;
  const evidence = `${host}: ${listed(addresses, why)}`;
  // Who serves from many places tells others each time, and caches keep them for a while.
  const mayRotate = !isSimulated(lab, host) && sameKinds(addresses, told, lab.promised);
  return sameHosts(addresses, told) || mayRotate
    ? pass(evidence)
    : fail(`${evidence}; the resolver says ${listed(told, "no address")}`);
}

/** Whether there are addresses of the same families among them, synthesized ones apart. */
function sameKinds(some: readonly string[], others: readonly string[], promised: PromisedPlan): boolean {
  const [one = "", other = ""] = [some, others].map((addresses) => {
    const kinds = addresses.map((each) =>
      isTranslated(each, promised) ? "synthesized" : isIpv6(each) ? "IPv6" : "IPv4",
    );
    return [...new Set(kinds)].sort().join(" ");
  });
  return one === other;
}

function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** What came of a question: an answer, or why there is none. */
function said({ heard }: ClientEvidence, name: string): string {
  const answer = heard.dns(name);
  if (answer !== undefined) return listed(answer.addresses, `no address (RCODE ${answer.rcode})`);
  const error = heard.of(name).find(isError);
  return error?.replace(/^error (at once )?/, "") ?? "no answer";
}

function isError(what: string): boolean {
  return what.startsWith("error ");
}

function checkDns64(seen: ClientEvidence): Verdict {
  const { promised } = seen.lab;
  const { prefix } = promised.nat64;
  const [aaaa, a] = [seen.heard.dns("host-aaaa"), seen.heard.dns("host-a")];
  const [told, ipv4s] = [aaaa?.addresses ?? [], a?.addresses ?? []];
  const host = new URL(seen.content.url).hostname;
  const evidence = `${host}: ${said(seen, "host-aaaa")}`;
  const outside = told.filter((address) => !isAddressInPrefix(address, prefix));
  if (outside.some((address) => possibleIpv4s(address).some((each) => ipv4s.includes(each))))
    return fail(`${evidence}: synthesized with another prefix than ${prefix}`);
  if (outside.length > 0 && mayHaveIpv6(seen.lab, host)) {
    return warn(
      `${evidence}: it has IPv6 of its own and the uplink carries it, so DNS64 was not seen at work`,
      "Set verify.url to something of an IPv4-only host.",
    );
  }
  const expected = ipv4s.map((ipv4) => embedIpv4(prefix, ipv4));
  // Who serves from many places may have told other IPv4 addresses, a moment before.
  const mayRotate = !isSimulated(seen.lab, host) && ipv4s.length > 0 && told.every((each) => isEmbedded(each, prefix));
  return judge(told.length > outside.length && (mayRotate || sameAddresses(told, expected)), evidence);
}

/** Whether an IPv6 address is in a NAT64 prefix, and all of it comes of an IPv4 address (RFC 6052 section 2.2). */
function isEmbedded(address: string, prefix: string): boolean {
  return isAddressInPrefix(address, prefix) && sameAddress(embedIpv4(prefix, extractIpv4(prefix, address)), address);
}

/** Whether an address that is not synthesized may be the host's own. */
function mayHaveIpv6(lab: LabAccess, host: string): boolean {
  const simulated = simulatedHost(lab, host);
  return !lab.promised.synthesizeAll && (simulated === undefined || simulated.aaaa.length > 0);
}

function checkNoDns64(seen: ClientEvidence): Verdict {
  const { heard, lab, content } = seen;
  const [aaaa, a] = [heard.dns("host-aaaa"), heard.dns("host-a")];
  const evidence = `${new URL(content.url).hostname}: ${said(seen, "host-aaaa")}`;
  if (aaaa === undefined || !isTold(aaaa)) return fail(evidence);
  if (aaaa.addresses.some((address) => isTranslated(address, lab.promised))) return fail(evidence);
  return (a?.addresses ?? []).length > 0 ? pass(evidence) : skip(`${evidence}, nor IPv4 from which one could be made`);
}

function checkFreshName(seen: ClientEvidence): Verdict {
  const answer = seen.heard.dns("fresh");
  if (answer === undefined) return fail(said(seen, "fresh"));
  return judge(isTold(answer), isTold(answer) ? "answered" : `RCODE ${answer.rcode}`);
}
