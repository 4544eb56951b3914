/**
 * What must differ between labs and between machines, derived from names alone: the same names give the same values
 * on every machine and in every run, and no machine's value depends on which others exist.
 */
import { createHash } from "node:crypto";

export interface LabIdentity {
  readonly project: string;
  readonly stack: string;
}

/** The NICs of the lab's machines. */
export type Nic = "uplink" | "lan" | "management";

function seed(identity: LabIdentity, ...parts: readonly string[]): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([identity.project, identity.stack, ...parts]))
    .digest();
}

/** A locally administered unicast MAC: 46 bits of hash, the two lowest bits of the first octet are `10`. */
export function macAddress(identity: LabIdentity, machine: string, nic: Nic): string {
  const octets = seed(identity, "mac", machine, nic).subarray(0, 6);
  octets.writeUInt8((octets.readUInt8(0) & 0xfc) | 0x02, 0);
  return octets.toString("hex").replaceAll(/..(?!$)/g, "$&:");
}

/**
 * A stable opaque interface id for a DHCPv6 reservation, in the spirit of RFC 7217. The top bit is set, so that it
 * never meets the short ids that people write.
 */
export function opaqueInterfaceId(identity: LabIdentity, machine: string): bigint {
  return seed(identity, "interface id", machine).readBigUInt64BE(0) | (1n << 63n);
}
