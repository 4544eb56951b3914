import { addressInPrefix, parseInterfaceId } from "../interface-id";
import { containsAddress, parseIpv6, parseIpv6Prefix } from "../prefix";
import { localStub } from "../resolver";
import { extractIpv4 } from "../rfc6052";
import type { LabConfig } from "../schema";
import { hasSlirpUplink } from "../slirp";
import { error, warning, when, type Check, type Finding } from "./finding";

function forwarderFindings(config: LabConfig): readonly Finding[] {
  const { forwarders } = config.dns;
  if (forwarders === "uplink") return [];
  return forwarders.flatMap((forwarder, index) => {
    const key = `dns.forwarders[${index}]`;
    const [address = ""] = forwarder.split("@");
    return address.includes(":")
      ? ipv6ForwarderFindings(config, key, address)
      : when(address.startsWith("127.") && address !== localStub, () => ownAddress(key, address));
  });
}

function ipv6ForwarderFindings({ lan, nat64, uplink }: LabConfig, key: string, address: string): readonly Finding[] {
  const prefix = parseIpv6Prefix(lan.prefix);
  const gateway = addressInPrefix(prefix, parseInterfaceId(lan.gatewayInterfaceId));
  if (address === gateway || address === "::1") return [ownAddress(key, address)];
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

function ownAddress(key: string, address: string): Finding {
  return error(
    key,
    address,
    "is the gateway itself: its resolver would ask itself for ever.",
    "Write another resolver",
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
  { reads: ["dns", "lan", "nat64", "uplink"], find: forwarderFindings },
  { reads: ["dns", "uplink"], find: synthesisFindings },
  { reads: ["dns", "platform", "uplink"], find: dnssecFindings },
];
