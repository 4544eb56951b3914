/** QEMU's user network (SLIRP), the uplink of a qemu lab behind NAT: its addresses are the same everywhere. */
import type { LabConfig } from "./schema";

export const slirpNetwork = "10.0.2.0/24";

/** The gateway's address, by SLIRP's DHCP. */
export const slirpGuest = "10.0.2.15";

/** Relays to the resolver of the machine outside; signatures come through only if that one hands them through. */
export const slirpResolver = "10.0.2.3";

/** Octets. */
export const slirpMtu = 1500;

export function hasSlirpUplink({ platform, uplink }: Pick<LabConfig, "platform" | "uplink">): boolean {
  return platform.kind === "qemu" && uplink.kind === "nat";
}
