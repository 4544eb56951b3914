/**
 * What must differ between labs and between machines, derived from names alone: the same names give the same values
 * on every machine and in every run, and no machine's value depends on which others exist (but see mac.ts for VMware's
 * narrow range of MACs).
 */
import { createHash } from "node:crypto";

export interface LabIdentity {
  readonly project: string;
  readonly stack: string;
}

/** The NICs of the lab's machines; the gateway's on a network that has a name is `lan NAME`. */
export type Nic = "uplink" | "lan" | "management" | `lan ${string}`;

function seed(identity: LabIdentity, ...parts: readonly string[]): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([identity.project, identity.stack, ...parts]))
    .digest();
}

/**
 * Where MACs are taken from. `local`: locally administered unicast, 46 bits of hash. `vmware`: the range that vSphere
 * leaves for addresses set by hand, 00:50:56:00:00:00 to 00:50:56:3f:ff:ff, 22 bits of hash.
 */
export type MacRange = "local" | "vmware";

/**
 * @param attempt counts up when the address of the attempt before is another card's: with 22 bits that happens among a
 *   few thousand cards.
 */
export function macAddress(
  identity: LabIdentity,
  machine: string,
  nic: Nic,
  range: MacRange = "local",
  attempt = 0,
): string {
  const octets = seed(identity, "mac", machine, nic, ...(attempt === 0 ? [] : [String(attempt)])).subarray(0, 6);
  switch (range) {
    case "local":
      // The two lowest bits of the first octet are `10`.
      octets.writeUInt8((octets.readUInt8(0) & 0xfc) | 0x02, 0);
      break;
    case "vmware":
      octets.writeUIntBE(0x005056, 0, 3);
      octets.writeUInt8(octets.readUInt8(3) & 0x3f, 3);
      break;
  }
  return octets.toString("hex").replaceAll(/..(?!$)/g, "$&:");
}

/**
 * A stable opaque interface id for a DHCPv6 reservation, in the spirit of RFC 7217. The top bit is set, so that it
 * never meets the short ids that people write.
 */
export function opaqueInterfaceId(identity: LabIdentity, machine: string): bigint {
  return seed(identity, "interface id", machine).readBigUInt64BE(0) | (1n << 63n);
}

/** Where the search for a machine's IPv4 address begins: a number without bounds. */
export function hostNumber(identity: LabIdentity, machine: string): bigint {
  return BigInt(seed(identity, "ipv4", machine).readUInt32BE(0));
}
