import { isDocumentation, isGlobalUnicast, isUndefinedUniqueLocal, isUniqueLocal, unusable } from "../address-space";
import { parseIpv6Prefix } from "../prefix";
import { hasSlirpUplink, slirpMtu } from "../slirp";
import { check, error, warning, type Check } from "./finding";

export const lanChecks: readonly Check[] = [
  check(["lan"], function* ({ lan }) {
    const prefix = parseIpv6Prefix(lan.prefix);
    const why = unusable(prefix);
    if (why !== undefined)
      yield error("lan.prefix", why, "Choose one of fd00::/8 (RFC 4193), e.g. fd12:3456:789a:1::/64");
    else if (isDocumentation(prefix))
      yield warning("lan.prefix", "is set aside for documentation: routers outside drop it.", "Fine behind NAT64 only");
    else if (isUndefinedUniqueLocal(prefix))
      yield warning(
        "lan.prefix",
        "is in fc00::/8, the half of the unique local addresses that has no rules yet (RFC 4193 section 3.2).",
        "Fine in a lab, and what the original lab used. For a network of your own take a random prefix in fd00::/8",
      );
    else if (!isGlobalUnicast(prefix) && !isUniqueLocal(prefix))
      yield warning(
        "lan.prefix",
        "is in a part of the address space that nobody has assigned.",
        "Take one of fd00::/8",
      );
  }),

  check(["lan", "platform", "uplink"], function* (config) {
    if (hasSlirpUplink(config) && config.lan.mtu > slirpMtu)
      yield warning(
        "lan.mtu",
        `is more than the ${slirpMtu} octets that QEMU's user network carries on the uplink.`,
        `Fine between the LAN's own machines; ${slirpMtu} spares the gateway its "packet too big" messages`,
      );
  }),

  check(["uplink", "lan"], function* ({ uplink, lan }) {
    const prefix = parseIpv6Prefix(lan.prefix);
    if (uplink.ipv6 === "native" && (isUniqueLocal(prefix) || isDocumentation(prefix)))
      yield warning(
        "lan.prefix",
        "is not routed in the Internet, and uplink.ipv6 is native: clients reach IPv6 in your own network at most.",
        "Take a global prefix that your router routes to the gateway, or write uplink.ipv6: nat66",
      );
  }),
];
