import { unusable } from "../address-space";
import { gatewayAddresses, labNetworks } from "../networks";
import { platformDecisions } from "../platforms";
import { containsPrefix, parseIpv4Prefix, parseIpv6Prefix, type Prefix } from "../prefix";
import { localStub } from "../resolver";
import { extractIpv4 } from "../rfc6052";
import type { LabConfig } from "../schema";
import { hasSlirpUplink, slirpGuest, slirpNetworkIpv6 } from "../slirp";
import { check, error, warning, type Check } from "./finding";

function isGateway(config: LabConfig, address: string): boolean {
  const { uplinkIpv4 } = platformDecisions(config);
  return (
    address.startsWith("127.") ||
    address === "::1" ||
    labNetworks(config).flatMap(gatewayAddresses).includes(address) ||
    (uplinkIpv4.kind === "fixed" && address === uplinkIpv4.address) ||
    (hasSlirpUplink(config) && address === slirpGuest)
  );
}

export const resolverChecks: readonly Check[] = [
  check(["dns", "lan", "nat64", "networks", "platform", "uplink"], function* (config) {
    const { dns, nat64, uplink } = config;
    const isOnNetwork = (host: Prefix): boolean =>
      labNetworks(config).some(({ prefix }) => prefix !== undefined && containsPrefix(parseIpv6Prefix(prefix), host));
    if (dns.forwarders === "uplink") return;
    for (const [index, forwarder] of dns.forwarders.entries()) {
      const key = `dns.forwarders[${index}]`;
      const [address = ""] = forwarder.split("@");
      if (address === localStub) continue;
      const host = address.includes(":") ? parseIpv6Prefix(`${address}/128`) : parseIpv4Prefix(address);
      const isOnSlirp = hasSlirpUplink(config) && containsPrefix(parseIpv6Prefix(slirpNetworkIpv6), host);
      const why = isOnSlirp ? undefined : unusable(host);
      if (isGateway(config, address))
        yield error(key, "is the gateway itself: nobody else is there to ask.", "Write another resolver");
      else if (why !== undefined) yield error(key, why, "Write the address of a resolver");
      else if (containsPrefix(parseIpv6Prefix(nat64.prefix), host))
        yield error(
          key,
          "is an IPv4 address behind the NAT64 prefix; the gateway cannot reach anything through its own translator.",
          `Write ${extractIpv4(nat64.prefix, address)}`,
        );
      else if (host.bits === 128 && uplink.ipv6 === "none" && !isOnNetwork(host))
        yield warning(
          key,
          "is an IPv6 address, and uplink.ipv6 is none: the gateway probably cannot reach it.",
          "Write the resolver's IPv4 address",
        );
    }
  }),

  check(["dns", "networks"], function* (config) {
    if (config.dns.synthesizeAll !== "auto" && labNetworks(config).every(({ dns64 }) => !dns64))
      yield warning(
        "dns.synthesizeAll",
        "is about DNS64, and no network has it.",
        "Write dns64: true for a network, or auto",
      );
  }),

  /** Simulated names lead to where the gateway has IPv6, whatever the uplink has. */
  check(["dns", "uplink", "internet"], function* ({ dns, uplink, internet }) {
    if (dns.synthesizeAll === false && uplink.ipv6 === "none" && internet.kind !== "simulated")
      yield warning(
        "dns.synthesizeAll",
        "and the uplink has no IPv6: a name with an AAAA record of its own leads clients nowhere.",
        "Write auto, unless that is what you want to see",
      );
  }),

  check(["dns", "platform", "uplink", "internet"], function* (config) {
    const { dns, internet } = config;
    if (dns.dnssec === "on" && dns.forwarders === "uplink" && hasSlirpUplink(config) && internet.kind !== "simulated")
      yield warning(
        "dns.dnssec",
        "and the forwarder is QEMU's, which depends on this machine's own resolver for signatures.",
        "If names cannot be resolved, write dns.forwarders with a resolver that hands signatures through",
      );
  }),
];
