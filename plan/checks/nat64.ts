import { nonGlobalIpv4 } from "../nat64";
import { containsPrefix, formatPrefix, overlap, parseIpv4Prefix, parseIpv6Prefix } from "../prefix";
import { wellKnownPrefix } from "../rfc6052";
import type { LabConfig } from "../schema";
import { hasSlirpUplink, slirpGuest, slirpNetwork } from "../slirp";
import { isDocumentation, isUndefinedUniqueLocal, unusable } from "./address-space";
import { error, warning, when, type Check, type Finding } from "./finding";

const key = "nat64.prefix";

/** net.ipv4.ip_local_port_range of Linux: Jool 4.1.15 and later refuse a pool that overlaps it. */
const localPorts = { first: 32_768, last: 60_999 };

function prefixFindings({ nat64 }: LabConfig): readonly Finding[] {
  const prefix = parseIpv6Prefix(nat64.prefix);
  const why = unusable(prefix);
  if (why !== undefined) return [error(key, nat64.prefix, why, `Write ${wellKnownPrefix} or a prefix of your own`)];
  return [
    ...when(isDocumentation(prefix), () =>
      warning(key, nat64.prefix, "is set aside for documentation.", "Fine in a lab: it never leaves the gateway"),
    ),
    ...when(isUndefinedUniqueLocal(prefix), () =>
      warning(
        key,
        nat64.prefix,
        "is in fc00::/8, which has no rules yet (RFC 4193 section 3.2).",
        "Take one of fd00::/8",
      ),
    ),
  ];
}

function overlapFindings({ nat64, lan }: LabConfig): readonly Finding[] {
  return when(overlap(parseIpv6Prefix(nat64.prefix), parseIpv6Prefix(lan.prefix)), () =>
    error(
      key,
      nat64.prefix,
      `overlaps lan.prefix ${lan.prefix}: packets between neighbours would be translated.`,
      `Write ${wellKnownPrefix} or another prefix outside the LAN`,
    ),
  );
}

function destinationFindings({ nat64 }: LabConfig): readonly Finding[] {
  const denied = [...nonGlobalIpv4, ...nat64.deniedIpv4.map(parseIpv4Prefix)];
  return nat64.allowedIpv4.flatMap((text, index) => {
    const allowed = parseIpv4Prefix(text);
    const nonGlobal = nonGlobalIpv4.find((each) => overlap(each, allowed));
    if (nat64.prefix === wellKnownPrefix && nonGlobal !== undefined) {
      return [
        error(
          `nat64.allowedIpv4[${index}]`,
          text,
          `is not global (${formatPrefix(nonGlobal)}), and the well-known prefix must not stand for such addresses (RFC 6052 section 3.1).`,
          "Choose a network-specific nat64.prefix, e.g. 64:ff9b:1:fffe::/96 (RFC 8215), or remove this destination",
        ),
      ];
    }
    return when(!denied.some((each) => overlap(each, allowed)), () =>
      warning(`nat64.allowedIpv4[${index}]`, text, "excepts nothing: no denied destination overlaps it.", "Remove it"),
    );
  });
}

function poolPortFindings({ nat64 }: LabConfig): readonly Finding[] {
  if (nat64.pool4 === "auto") return [];
  return nat64.pool4.flatMap(({ ports }, index) => {
    const [first = 0, last = 0] = ports.split("-").map(Number);
    return when(first <= localPorts.last && last >= localPorts.first, () =>
      error(
        `nat64.pool4[${index}].ports`,
        ports,
        `overlaps ${localPorts.first}-${localPorts.last}, from which the gateway's own connections take their ports (ip_local_port_range).`,
        "Write 61001-65535, or a range below 32768",
      ),
    );
  });
}

function poolAddressFindings(config: LabConfig): readonly Finding[] {
  const { pool4 } = config.nat64;
  if (pool4 === "auto" || !hasSlirpUplink(config)) return [];
  return pool4.flatMap(({ prefix }, index) =>
    when(!containsPrefix(parseIpv4Prefix(slirpNetwork), parseIpv4Prefix(prefix)), () =>
      warning(
        `nat64.pool4[${index}].prefix`,
        prefix,
        `is outside ${slirpNetwork}, QEMU's user network: no answer finds its way back to it.`,
        `Write ${slirpGuest}, the gateway's address there, or pool4: auto`,
      ),
    ),
  );
}

export const nat64Checks: readonly Check[] = [
  { reads: ["nat64"], find: prefixFindings },
  { reads: ["nat64", "lan"], find: overlapFindings },
  { reads: ["nat64"], find: destinationFindings },
  { reads: ["nat64"], find: poolPortFindings },
  { reads: ["nat64", "platform", "uplink"], find: poolAddressFindings },
];
