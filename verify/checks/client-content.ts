/** Whether IPv4-only content comes to a client, by every way that its network gives, and by no other. */
import { clatTranslates } from "../../plan/clat";
import { embedIpv4 } from "../../plan/rfc6052";
import { addressesOf, hasPool, type LabAccess, type PromisedPlan, whyNoPings } from "../access";
import { isAddressInPrefix, sameAddress, sameHosts } from "../addresses";
import type { FetchFact } from "../client-facts";
import type { SessionFact } from "../gateway-facts";
import { sentIpv4 } from "../questions";
import { isSimulated } from "../simulated";
import { type Check, fail, noneOf, pass, skip, type Verdict } from "./check";
import {
  arrivedAt,
  type ClientEvidence,
  isOwn,
  isTranslated,
  look,
  lookAtOwnWays,
  synthesizes,
  translates,
  withClat,
  withIpv4,
} from "./evidence";

export const clientContentChecks: readonly Check<ClientEvidence>[] = [
  {
    where: (seen) => translates(seen) && whyNoPings(seen.lab.promised) === undefined,
    title: "an IPv4 host answers a ping through NAT64",
    judge: checkPing,
  },
  {
    where: (seen) => translates(seen) && whyNoPings(seen.lab.promised) !== undefined,
    title: ({ lab }) => `no ping goes through NAT64: ${whyNoPings(lab.promised) ?? ""}`,
    judge: checkNoPing,
  },
  {
    where: translates,
    title: (seen) =>
      synthesizes(seen)
        ? "IPv4-only content comes over HTTP through DNS64 and NAT64"
        : "IPv4-only content comes over HTTP through NAT64, at the address that PREF64 gives",
    judge: checkFetch,
    remedy: contentRemedy,
  },
  {
    where: withIpv4,
    title: "IPv4-only content comes over HTTP, by IPv4",
    judge: checkIpv4Fetch,
    remedy: contentRemedy,
  },
  {
    where: (seen) => !translates(seen) && !withIpv4(seen),
    title: "IPv4-only content is out of reach: by its name, and inside the NAT64 prefix",
    judge: checkOutOfReach,
  },
  { where: translates, title: "Jool's session table shows the connection", judge: checkSession },
  { where: translates, title: "a datagram to an IPv4 host is translated", judge: checkDatagram },
  {
    where: withClat,
    title: "content comes from an IPv4 address through the CLAT",
    judge: checkClatFetch,
    remedy: contentRemedy,
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
];

function contentRemedy(seen: ClientEvidence): string {
  const { lab, content } = seen;
  const first = "What failed above comes first. If nothing did:";
  return isSimulated(lab, new URL(content.url).hostname)
    ? `${first} what of its own keeps the client from it? ${lookAtOwnWays(seen, contentAddress(seen))}`
    : `${first} can this machine itself fetch ${content.url}? If not, set verify.url to something that it can.`;
}

/** Where the content is on this network; undefined: nobody knows. */
function contentAddress(seen: ClientEvidence): string | undefined {
  const [ipv4] = seen.heard.dns("host-a")?.addresses ?? [];
  return ipv4 === undefined || withIpv4(seen) ? ipv4 : embedIpv4(seen.lab.promised.nat64.prefix, ipv4);
}

function checkPing({ pinged, fetch, uplinkCarriesPings, lab }: ClientEvidence): Verdict {
  if (!isAddressInPrefix(fetch.remote, lab.promised.nat64.prefix)) {
    return skip(nothingToPing);
  }
  if (pinged) {
    return pass(`echo reply from ${fetch.remote}`);
  }
  return uplinkCarriesPings === false ? skip(uplinkWithoutPings) : fail(`no echo reply from ${fetch.remote}`);
}

const nothingToPing = "no content came, so no address to ping is known";
const uplinkWithoutPings =
  "the gateway's own IPv4 pings of that host are not answered either: the uplink carries no ICMP echo";

/** Silence means something where the host answers others. */
function checkNoPing({ pinged, fetch, uplinkCarriesPings, lab }: ClientEvidence): Verdict {
  if (!isAddressInPrefix(fetch.remote, lab.promised.nat64.prefix)) return skip(nothingToPing);
  if (pinged) return fail(`echo reply from ${fetch.remote}`);
  if (uplinkCarriesPings === undefined) return skip("whether that host answers the gateway's own pings is not known");
  return uplinkCarriesPings
    ? pass(`no echo reply from ${fetch.remote}, which answers the gateway's own`)
    : skip(uplinkWithoutPings);
}

/**
 * Where there is DNS64, as any program comes by it: by the name. What comes from the address, which was told to it, is a hint.
 */
function checkFetch(seen: ClientEvidence): Verdict {
  const { lab, content, fetch } = seen;
  if (!synthesizes(seen) || cameBeside(seen)) return judgeFetch(lab, fetch);
  const byName = judgeFetch(lab, content);
  if (byName.status === "pass" || fetch === content) return byName;
  const atAddress = judgeFetch(lab, fetch).status === "pass" ? `from ${fetch.remote} it comes` : whyNot(fetch);
  return fail(`by its name: ${byName.evidence}; at the address that DNS64 owes it: ${atAddress}`);
}

/** Whether it came by its name from another address that the resolver tells: the host's own IPv6, or IPv4 through a CLAT. */
function cameBeside(seen: ClientEvidence): boolean {
  const { content, heard } = seen;
  const told = [heard.dns("host-aaaa"), ...(withClat(seen) ? [heard.dns("host-a")] : [])];
  return (
    content.ok &&
    !isAddressInPrefix(content.remote, seen.lab.promised.nat64.prefix) &&
    told.flatMap((answer) => answer?.addresses ?? []).some((each) => sameHosts([each], [content.remote]))
  );
}

function judgeFetch({ promised }: LabAccess, fetch: FetchFact): Verdict {
  const { ok, bytes, remote, url } = fetch;
  return ok && isAddressInPrefix(remote, promised.nat64.prefix)
    ? pass(`${bytes} bytes of ${url} from ${remote}`)
    : fail(whyNot(fetch));
}

function whyNot({ status, said, remote }: FetchFact): string {
  return status === 0 ? said : `HTTP status ${status} from ${remote}`;
}

/** By its name, in the family that the network gives it. */
function checkIpv4Fetch({ byIpv4 }: ClientEvidence): Verdict {
  if (byIpv4 === undefined) return fail("the content's IPv4 address is not known");
  const { ok, bytes, remote, url } = byIpv4;
  return ok && !remote.includes(":") ? pass(`${bytes} bytes of ${url} from ${remote}`) : fail(whyNot(byIpv4));
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

/** @param remote empty: there was no connection. */
function leadsToIpv4(remote: string, promised: PromisedPlan): boolean {
  return remote !== "" && (!remote.includes(":") || isTranslated(remote, promised));
}

/** Where no connection came about that was to be translated, none can be in the table: that is told above. */
function checkSession(seen: ClientEvidence): Verdict {
  const { localPort, remote } = seen.fetch;
  if (!isAddressInPrefix(remote, seen.lab.promised.nat64.prefix))
    return skip("no content came, so there is no connection");
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
  return sameAddress(embedIpv4(prefix, session.server.address), remote)
    ? pass(sessionInWords(session))
    : fail(`${session.server.address} is not what ${remote} stands for`);
}

function sessionInWords({ client, serverIpv6, ipv4, server }: SessionFact): string {
  return `${client.address}#${client.id} -> ${serverIpv6.address} is ${ipv4.address}#${ipv4.id} -> ${server.address}#${server.id}`;
}

/** What came by TCP says nothing of UDP, which has rules of a firewall and addresses of a pool4 of its own. */
function checkDatagram(seen: ClientEvidence): Verdict {
  const { lab, fetch, port } = seen;
  const { pool4, prefix } = lab.promised.nat64;
  if (!isAddressInPrefix(fetch.remote, prefix)) return skip("no content came, so no address to send one to is known");
  const session = arrivedAt(seen, fetch.remote);
  if (session !== undefined) return pass(sessionInWords(session));
  return hasPool(pool4, "UDP")
    ? fail(`no session of port ${port} to ${fetch.remote}`)
    : skip("nat64.pool4 has no entry for UDP");
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
