import { isDocumentation, isUndefinedUniqueLocal, nonGlobalIpv4, unusable } from "../address-space";
import { sealedIpv4 } from "../nat64";
import { portsOf } from "../port-range";
import { containsPrefix, formatPrefix, overlap, parseIpv4Prefix, parseIpv6Prefix } from "../prefix";
import { wellKnownPrefix } from "../rfc6052";
import { hasSlirpUplink, slirpGuest, slirpHost } from "../slirp";
import { check, error, warning, type Check } from "./finding";
import { perNetwork, withIpv6 } from "./networks";

/** net.ipv4.ip_local_port_range of Linux: Jool 4.1.15 and later refuse a pool that overlaps it. */
const localPorts = { first: 32_768, last: 60_999 };

/** Where the gateway itself listens on its uplink: what comes to a port of the pool never reaches it. */
export const ownPorts = [
  { protocol: "TCP", port: 22, who: "sshd" },
  { protocol: "UDP", port: 68, who: "DHCP client" },
];

export const nat64Checks: readonly Check[] = [
  check(["nat64"], function* ({ nat64 }) {
    const prefix = parseIpv6Prefix(nat64.prefix);
    const why = unusable(prefix);
    if (why !== undefined) yield error("nat64.prefix", why, `Write ${wellKnownPrefix} or a prefix of your own`);
    else if (isDocumentation(prefix))
      yield warning("nat64.prefix", "is set aside for documentation.", "Fine in a lab: it never leaves the gateway");
    else if (isUndefinedUniqueLocal(prefix))
      yield warning(
        "nat64.prefix",
        "is in fc00::/8, which has no rules yet (RFC 4193 section 3.2).",
        "Take one of fd00::/8",
      );
  }),

  perNetwork(["nat64", "lan"], withIpv6, function* ({ prefix = "", at }, { nat64 }) {
    if (overlap(parseIpv6Prefix(nat64.prefix), parseIpv6Prefix(prefix)))
      yield error(
        "nat64.prefix",
        `overlaps ${at("prefix")} ${prefix}: packets between neighbours would be translated.`,
        `Write ${wellKnownPrefix} or another prefix outside the LAN`,
      );
  }),

  check(["nat64"], function* ({ nat64 }) {
    const denied = [...nonGlobalIpv4, ...nat64.deniedIpv4.map(parseIpv4Prefix)];
    for (const [index, allowed] of nat64.allowedIpv4.map(parseIpv4Prefix).entries()) {
      const key = `nat64.allowedIpv4[${index}]`;
      const nonGlobal = nonGlobalIpv4.find((each) => overlap(each, allowed));
      if (nat64.prefix === wellKnownPrefix && nonGlobal !== undefined)
        yield error(
          key,
          `is not global (${formatPrefix(nonGlobal)}), and the well-known prefix must not stand for such addresses (RFC 6052 section 3.1).`,
          "Choose a network-specific nat64.prefix, e.g. 64:ff9b:1:fffe::/96 (RFC 8215), or remove this destination",
        );
      else if (!denied.some((each) => overlap(each, allowed)))
        yield warning(key, "excepts nothing: no denied destination overlaps it.", "Remove it");
    }
  }),

  /** What an exception cannot open. With the well-known prefix there are none for such addresses anyway. */
  check(["nat64", "platform", "uplink"], function* (config) {
    const { prefix, allowedIpv4 } = config.nat64;
    if (prefix === wellKnownPrefix) return;
    const sealed = sealedIpv4(config);
    for (const [index, allowed] of allowedIpv4.map(parseIpv4Prefix).entries()) {
      const key = `nat64.allowedIpv4[${index}]`;
      const around = sealed.find((each) => containsPrefix(each.prefix, allowed));
      const inside = sealed.filter((each) => containsPrefix(allowed, each.prefix));
      if (around !== undefined) yield error(key, around.why, "Remove it: it stays denied");
      else if (inside.length > 0)
        yield warning(
          key,
          `holds what stays denied: ${inside.map((each) => `${formatPrefix(each.prefix)} ${each.why}`).join(" ")}`,
          "Fine: the rest of it is translated",
        );
    }
  }),

  check(["nat64"], function* ({ nat64: { pool4 } }) {
    if (pool4 === "auto") return;
    for (const [index, { protocol, ports }] of pool4.entries()) {
      const key = `nat64.pool4[${index}].ports`;
      const { first, last } = portsOf(ports);
      if (first <= localPorts.last && last >= localPorts.first)
        yield error(
          key,
          `overlaps ${localPorts.first}-${localPorts.last}, from which the gateway's own connections take their ports (ip_local_port_range).`,
          "Write 61001-65535, or a range below 32768",
        );
      for (const own of ownPorts)
        if ((protocol ?? own.protocol) === own.protocol && first <= own.port && own.port <= last)
          yield error(key, `holds ${own.port}, the port of the gateway's own ${own.who}.`, "Write 61001-65535");
    }
  }),

  check(["nat64"], function* ({ nat64: { pool4 } }) {
    if (pool4 === "auto" || pool4.some(({ protocol }) => protocol === undefined)) return;
    const without = (["TCP", "UDP", "ICMP"] as const).filter((each) =>
      pool4.every(({ protocol }) => protocol !== each),
    );
    if (without.length > 0)
      yield warning(
        "nat64.pool4",
        `has no entry for ${without.join(" and ")}, which Jool then does not translate at all.`,
        "Fine to see how software does without; else add one for each, or leave the protocol out",
      );
  }),

  check(["nat64", "platform", "uplink", "internet"], function* (config) {
    const { pool4 } = config.nat64;
    if (pool4 === "auto") return;
    for (const [index, addresses] of pool4.map(({ prefix }) => parseIpv4Prefix(prefix)).entries()) {
      const key = `nat64.pool4[${index}].prefix`;
      const why = unusable(addresses);
      if (why !== undefined) yield error(key, why, "Write addresses of the gateway's, or pool4: auto");
      else if (
        hasSlirpUplink(config) &&
        config.internet.kind !== "simulated" &&
        !containsPrefix(slirpHost.prefix, addresses)
      )
        yield warning(
          key,
          `is outside ${formatPrefix(slirpHost.prefix)}, QEMU's user network: no answer finds its way back to it.`,
          `Write ${slirpGuest}, the gateway's address there, or pool4: auto`,
        );
    }
  }),
];
