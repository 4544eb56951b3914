/** What the network tells a client, and what the client has made of it. */
import { clatAddresses, clatDevice } from "../../plan/clat";
import { containsAddress, parseIpv4, parseIpv4Prefix } from "../../plan/prefix";
import { isAddressBetween, sameAddress, sameAddresses, sameHosts } from "../addresses";
import { announcesDeprecated, defaultRouters, nativeIpv4, type PromisedIpv6, type PromisedNetwork } from "../access";
import { clatOf } from "../client-facts";
import { type Heard, kinds } from "../questions";
import { plannedAdvertisement, readAdvertisement } from "../wire/advertisement";
import { type Dhcpv6Answer, readDhcpv6 } from "../wire/dhcpv6";
import { hexAddress } from "../wire/hex";
import { type Check, distinct, fail, judge, listed, noneOf, pass, skip, type Verdict } from "./check";
import { type ClientEvidence, learnAgain, look, putBack, withClat, withIpv4, withIpv6 } from "./evidence";

export const clientNetworkChecks: readonly Check<ClientEvidence>[] = [
  {
    title: ({ network }) =>
      network.ipv6 === undefined ? "nobody answers as a router" : "only the gateway answers as a router",
    judge: checkRouters,
    remedy: (seen) => `Is radvd running? ${putBack(seen)}`,
  },
  { where: withIpv6, title: "the router advertisements say what was planned", judge: checkAdvertisements },
  {
    where: withIpv6,
    title: (seen) => {
      const leased = leasedBeside(seen);
      const deprecated = announcesDeprecated(seen.network) ? ", deprecated as it is announced" : "";
      const beside = leased === undefined ? "" : ` but ${leased}, which DHCPv6 leases,`;
      return `the address ${plannedIpv6(seen)} is in use${deprecated}, and no other one${beside} is preferred`;
    },
    judge: checkAddress,
    remedy: learnAgain,
  },
  {
    where: (seen) => !withIpv6(seen),
    title: "there is no IPv6 address beyond the link, and no IPv6 default route",
    judge: checkNoIpv6,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: "no other machine on the segment has its address",
    judge: checkDuplicate,
    remedy: () => "Take the address away from the machine with that MAC.",
  },
  {
    where: (seen) => !withIpv4(seen),
    title: (seen) => `there is no IPv4 address and no IPv4 route${withClat(seen) ? " but the CLAT's" : ""}`,
    judge: checkNoIpv4,
    remedy: learnAgain,
  },
  {
    where: withClat,
    title: `the CLAT has an address of ${clatAddresses} (RFC 7335) and the IPv4 default route`,
    judge: checkClat,
    remedy: clatRemedy,
  },
  {
    where: (seen) => seen.access.clat && !withClat(seen),
    title: (seen) =>
      `no CLAT runs: ${withIpv4(seen) ? "the network has IPv4 of its own" : "there is no translator to be found"}`,
    judge: checkNoClat,
    remedy: clatRemedy,
  },
  {
    where: withIpv4,
    title: (seen) =>
      `the IPv4 address ${nativeIpv4(seen.access, seen.network) ?? ""} is in use, and the gateway is its router`,
    judge: checkIpv4,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: ({ network }) =>
      defaultRouters(network).length === 0
        ? "there is no IPv6 default route: the gateway does not offer itself as a router"
        : "the default route is the gateway's alone, learned from its advertisements",
    judge: checkDefaultRoute,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: "the MTU is the planned one",
    judge: ({ facts, network }) => judge(facts.mtu === network.mtu, String(facts.mtu)),
    remedy: learnAgain,
  },
  {
    title: (seen) => {
      if (!withIpv6(seen)) return "the resolver is the one that DHCPv4 names";
      return withIpv4(seen)
        ? "the resolvers are those that the advertisements (RFC 8106) and DHCPv4 name"
        : "the resolver is the one that the advertisements name (RFC 8106)";
    },
    judge: checkResolver,
    remedy: learnResolver,
  },
  {
    title: ({ network }) => `the search domains are ${listed(network.searchDomains, "none")}`,
    judge: checkSearchDomains,
    remedy: learnResolver,
  },
  {
    where: withIpv6,
    title: ({ network }) =>
      network.ipv6?.routerAdvertisements.pref64 === undefined
        ? "no NAT64 prefix is known from the advertisements"
        : "the NAT64 prefix is known from the advertisements (RFC 8781)",
    judge: checkPref64,
    remedy: learnAgain,
  },
  {
    title: ({ network }) => `DHCPv6 is ${network.ipv6?.dhcpv6.mode ?? "off"}`,
    judge: checkDhcpv6,
    remedy: (seen) => `Is Kea running? ${putBack(seen)}`,
  },
];

