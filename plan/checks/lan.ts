import { isDocumentation, isGlobalUnicast, isUndefinedUniqueLocal, isUniqueLocal, unusable } from "../address-space";
import { parseIpv6Prefix } from "../prefix";
import { hasSlirpUplink, slirpMtu } from "../slirp";
import { error, warning, type Check } from "./finding";
import { anywhere, perNetwork, withIpv6 } from "./networks";

export const lanChecks: readonly Check[] = [
  perNetwork(["lan"], withIpv6, function* ({ prefix: written = "", at }) {
    const prefix = parseIpv6Prefix(written);
    const why = unusable(prefix);
    if (why !== undefined)
      yield error(at("prefix"), why, "Choose one of fd00::/8 (RFC 4193), e.g. fd12:3456:789a:1::/64");
    else if (isDocumentation(prefix))
      yield warning(at("prefix"), "is set aside for documentation: routers outside drop it.", "Fine behind NAT64 only");
    else if (isUndefinedUniqueLocal(prefix))
      yield warning(
        at("prefix"),
        "is in fc00::/8, the half of the unique local addresses that has no rules yet (RFC 4193 section 3.2).",
        "Fine in a lab, and what the original lab used. For a network of your own take a random prefix in fd00::/8",
      );
    else if (!isGlobalUnicast(prefix) && !isUniqueLocal(prefix))
      yield warning(
        at("prefix"),
        "is in a part of the address space that nobody has assigned.",
        "Take one of fd00::/8",
      );
  }),

  perNetwork(["lan", "platform", "uplink"], anywhere, function* ({ mtu, at }, config) {
    if (hasSlirpUplink(config) && mtu > slirpMtu)
      yield warning(
        at("mtu"),
        `is more than the ${slirpMtu} octets that QEMU's user network carries on the uplink.`,
        `Fine between the LAN's own machines; ${slirpMtu} spares the gateway its "packet too big" messages`,
      );
  }),

  perNetwork(["uplink", "lan"], withIpv6, function* ({ prefix: written = "", at }, { uplink }) {
    const prefix = parseIpv6Prefix(written);
    if (uplink.ipv6 === "native" && (isUniqueLocal(prefix) || isDocumentation(prefix)))
      yield warning(
        at("prefix"),
        "is not routed in the Internet, and uplink.ipv6 is native: clients reach IPv6 in your own network at most.",
        "Take a global prefix that your router routes to the gateway, or write uplink.ipv6: nat66",
      );
  }),
];
