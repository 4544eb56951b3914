/** Whether a client that has come to a network has what the network gives: seen on the client alone, in a second or two. */
import { setTimeout as sleep } from "node:timers/promises";
import { type ClientAccess, nativeIpv4, type PromisedNetwork, runsClat } from "./access";
import { sameAddress, sameHosts } from "./addresses";
import { clatOf, type NetworkFacts } from "./client-facts";
import { type Asked, networkFacts } from "./facts";

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
  const usable = own.filter((each) => each.usable && each.preferred).map(({ address }) => address);
  const missing = wanted.filter((address) => !usable.some((each) => each === address || sameAddress(each, address)));
  const routers = ipv6 === undefined ? [] : [network.router.linkLocal];
  const routes = facts.defaultRoutes.map(({ gateway }) => gateway);
  const resolvers = [
    ...(network.ipv6?.routerAdvertisements.rdnss.servers ?? []),
    ...(network.ipv4 === undefined || ipv4 === undefined ? [] : [network.ipv4.gatewayAddress]),
  ];
  return [
    ...missing.map((address) => `the address ${address}`),
    ...(sameHosts(routes, routers) ? [] : [`the default route by ${routers.join(", ") || "nobody"}`]),
    ...(sameHosts(facts.dnsServers, resolvers) ? [] : [`the resolvers ${resolvers.join(", ")}`]),
    ...lackingClat(client, network, facts),
  ];
}

/** It comes and goes as a whole: address and default route. */
function lackingClat(client: ClientAccess, network: PromisedNetwork, facts: NetworkFacts): string[] {
  if (!client.clat) return [];
  const { addresses, defaultRoutes } = clatOf(facts);
  if (runsClat(client, network)) return addresses.length > 0 && defaultRoutes > 0 ? [] : ["its CLAT"];
  return addresses.length + defaultRoutes === 0 ? [] : ["the end of the CLAT that ran before"];
}
