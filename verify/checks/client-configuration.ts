/** What else the network configures on a client: resolvers, search domains, the NAT64 prefix, DHCPv6. */
import { isAddressBetween, sameAddress, sameAddresses, sameHosts } from "../addresses";
import type { PromisedIpv6 } from "../access";
import { kinds } from "../questions";
import { type Dhcpv6Answer, readDhcpv6 } from "../wire/dhcpv6";
import { type Check, distinct, fail, judge, listed, pass, skip, type Verdict } from "./check";
import { type ClientEvidence, learnAgain, look, putBack, reservation, withIpv4, withIpv6 } from "./evidence";

export const clientConfigurationChecks: readonly Check<ClientEvidence>[] = [
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

function checkResolver(seen: ClientEvidence): Verdict {
  const { facts, network } = seen;
  const byDhcpv4 = withIpv4(seen) ? [network.ipv4?.gatewayAddress ?? ""] : [];
  const expected = [...(network.ipv6?.routerAdvertisements.rdnss.servers ?? []), ...byDhcpv4];
  if (sameHosts(facts.dnsServers, expected)) return pass(distinct(facts.dnsServers) || "none");
  const foreign = facts.dnsBy.find(
    ({ server, link }) => link !== "lan" && !expected.some((each) => sameHosts([each], [server])),
  );
  const evidence = distinct(facts.dnsServers) || "none";
  if (foreign === undefined) return fail(evidence);
  const { server, link } = foreign;
  return link === undefined
    ? fail(
        `${evidence}; ${server} is set for the whole machine`,
        `Take it out of the file that sets it: ${globalDns(seen)}`,
      )
    : fail(
        `${evidence}; ${server} is ${link}'s`,
        `Take it away there: ${look(seen, seen.access.name, `sudo resolvectl revert ${link}`)}`,
      );
}

/** resolved.conf(5): what no card has, in one of these. */
function globalDns(seen: ClientEvidence): string {
  const folders = ["/etc", "/run", "/usr/local/lib", "/usr/lib"].map((each) => `${each}/systemd/resolved.conf*`);
  return `${look(seen, seen.access.name, `grep -rs ^DNS= ${folders.join(" ")}`)} Then: ${look(seen, seen.access.name, "sudo systemctl restart systemd-resolved")}`;
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
  if (facts.managerHangs) return fail("systemd-networkd does not answer (networkctl status lan)");
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
