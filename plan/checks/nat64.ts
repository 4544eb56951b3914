import { isDocumentation, isUndefinedUniqueLocal, nonGlobalIpv4, unusable } from "../address-space";
import { sealedIpv4 } from "../nat64";
import { containsPrefix, formatPrefix, overlap, parseIpv4Prefix, parseIpv6Prefix } from "../prefix";
import { wellKnownPrefix } from "../rfc6052";
import type { LabConfig } from "../schema";
import { hasSlirpUplink, slirpGuest, slirpHost } from "../slirp";
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

/** What an exception cannot open. With the well-known prefix there are none for such addresses anyway. */
function sealedFindings(config: LabConfig): readonly Finding[] {
  const { prefix, allowedIpv4 } = config.nat64;
  if (prefix === wellKnownPrefix) return [];
  const sealed = sealedIpv4(config);
  return allowedIpv4.flatMap((text, index) => {
    const key = `nat64.allowedIpv4[${index}]`;
    const allowed = parseIpv4Prefix(text);
    const around = sealed.find((each) => containsPrefix(each.prefix, allowed));
    if (around !== undefined) return [error(key, text, around.why, "Remove it: it stays denied")];
    const inside = sealed.filter((each) => containsPrefix(allowed, each.prefix));
    return when(inside.length > 0, () =>
      warning(
        key,
        text,
        `holds what stays denied: ${inside.map((each) => `${formatPrefix(each.prefix)} ${each.why}`).join(" ")}`,
        "Fine: the rest of it is translated",
      ),
    );
  });
}

/** Where the gateway itself listens on its uplink: what comes to a port of the pool never reaches it. */
const ownPorts = [
  { protocol: "TCP", port: 22, who: "sshd" },
  { protocol: "UDP", port: 68, who: "DHCP client" },
];

function poolPortFindings({ nat64 }: LabConfig): readonly Finding[] {
  if (nat64.pool4 === "auto") return [];
  return nat64.pool4.flatMap(({ protocol, ports }, index) => {
    const key = `nat64.pool4[${index}].ports`;
    const [first = 0, last = 0] = ports.split("-").map(Number);
    const own = ownPorts.filter(
      (each) => (protocol ?? each.protocol) === each.protocol && first <= each.port && each.port <= last,
    );
    return [
      ...when(first <= localPorts.last && last >= localPorts.first, () =>
        error(
          key,
          ports,
          `overlaps ${localPorts.first}-${localPorts.last}, from which the gateway's own connections take their ports (ip_local_port_range).`,
          "Write 61001-65535, or a range below 32768",
        ),
      ),
      ...own.map(({ port, who }) =>
        error(key, ports, `holds ${port}, the port of the gateway's own ${who}.`, "Write 61001-65535"),
      ),
    ];
  });
}

function poolAddressFindings(config: LabConfig): readonly Finding[] {
  const { pool4 } = config.nat64;
  if (pool4 === "auto") return [];
  return pool4.flatMap(({ prefix }, index) => {
    const key = `nat64.pool4[${index}].prefix`;
    const addresses = parseIpv4Prefix(prefix);
    const why = unusable(addresses);
    if (why !== undefined) return [error(key, prefix, why, "Write addresses of the gateway's, or pool4: auto")];
    return when(hasSlirpUplink(config) && !containsPrefix(slirpHost.prefix, addresses), () =>
      warning(
        key,
        prefix,
        `is outside ${formatPrefix(slirpHost.prefix)}, QEMU's user network: no answer finds its way back to it.`,
        `Write ${slirpGuest}, the gateway's address there, or pool4: auto`,
      ),
    );
  });
}

export const nat64Checks: readonly Check[] = [
  { reads: ["nat64"], find: prefixFindings },
  { reads: ["nat64", "lan"], find: overlapFindings },
  { reads: ["nat64"], find: destinationFindings },
  { reads: ["nat64", "platform", "uplink"], find: sealedFindings },
  { reads: ["nat64"], find: poolPortFindings },
  { reads: ["nat64", "platform", "uplink"], find: poolAddressFindings },
];