function plannedIpv6({ access, network }: ClientEvidence): string {
  return access.addresses[network.name]?.ipv6 ?? "";
}

function checkNoIpv6({ facts }: ClientEvidence): Verdict {
  const addresses = facts.addresses.filter(({ family, scope }) => family === "inet6" && scope === "global");
  return addresses.length === 0 && facts.defaultRoutes.length === 0
    ? pass("none")
    : fail(
        `${listed(
          addresses.map(({ address, device }) => `${address} on ${device}`),
          "no address",
        )}; ${facts.defaultRoutes.length} IPv6 default routes`,
      );
}

function checkIpv4(seen: ClientEvidence): Verdict {
  const { facts, network } = seen;
  const planned = nativeIpv4(seen.access, network);
  const own = facts.addresses.filter(({ family, device }) => family === "inet" && device !== "lo");
  const defaults = facts.ipv4Routes.filter(({ dst }) => dst === "default");
  const routes = defaults.map(({ gateway, dev }) => `${gateway} dev ${dev}`);
  const [route] = defaults;
  return judge(
    own.length === 1 &&
      own[0]?.address === planned &&
      defaults.length === 1 &&
      route?.gateway === network.ipv4?.gatewayAddress,
    `${listed(
      own.map(({ address, device }) => `${address} on ${device}`),
      "no address",
    )}; ${listed(routes, "no default route")}`,
  );
}

/** The address that DHCPv6 gives beside SLAAC's, which is the planned one; undefined: it gives none, or the planned one. */
function leasedBeside(seen: ClientEvidence): string | undefined {
  const reserved = reservation(seen.network, seen.access.lanMac);
  return reserved === undefined || sameAddress(reserved, plannedIpv6(seen)) ? undefined : reserved;
}

function reservation({ ipv6 }: PromisedNetwork, mac: string): string | undefined {
  const dhcpv6 = ipv6?.dhcpv6;
  return dhcpv6?.mode === "stateful" ? dhcpv6.reservations.find((each) => each.mac === mac)?.address : undefined;
}

function checkAddress(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const own = facts.addresses.filter(({ family, scope }) => family === "inet6" && scope === "global");
  const planned = own.find(({ address }) => sameAddress(address, plannedIpv6(seen)));
  const evidence = listed(
    own.map(
      ({ address, usable, preferred }) =>
        `${address}${usable ? (preferred ? "" : " (deprecated)") : " (duplicate or tentative)"}`,
    ),
    "no global IPv6 address",
  );
  const leased = leasedBeside(seen);
  const expected = [plannedIpv6(seen), ...(leased === undefined ? [] : [leased])];
  const foreign = own.filter(
    ({ address, preferred }) => preferred && !expected.some((known) => sameAddress(known, address)),
  );
  const isRight = planned?.usable === true && planned.preferred !== announcesDeprecated(seen.network);
  if (!isRight || foreign.length > 0) {
    return fail(evidence);
  }
  // Without a way there it has none, which is the next checks' business.
  const { source } = facts;
  return judge(
    source === "" || expected.some((known) => sameAddress(known, source)),
    `${evidence}; ${source || "nothing"} speaks to the NAT64 prefix`,
  );
}

function checkDuplicate(seen: ClientEvidence): Verdict {
  const planned = plannedIpv6(seen);
  const others = seen.heard
    .packets(kinds.neighbourAdvertisement)
    .filter(({ mac, packet }) => mac !== seen.access.lanMac && speaksOf(packet, planned));
  return noneOf(
    others.map(({ mac }) => `${planned} is also at ${mac}`),
    "nobody else answers for it",
  );
}

/** Whether a neighbour advertisement's target (RFC 4861 section 4.4) is an address. */
function speaksOf(packet: string, address: string): boolean {
  return sameAddress(hexAddress(packet.slice(48 * 2, 64 * 2)), address);
}

function checkNoIpv4(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const others = withClat(seen) ? ["lo", clatDevice] : ["lo"];
  const ipv4 = facts.addresses.filter(({ family, device }) => family === "inet" && !others.includes(device));
  const routes = facts.ipv4Routes.filter(({ dev }) => !others.includes(dev));
  return ipv4.length === 0 && routes.length === 0
    ? pass("none")
    : fail(
        `${listed(
          ipv4.map(({ address, device }) => `${address} on ${device}`),
          "no address",
        )}; ${routes.length} IPv4 routes`,
      );
}

function shownClat({ facts }: ClientEvidence): string {
  const { addresses, defaultRoutes } = clatOf(facts);
  const own = listed(
    addresses.map(({ address }) => address),
    "no address",
  );
  return `${own} on ${clatDevice}; ${defaultRoutes === 0 ? "no" : defaultRoutes} default route`;
}

