/** What a client must not reach: denied destinations, other sources, the translator where there is none, SSH on the gateway. */
import { isAddressInPrefix, sameAddress } from "../addresses";
import { atOnce, deniedDestinations, kinds, loginNames, refusedDestinations } from "../questions";
import { hexAddress } from "../wire/hex";
import { type Check, distinct, fail, listed, noneOf, pass, skip, type Verdict } from "./check";
import { arrivedAt, type ClientEvidence, datagrams, isOwn, translates, withIpv6 } from "./evidence";

export const clientClosedChecks: readonly Check<ClientEvidence>[] = [
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

/** A datagram to the server of the content shows that what is sent arrives: without it no silence proves anything. */
function passIfAnyArrives(seen: ClientEvidence, evidence: string): Verdict {
  return arrivedAt(seen, seen.fetch.remote) === undefined
    ? skip("no datagram is translated at all, as seen above: that these are not proves nothing")
    : pass(evidence);
}

function checkDenied(seen: ClientEvidence): Verdict {
  const denied = deniedDestinations(seen.lab);
  const list = (some: typeof denied): string => some.map(({ ipv4 }) => ipv4).join(", ");
  const translated = denied.filter(({ ipv6 }) => arrivedAt(seen, ipv6) !== undefined);
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

/** Where the packet went that is administratively prohibited (RFC 4443 section 3.1: code 1), which is in the message. */
function refusedIn(packet: string): string | undefined {
  const [header, destination] = [40, 24];
  const invoking = (header + 8 + destination) * 2;
  return packet.slice(header * 2, header * 2 + 4) === "0101"
    ? hexAddress(packet.slice(invoking, invoking + 32))
    : undefined;
}

/** A closed door is silent, and so is a gateway that cannot be reached: something else has to be heard of it. */
function checkSsh({ heard, lab }: ClientEvidence): Verdict {
  const [here, elsewhere] = [heard.of(loginNames.here), heard.of(loginNames.elsewhere)];
  if ([...here, ...elsewhere].includes("open")) return fail("open");
  // To a network from which no way leads to the others none is tried in vain.
  const noWay = here.find((each) => each.startsWith(atOnce) || each.endsWith("unreachable"));
  if (noWay !== undefined) return skip(`it could not be tried: ${noWay.replace(/^error (at once )?/, "")}`);
  // By IPv4 alone nobody is pinged, and the resolver is asked at the same address.
  return heard.answered(`neighbour-${lab.gateway.name}`) || heard.dns("ipv4only") !== undefined
    ? pass(listed([...new Set([...here, ...elsewhere])], "no answer"))
    : skip("nothing at all is heard of the gateway: silence proves nothing");
}
