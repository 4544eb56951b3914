/** What the network tells a client, and what the client has made of it. */
import { isAddressBetween, sameAddress, sameAddresses } from "../addresses";
import type { PromisedPlan } from "../access";
import { type Heard, kinds } from "../questions";
import { plannedAdvertisement, readAdvertisement } from "../wire/advertisement";
import { type Dhcpv6Answer, readDhcpv6 } from "../wire/dhcpv6";
import { type Check, distinct, fail, judge, listed, noneOf, pass, skip, type Verdict } from "./check";
import { type ClientEvidence, learnAgain, look, putBack } from "./evidence";

export const clientNetworkChecks: readonly Check<ClientEvidence>[] = [
  {
    title: "only the gateway answers as a router",
    judge: checkRouters,
    remedy: (seen) => `Is radvd running? ${putBack(seen)}`,
  },
  { title: "the router advertisements say what was planned", judge: checkAdvertisements },
  {
    title: ({ access }) => `the address ${access.address} is in use, and no other one is preferred`,
    judge: checkAddress,
    remedy: learnAgain,
  },
  {
    title: "no other machine on the segment has its address",
    judge: checkDuplicate,
    remedy: () => "Take the address away from the machine with that MAC.",
  },
  { title: "there is no IPv4 address and no IPv4 route", judge: checkNoIpv4, remedy: learnAgain },
  {
    title: "the default route is the gateway's alone, learned from its advertisements",
    judge: checkDefaultRoute,
    remedy: learnAgain,
  },
  {
    title: "the MTU is the planned one",
    judge: ({ facts, lab }) => judge(facts.mtu === lab.promised.lan.mtu, String(facts.mtu)),
    remedy: learnAgain,
  },
  {
    title: "the resolver is the one that the advertisements name (RFC 8106)",
    judge: checkResolver,
    remedy: learnResolver,
  },
  {
    title: ({ lab }) => `the search domains are ${listed(lab.promised.searchDomains, "none")}`,
    judge: checkSearchDomains,
    remedy: learnResolver,
  },
  {
    title: ({ lab }) =>
      lab.promised.routerAdvertisements.pref64 === undefined
        ? "no NAT64 prefix is known from the advertisements"
        : "the NAT64 prefix is known from the advertisements (RFC 8781)",
    judge: checkPref64,
    remedy: learnAgain,
  },
  {
    title: ({ lab }) => `DHCPv6 is ${lab.promised.dhcpv6.mode}`,
    judge: checkDhcpv6,
    remedy: (seen) => `Is Kea running? ${putBack(seen)}`,
  },
];

/** The planned address, and one more where DHCPv6 gives one beside SLAAC's. */
function ownAddresses({ lab, access }: ClientEvidence): string[] {
  const reserved = reservation(lab.promised, access.lanMac);
  return reserved === undefined ? [access.address] : [access.address, reserved];
}

function reservation({ dhcpv6 }: PromisedPlan, mac: string): string | undefined {
  return dhcpv6.mode === "stateful" ? dhcpv6.reservations.find((each) => each.mac === mac)?.address : undefined;
}

function checkAddress(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const own = facts.addresses.filter(({ family, scope }) => family === "inet6" && scope === "global");
  const planned = own.find(({ address }) => sameAddress(address, seen.access.address));
  const evidence = listed(
    own.map(
      ({ address, usable, preferred }) =>
        `${address}${usable ? (preferred ? "" : " (deprecated)") : " (duplicate or tentative)"}`,
    ),
    "no global IPv6 address",
  );
  const expected = ownAddresses(seen);
  const foreign = own.filter(
    ({ address, preferred }) => preferred && !expected.some((known) => sameAddress(known, address)),
  );
  if (planned === undefined || !planned.usable || !planned.preferred || foreign.length > 0) {
    return fail(evidence);
  }
  // Without a way there it has none, which is the next checks' business.
  const { source } = facts;
  return judge(
    source === "" || expected.some((known) => sameAddress(known, source)),
    `${evidence}; ${source || "nothing"} speaks to the NAT64 prefix`,
  );
}

function checkDuplicate({ heard, access }: ClientEvidence): Verdict {
  const others = heard
    .packets(kinds.neighbourAdvertisement)
    .filter(({ mac, packet }) => mac !== access.lanMac && speaksOf(packet, access.address));
  return noneOf(
    others.map(({ mac }) => `${access.address} is also at ${mac}`),
    "nobody else answers for it",
  );
}

/** Whether a neighbour advertisement's target (RFC 4861 section 4.4) is an address. */
function speaksOf(packet: string, address: string): boolean {
  const target = packet.slice(48 * 2, 64 * 2);
  return sameAddress(target.replaceAll(/.{4}(?!$)/g, "$&:"), address);
}

function checkNoIpv4({ facts }: ClientEvidence): Verdict {
  const ipv4 = facts.addresses.filter(({ family, device }) => family === "inet" && device !== "lo");
  return ipv4.length === 0 && facts.ipv4Routes === 0
    ? pass("none")
    : fail(
        `${listed(
          ipv4.map(({ address, device }) => `${address} on ${device}`),
          "no address",
        )}; ${facts.ipv4Routes} IPv4 routes`,
      );
}