function checkClat(seen: ClientEvidence): Verdict {
  const { addresses, defaultRoutes } = clatOf(seen.facts);
  const block = parseIpv4Prefix(clatAddresses);
  const right = addresses.every(({ address }) => containsAddress(block, parseIpv4(address)));
  return judge(addresses.length === 1 && right && defaultRoutes === 1, shownClat(seen));
}

function checkNoClat(seen: ClientEvidence): Verdict {
  const { addresses, defaultRoutes } = clatOf(seen.facts);
  return addresses.length + defaultRoutes === 0 ? pass("none") : fail(shownClat(seen));
}

/** What runs it says what it finds. */
function clatRemedy(seen: ClientEvidence): string {
  return `It tells why: ${look(seen, seen.access.name, "journalctl -b -u clatd -u ipv6-only-lab-clat")}`;
}

function checkDefaultRoute({ network, facts: { defaultRoutes } }: ClientEvidence): Verdict {
  const routers = defaultRouters(network);
  const evidence = listed(
    defaultRoutes.map(({ gateway, dev, protocol }) => `${gateway} dev ${dev} (${protocol})`),
    "no default route",
  );
  return judge(
    defaultRoutes.length === routers.length &&
      defaultRoutes.every(
        ({ gateway, dev, protocol }) =>
          routers.some((router) => sameAddress(gateway, router)) && dev === "lan" && protocol === "ra",
      ),
    evidence,
  );
}

function checkRouters({ heard, network: { router: own, ipv6 } }: ClientEvidence): Verdict {
  const routers = advertisements(heard);
  const foreign = routers.filter(
    ({ router, mac }) => ipv6 === undefined || !sameAddress(router, own.linkLocal) || mac !== own.mac,
  );
  if (foreign.length > 0) {
    const who = foreign.map(({ router, mac }) => `${router} at ${mac}`);
    return fail(distinct(who), `Switch off the router advertisements of the machine with that MAC.`);
  }
  if (ipv6 === undefined) return pass("nobody");
  return routers.length > 0 ? pass(own.linkLocal) : fail("nobody");
}

function checkAdvertisements({ heard, network }: ClientEvidence): Verdict {
  const own = advertisements(heard).filter(({ router }) => sameAddress(router, network.router.linkLocal));
  const planned = plannedAdvertisement(network);
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

function checkResolver(seen: ClientEvidence): Verdict {
  const { facts, network } = seen;
  const byDhcpv4 = withIpv4(seen) ? [network.ipv4?.gatewayAddress ?? ""] : [];
  const expected = [...(network.ipv6?.routerAdvertisements.rdnss.servers ?? []), ...byDhcpv4];
  return judge(sameHosts(facts.dnsServers, expected), distinct(facts.dnsServers) || "none");
}

function checkSearchDomains({ facts, network }: ClientEvidence): Verdict {
  if (!facts.resolverTells) return fail("its resolver's list cannot be read");
  const sorted = (domains: readonly string[]): string => distinct([...domains].sort());
  return judge(sorted(facts.searchDomains) === sorted(network.searchDomains), listed(facts.searchDomains, "none"));
}

/** What somebody set by hand stays until it is taken back; what the network said comes again by itself. */
function learnResolver(seen: ClientEvidence): string {
  return `Let it take what the network says: ${look(seen, seen.access.name, "sudo resolvectl revert lan; sudo networkctl reconfigure lan")}`;
}

function checkPref64({ facts, network }: ClientEvidence): Verdict {
  const pref64 = network.ipv6?.routerAdvertisements.pref64;
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
  const { ipv6, router } = seen.network;
  const dhcpv6 = ipv6?.dhcpv6 ?? { mode: "off" };
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
        ? checkLeases(seen, dhcpv6, answers)
        : fail(`it names ${listed([...wrong.dnsServers, ...wrong.searchDomains], "nothing")}`);
    }
  }
}

function checkLeases(seen: ClientEvidence, dhcpv6: PromisedIpv6["dhcpv6"], answers: readonly Dhcpv6Answer[]): Verdict {
  const offered = answers.flatMap(({ addresses }) => addresses);
  if (dhcpv6.mode !== "stateful") {
    return judge(offered.length === 0, `options and ${listed(offered, "no address")}`);
  }
  const { first, last } = dhcpv6.pool;
  const reserved = reservation(seen.network, seen.access.lanMac) ?? "";
  const holds = seen.facts.addresses.some(({ address }) => sameAddress(address, reserved));
  return judge(
    holds && offered.length > 0 && offered.every((address) => isAddressBetween(address, first, last)),
    `${holds ? "gave" : "did not give"} ${reserved}, offers ${listed(offered, "no address")} to a stranger`,
  );
}
