/** QEMU's user network (SLIRP), the uplink of a qemu lab behind NAT: its addresses are the same everywhere. */
import { block } from "./address-space";
import type { LabConfig } from "./schema";

export const slirpNetwork = "10.0.2.0/24";

export const slirpHost = block(
  slirpNetwork,
  "is QEMU's user network, which leads to this machine: 10.0.2.2 is its 127.0.0.1, and clients stay out of it.",
);

export const slirpNetworkIpv6 = "fec0::/64";

/**
 * SLIRP takes its own IPv6 network for the host's ::1, and hands other addresses to a socket of the host's, for which ::
 * is the host itself and an IPv4-mapped address (RFC 4291 section 2.5.5.2) an IPv4 address, 127.0.0.1 too.
 */
export const slirpHostIpv6: readonly string[] = ["::/96", "::ffff:0:0/96", slirpNetworkIpv6];

/** The gateway's address, by SLIRP's DHCP. */
export const slirpGuest = "10.0.2.15";

/** Relays to the resolver of the machine outside; signatures come through only if that one hands them through. */
export const slirpResolver = "10.0.2.3";

/** Octets. */
export const slirpMtu = 1500;

export function hasSlirpUplink({ platform, uplink }: Pick<LabConfig, "platform" | "uplink">): boolean {
  return platform.kind === "qemu" && uplink.kind === "nat";
}