function checkDefaultRoute({ lab, facts: { defaultRoutes } }: ClientEvidence): Verdict {
  const { router, routerAdvertisements } = lab.promised;
  const evidence = listed(
    defaultRoutes.map(({ gateway, dev, protocol }) => `${gateway} dev ${dev} (${protocol})`),
    "no default route",
  );
  return judge(
    defaultRoutes.length === (routerAdvertisements.routerLifetime === 0 ? 0 : 1) &&
      defaultRoutes.every(
        ({ gateway, dev, protocol }) => sameAddress(gateway, router.linkLocal) && dev === "lan" && protocol === "ra",
      ),
    evidence,
  );
}

function checkRouters({ heard, lab }: ClientEvidence): Verdict {
  const routers = advertisements(heard);
  const foreign = routers.filter(
    ({ router, mac }) => !sameAddress(router, lab.promised.router.linkLocal) || mac !== lab.promised.router.mac,
  );
  if (foreign.length > 0) {
    const who = foreign.map(({ router, mac }) => `${router} at ${mac}`);
    return fail(distinct(who), `Switch off the router advertisements of the machine with that MAC.`);
  }
  return routers.length > 0 ? pass(lab.promised.router.linkLocal) : fail("nobody");
}

function checkAdvertisements({ heard, lab }: ClientEvidence): Verdict {
  const own = advertisements(heard).filter(({ router }) => sameAddress(router, lab.promised.router.linkLocal));
  const planned = plannedAdvertisement(lab.promised);
  const wrong = own.find(({ says }) => says.join("\n") !== planned.join("\n"));
  if (own.length === 0) {
    return fail("the gateway does not answer a router solicitation");
  }
  return wrong === undefined
    ? pass(planned.join("; "))
    : fail(
        [
          ...planned.filter((line) => !wrong.says.includes(line)).map((line) => `missing: ${line}`),
          ...wrong.says.filter((line) => !planned.includes(line)).map((line) => `not planned: ${line}`),
        ].join("; "),
      );
}

function advertisements(heard: Heard) {
  return heard.packets(kinds.routerAdvertisement).flatMap(({ mac, packet }) => {
    const read = readAdvertisement(packet);
    return read === undefined ? [] : [{ ...read, mac }];
  });
}

function checkResolver({ facts, lab }: ClientEvidence): Verdict {
  const { servers } = lab.promised.routerAdvertisements.rdnss;
  return judge(sameAddresses(facts.dnsServers, servers), distinct(facts.dnsServers) || "none");
}

function checkSearchDomains({ facts, lab }: ClientEvidence): Verdict {
  const sorted = (domains: readonly string[]): string => distinct([...domains].sort());
  return judge(sorted(facts.searchDomains) === sorted(lab.promised.searchDomains), listed(facts.searchDomains, "none"));
}

/** What somebody set by hand stays until it is taken back; what the network said comes again by itself. */
function learnResolver(seen: ClientEvidence): string {
  return `Let it take what the network says: ${look(seen, seen.access.name, "sudo resolvectl revert lan; sudo networkctl reconfigure lan")}`;
}

function checkPref64({ facts, lab }: ClientEvidence): Verdict {
  const { pref64 } = lab.promised.routerAdvertisements;
  if (facts.pref64 === undefined) {
    return skip("this client's network manager does not tell");
  }
  const expected = pref64 === undefined ? [] : [pref64.prefix];
  return judge(
    facts.pref64.length === expected.length && facts.pref64.every((known) => expected.includes(known)),
    listed(facts.pref64, "none"),
  );
}

function checkDhcpv6(seen: ClientEvidence): Verdict {
  const { dhcpv6, router } = seen.lab.promised;
  const answers = [kinds.dhcpv6Reply, kinds.dhcpv6Advertise]
    .flatMap((kind) => seen.heard.packets(kind))
    .flatMap(({ packet }) => readDhcpv6(packet) ?? []);
  const foreign = answers.filter(({ server }) => !sameAddress(server, router.linkLocal));
  if (foreign.length > 0) {
    const who = foreign.map(({ server }) => server);
    return fail(`${distinct(who)} answers too`, "Switch off the DHCPv6 server of the machine with that address.");
  }
  switch (dhcpv6.mode) {
    case "off":
      return answers.length === 0 ? pass("no answers") : fail("the gateway answers");
    case "stateless":
    case "stateful": {
      const wrong = answers.find(
        ({ kind, dnsServers, searchDomains }) =>
          kind === "reply" &&
          !(sameAddresses(dnsServers, dhcpv6.dnsServers) && searchDomains.join() === dhcpv6.searchDomains.join()),
      );
      if (!answers.some(({ kind }) => kind === "reply")) {
        return fail("no answer to an information request");
      }
      return wrong === undefined
        ? checkLeases(seen, answers)
        : fail(`it names ${listed([...wrong.dnsServers, ...wrong.searchDomains], "nothing")}`);
    }
  }
}

function checkLeases(seen: ClientEvidence, answers: readonly Dhcpv6Answer[]): Verdict {
  const { dhcpv6 } = seen.lab.promised;
  const offered = answers.flatMap(({ addresses }) => addresses);
  if (dhcpv6.mode !== "stateful") {
    return judge(offered.length === 0, `options and ${listed(offered, "no address")}`);
  }
  const { first, last } = dhcpv6.pool;
  const reserved = reservation(seen.lab.promised, seen.access.lanMac) ?? "";
  const holds = seen.facts.addresses.some(({ address }) => sameAddress(address, reserved));
  return judge(
    holds && offered.length > 0 && offered.every((address) => isAddressBetween(address, first, last)),
    `${holds ? "gave" : "did not give"} ${reserved}, offers ${listed(offered, "no address")} to a stranger`,
  );
}
