/** What the resolver is told: forwarders, DNS64, DNSSEC. */
import type { DnsPlan } from "./model";
import { embedIpv4 } from "./rfc6052";
import type { LabConfig } from "./schema";
import { hasSlirpUplink, slirpResolver } from "./slirp";

/** systemd-resolved's stub on the gateway: whatever the uplink's DHCP or RA gave. */
export const localStub = "127.0.0.53";

/** RFC 7050 section 8.2. */
const ipv4OnlyArpa = ["192.0.0.170", "192.0.0.171"];

export function dnsPlan(config: LabConfig): DnsPlan {
  const { dns, nat64 } = config;
  return {
    forwarders: forwarders(config),
    dns64Prefix: nat64.prefix,
    // Without IPv6 outside, a name's own AAAA leads nowhere: a dual-stack name must be reached through NAT64 too.
    synthesizeAll: dns.synthesizeAll === "auto" ? !hasIpv6Outside(config) : dns.synthesizeAll,
    dnssec: dnssec(config),
    ipv4OnlyArpa: ipv4OnlyArpa.map((address) => embedIpv4(nat64.prefix, address)),
  };
}

function forwarders(config: LabConfig): readonly string[] {
  const { dns, internet } = config;
  if (internet.kind === "simulated") return [];
  return dns.forwarders === "uplink" ? [hasSlirpUplink(config) ? slirpResolver : localStub] : dns.forwarders;
}

function hasIpv6Outside({ internet, uplink }: LabConfig): boolean {
  return internet.kind === "simulated" || uplink.ipv6 !== "none";
}

/** SLIRP's resolver cannot be relied on to hand signatures through: behind it `auto` does not validate. */
function dnssec(config: LabConfig): DnsPlan["dnssec"] {
  // Nobody could say what the root has signed. The simulated zones have trust anchors of their own.
  if (config.internet.kind === "simulated") return "off";
  return config.dns.dnssec === "auto" && config.dns.forwarders === "uplink" && hasSlirpUplink(config)
    ? "off"
    : config.dns.dnssec;
}
