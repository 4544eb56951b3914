import { unusable } from "../address-space";
import { addressInPrefix, parseInterfaceId } from "../interface-id";
import { platformDecisions } from "../platforms";
import { containsAddress, containsPrefix, parseIpv4Prefix, parseIpv6, parseIpv6Prefix } from "../prefix";
import { localStub } from "../resolver";
import { extractIpv4 } from "../rfc6052";
import type { LabConfig } from "../schema";
import { hasSlirpUplink, slirpGuest, slirpNetworkIpv6 } from "../slirp";
import { error, warning, when, type Check, type Finding } from "./finding";

function forwarderFindings(config: LabConfig): readonly Finding[] {
  const { forwarders } = config.dns;
  if (forwarders === "uplink") return [];
  return forwarders.flatMap((forwarder, index) => {
    const key = `dns.forwarders[${index}]`;
    const [address = ""] = forwarder.split("@");
    if (address === localStub) return [];
    if (isGateway(config, address)) {
      return [error(key, address, "is the gateway itself: nobody else is there to ask.", "Write another resolver")];
    }
    const host = address.includes(":") ? parseIpv6Prefix(`${address}/128`) : parseIpv4Prefix(address);
    const why = unusable(host);
    const isOnSlirp = hasSlirpUplink(config) && containsPrefix(parseIpv6Prefix(slirpNetworkIpv6), host);
    if (why !== undefined && !isOnSlirp) {
      return [error(key, address, why, "Write the address of a resolver")];
    }
    return address.includes(":") ? ipv6ForwarderFindings(config, key, address) : [];
  });
}

function isGateway(config: LabConfig, address: string): boolean {
  const { lan } = config;
  const { uplinkIpv4 } = platformDecisions(config);
  return (
    address.startsWith("127.") ||
    address === "::1" ||
    address === addressInPrefix(parseIpv6Prefix(lan.prefix), parseInterfaceId(lan.gatewayInterfaceId)) ||
    (uplinkIpv4.kind === "fixed" && address === uplinkIpv4.address) ||
    (hasSlirpUplink(config) && address === slirpGuest)
  );
}

function ipv6ForwarderFindings({ lan, nat64, uplink }: LabConfig, key: string, address: string): readonly Finding[] {
  const prefix = parseIpv6Prefix(lan.prefix);
  if (containsAddress(parseIpv6Prefix(nat64.prefix), parseIpv6(address))) {
    return [
      error(
        key,
        address,
        "is an IPv4 address behind the NAT64 prefix; the gateway cannot reach anything through its own translator.",
        `Write ${extractIpv4(nat64.prefix, address)}`,
      ),
    ];
  }
  return when(uplink.ipv6 === "none" && !containsAddress(prefix, parseIpv6(address)), () =>
    warning(
      key,
      address,
      "is an IPv6 address, and uplink.ipv6 is none: the gateway probably cannot reach it.",
      "Write the resolver's IPv4 address",
    ),
  );
}

function synthesisFindings({ dns, uplink }: LabConfig): readonly Finding[] {
  return when(dns.synthesizeAll === false && uplink.ipv6 === "none", () =>
    warning(
      "dns.synthesizeAll",
      false,
      "and the uplink has no IPv6: a name with an AAAA record of its own leads clients nowhere.",
      "Write auto, unless that is what you want to see",
    ),
  );
}

function dnssecFindings(config: LabConfig): readonly Finding[] {
  const { dns } = config;
  return when(dns.dnssec === "on" && dns.forwarders === "uplink" && hasSlirpUplink(config), () =>
    warning(
      "dns.dnssec",
      dns.dnssec,
      "and the forwarder is QEMU's, which depends on this machine's own resolver for signatures.",
      "If names cannot be resolved, write dns.forwarders with a resolver that hands signatures through",
    ),
  );
}

export const resolverChecks: readonly Check[] = [
  { reads: ["dns", "lan", "nat64", "platform", "uplink"], find: forwarderFindings },
  { reads: ["dns", "uplink"], find: synthesisFindings },
  { reads: ["dns", "platform", "uplink"], find: dnssecFindings },
];
