/** Whether a client that has come to a network has what the network gives: seen on the client alone, in a second or two. */
import { setTimeout as sleep } from "node:timers/promises";
import { containsPrefix, parseIpv4Prefix } from "../plan/prefix";
import {
  announcesDeprecated,
  type ClientAccess,
  defaultRouters,
  type LabAccess,
  nativeIpv4,
  type PromisedNetwork,
  runsClat,
} from "./access";
import { sameAddress, sameHosts } from "./addresses";
import { learnAgain } from "./checks/evidence";
import { clatOf, type NetworkFacts } from "./client-facts";
import { type Asked, networkFacts } from "./facts";
import type { CheckResult } from "./report";

/**
 * Seconds that a client may take to have what a network gives, once everybody can be talked to. `usual`: a DHCPv6 server that
 * was not there yet is asked again only after a while (RFC 8415 section 15). `withClat`: clatd starts dozens of programs,
 * which on a busy emulated machine takes a minute.
 */
export const settlingTime = { usual: 30, withClat: 120 } as const;

/**
 * Milliseconds between two looks, the first and the longest: an emulated client that is asked all the time has less time
 * to come.
 */
const pause = { first: 250, longest: 1000 };

/**
 * Waits for it.
 * @param wait seconds.
 * @returns what it still lacks then; nothing: it has arrived.
 */
export async function arrival(
  client: ClientAccess,
  network: PromisedNetwork,
  asked: Asked,
  wait: number,
): Promise<readonly string[]> {
  const until = Date.now() + wait * 1000;
  for (let between = pause.first; ; between = Math.min(2 * between, pause.longest)) {
    const lacks = lacking(client, network, await networkFacts(asked));
    if (lacks.length === 0 || Date.now() > until) return lacks;
    await sleep(between, undefined, { signal: asked.signal });
  }
}

/** What a client lacks on a network, or has from another one. */
export function lacking(client: ClientAccess, network: PromisedNetwork, facts: NetworkFacts): string[] {
  const ipv6 = client.addresses[network.name]?.ipv6;
  const ipv4 = nativeIpv4(client, network);
  const wanted = [ipv6, ipv4].filter((address) => address !== undefined);
  const own = facts.addresses.filter(({ device, scope }) => device === "lan" && scope === "global");
  const usable = own
    .filter((each) => each.usable && (each.preferred || announcesDeprecated(network)))
    .map(({ address }) => address);
  const missing = wanted.filter((address) => !usable.some((each) => each === address || sameAddress(each, address)));
  const routers = defaultRouters(network);
  const routes = facts.defaultRoutes.map(({ gateway }) => gateway);
  const resolvers = [
    ...(network.ipv6?.routerAdvertisements.rdnss.servers ?? []),
    ...(network.ipv4 === undefined || ipv4 === undefined ? [] : [network.ipv4.gatewayAddress]),
  ];
  return [
    ...missing.map((address) => `the address ${address}`),
    ...(sameHosts(routes, routers) ? [] : [lackingRoute(routes, routers)]),
    ...(sameHosts(facts.dnsServers, resolvers) ? [] : [`the resolvers ${resolvers.join(", ")}`]),
    ...lackingClat(client, network, facts),
    ...remains(client, network, facts).map((what) => `the end of ${what}, which ${network.name} does not give`),
  ];
}

function lackingRoute(routes: readonly string[], routers: readonly string[]): string {
  return routers.length === 0
    ? `the end of the default route by ${routes.join(", ")}`
    : `the default route by ${routers.join(", ")}`;
}

/** What it has by its card that this network does not give. A deprecated address begins nothing new, and is none. */
function remains(client: ClientAccess, network: PromisedNetwork, facts: NetworkFacts): string[] {
  const dhcpv6 = network.ipv6?.dhcpv6;
  const reserved = dhcpv6?.mode === "stateful" ? dhcpv6.reservations.filter(({ mac }) => mac === client.lanMac) : [];
  const ipv4 = nativeIpv4(client, network);
  const given = [client.addresses[network.name]?.ipv6, ipv4, ...reserved.map(({ address }) => address)];
  const isGiven = (address: string): boolean =>
    given.some((each) => each !== undefined && (each === address || sameAddress(each, address)));
  const addresses = facts.addresses.filter(
    ({ device, scope, preferred, address }) => device === "lan" && scope === "global" && preferred && !isGiven(address),
  );
  const routes = facts.ipv4Routes.filter(
    (route) => route.dev === "lan" && (ipv4 === undefined || !leadsInto(network, route)),
  );
  return [
    ...addresses.map(({ address }) => `the address ${address}`),
    ...routes.map(({ dst, gateway }) => `the IPv4 route to ${dst}${gateway === "" ? "" : ` by ${gateway}`}`),
  ];
}

/** Whether an IPv4 route goes by a network's router, or to its own addresses. */
function leadsInto({ ipv4 }: PromisedNetwork, { dst, gateway }: NetworkFacts["ipv4Routes"][number]): boolean {
  if (ipv4 === undefined) return false;
  if (gateway !== "" || dst === "default") return gateway === ipv4.gatewayAddress;
  const network = dst.includes("/") ? dst : `${dst}/32`;
  return containsPrefix(parseIpv4Prefix(ipv4.prefix), parseIpv4Prefix(network));
}

/** As a row of a report. @param lacks what `arrival` came to. */
export function judgeArrival(
  lab: LabAccess,
  client: ClientAccess,
  network: PromisedNetwork,
  lacks: readonly string[],
): CheckResult {
  const row = {
    machine: `${client.name} @ ${network.name}`,
    network: network.name,
    check: "it has come to the network: it has what that gives, and nothing of another one",
  };
  return lacks.length === 0
    ? { ...row, status: "pass", evidence: "nothing is missing" }
    : { ...row, status: "fail", evidence: `it lacks ${lacks.join("; ")}`, remedy: learnAgain({ lab, access: client }) };
}

/** It comes and goes as a whole: address and default route. */
function lackingClat(client: ClientAccess, network: PromisedNetwork, facts: NetworkFacts): string[] {
  if (!client.clat) return [];
  const { addresses, defaultRoutes } = clatOf(facts);
  if (runsClat(client, network)) return addresses.length > 0 && defaultRoutes > 0 ? [] : ["its CLAT"];
  return addresses.length + defaultRoutes === 0 ? [] : ["the end of the CLAT that ran before"];
}
