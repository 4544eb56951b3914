import { parseIpv6Prefix } from "../prefix";
import type { LabConfig } from "../schema";
import { hasSlirpUplink, slirpMtu } from "../slirp";
import { isDocumentation, isGlobalUnicast, isUndefinedUniqueLocal, isUniqueLocal, unusable } from "../address-space";
import { error, warning, when, type Check, type Finding } from "./finding";

const key = "lan.prefix";

function prefixFindings({ lan }: LabConfig): readonly Finding[] {
  const prefix = parseIpv6Prefix(lan.prefix);
  const why = unusable(prefix);
  if (why !== undefined)
    return [error(key, lan.prefix, why, "Choose one of fd00::/8 (RFC 4193), e.g. fd12:3456:789a:1::/64")];
  return [
    ...when(isDocumentation(prefix), () =>
      warning(key, lan.prefix, "is set aside for documentation: routers outside drop it.", "Fine behind NAT64 only"),
    ),
    ...when(isUndefinedUniqueLocal(prefix), () =>
      warning(
        key,
        lan.prefix,
        "is in fc00::/8, the half of the unique local addresses that has no rules yet (RFC 4193 section 3.2).",
        "Fine in a lab, and what the original lab used. For a network of your own take a random prefix in fd00::/8",
      ),
    ),
    ...when(!isGlobalUnicast(prefix) && !isUniqueLocal(prefix), () =>
      warning(key, lan.prefix, "is in a part of the address space that nobody has assigned.", "Take one of fd00::/8"),
    ),
  ];
}

function mtuFindings(config: LabConfig): readonly Finding[] {
  const { mtu } = config.lan;
  return when(hasSlirpUplink(config) && mtu > slirpMtu, () =>
    warning(
      "lan.mtu",
      mtu,
      `is more than the ${slirpMtu} octets that QEMU's user network carries on the uplink.`,
      `Fine between the LAN's own machines; ${slirpMtu} spares the gateway its "packet too big" messages`,
    ),
  );
}

export const lanChecks: readonly Check[] = [
  { reads: ["lan"], find: prefixFindings },
  { reads: ["lan", "platform", "uplink"], find: mtuFindings },
];
