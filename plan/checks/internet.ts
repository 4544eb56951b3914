import { internetPrefixes } from "../internet";
import { link } from "../internet/paths";
import { platformDecisions } from "../platforms";
import { overlap, parseIpv4Prefix, parseIpv6Prefix, type Prefix } from "../prefix";
import { check, error, warning, type Check } from "./finding";
import { anywhere, perNetwork } from "./networks";

const simulated: readonly Prefix[] = [parseIpv4Prefix(internetPrefixes.ipv4), parseIpv6Prefix(internetPrefixes.ipv6)];

function isTaken(prefix: Prefix): boolean {
  return simulated.some((each) => overlap(each, prefix));
}

/** The gateway's own: where there is no other internet, what it translates may come from there. */
const towardsInternet = `${link.gateway.ipv4}/32`;

const why = `lies in the simulated internet (${internetPrefixes.ipv4} and ${internetPrefixes.ipv6}).`;

export const internetChecks: readonly Check[] = [
  perNetwork(["internet", "lan"], anywhere, function* ({ prefix, ipv4, at }, { internet }) {
    if (internet.kind === "real") return;
    if (prefix !== undefined && isTaken(parseIpv6Prefix(prefix)))
      yield error(at("prefix"), why, "Write another prefix", prefix);
    if (ipv4 !== undefined && isTaken(parseIpv4Prefix(ipv4)))
      yield error(at("ipv4"), why, "Write another network, e.g. 192.168.64.0/24", ipv4);
  }),

  check(["internet", "nat64", "dns"], function* ({ internet, nat64, dns }) {
    if (internet.kind === "real") return;
    if (isTaken(parseIpv6Prefix(nat64.prefix))) yield error("nat64.prefix", why, "Write another prefix");
    for (const [index, { prefix }] of (nat64.pool4 === "auto" ? [] : nat64.pool4).entries())
      if (isTaken(parseIpv4Prefix(prefix)) && !(internet.kind === "simulated" && prefix === towardsInternet))
        yield error(`nat64.pool4[${index}].prefix`, why, "Write an address of the gateway's uplink, or pool4: auto");
    if (dns.forwarders === "uplink") return;
    for (const [index, forwarder] of dns.forwarders.entries()) {
      const [address = ""] = forwarder.split("@");
      const host = address.includes(":") ? parseIpv6Prefix(`${address}/128`) : parseIpv4Prefix(address);
      if (isTaken(host))
        yield error(`dns.forwarders[${index}]`, why, "Write the address of a real resolver, or uplink");
    }
  }),

  check(["internet", "dns"], function* ({ internet, dns }) {
    if (internet.kind === "simulated" && dns.forwarders !== "uplink")
      yield warning(
        "dns.forwarders",
        "and internet.kind is simulated: nobody outside is asked.",
        "Write internet.kind: both, or leave the forwarders out",
      );
    if (internet.kind === "simulated" && dns.dnssec === "on")
      yield warning(
        "dns.dnssec",
        "and internet.kind is simulated: there is no root to begin with, only the simulated signed zones are validated.",
        "Leave it out",
      );
  }),

  check(["internet", "dns", "uplink"], function* ({ internet, dns, uplink }) {
    if (internet.kind === "both" && uplink.ipv6 === "none" && dns.synthesizeAll !== false)
      yield warning(
        "internet.kind",
        "is both, and the uplink has no IPv6: AAAA records of simulated names are hidden too, with them the faults in them.",
        "Write dns.synthesizeAll: false, with which real names that have an AAAA lead nowhere, or internet.kind: simulated",
      );
  }),

  check(["internet", "image", "platform", "uplink"], function* (config) {
    if (config.internet.kind === "simulated" && platformDecisions(config).guest.kind === "generic")
      yield error(
        "internet.kind",
        "leaves clients without a package mirror, and this image lacks packages that they need.",
        "Write both",
        "simulated",
      );
  }),
];
