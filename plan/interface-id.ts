/** Interface identifiers: the low 64 bits of an address on a /64. */
import { AddressError, formatIpv6, parseIpv6, type Prefix, parseIpv6Prefix } from "./prefix";

const interfaceIdBits = 64n;
const universalLocalBit = 0x02n;

/**
 * Reads an interface id in the form that `ip token` takes: an address whose upper 64 bits are zero, e.g. `::10`.
 * @throws AddressError, also for the ids that no host may have: zero, the subnet-router anycast address (RFC 4291
 * section 2.6.1), and the reserved subnet anycast ids (RFC 2526).
 */
export function parseInterfaceId(text: string): bigint {
  const id = parseAddress(text);
  if (id >> interfaceIdBits !== 0n) {
    throw new AddressError(
      "is more than an interface id: it has bits set in the upper half.",
      `Write the lower 64 bits only: ${formatIpv6(BigInt.asUintN(64, id))}`,
    );
  }
  if (id === 0n) {
    throw new AddressError("is the subnet-router anycast address (RFC 4291 section 2.6.1).", "Write e.g. ::10");
  }
  if (id >= 0xfdff_ffff_ffff_ff80n && id <= 0xfdff_ffff_ffff_ffffn) {
    throw new AddressError("is one of the reserved subnet anycast ids (RFC 2526).", "Write e.g. ::10");
  }
  return id;
}

function parseAddress(text: string): bigint {
  try {
    return parseIpv6(text);
  } catch (error) {
    // Four groups are an id to everybody but a parser of addresses.
    const whole = `::${text}`;
    if (!(error instanceof AddressError) || !isIpv6(whole)) throw error;
    throw new AddressError("is no address: it has fewer than eight groups, and no ::.", `Write ${whole}`);
  }
}

function isIpv6(text: string): boolean {
  try {
    parseIpv6(text);
    return true;
  } catch {
    return false;
  }
}

/** Modified EUI-64 (RFC 4291 appendix A): the MAC with `ff:fe` in its middle and the universal/local bit inverted. */
export function eui64InterfaceId(mac: string): bigint {
  const octets = BigInt(`0x${mac.replaceAll(":", "")}`);
  const upper = (octets >> 24n) ^ (universalLocalBit << 16n);
  return (upper << 40n) | (0xfffen << 24n) | (octets & 0xff_ffffn);
}

/** The address of an interface id on a /64. */
export function addressInPrefix(prefix: Prefix, interfaceId: bigint): string {
  return formatIpv6(prefix.address | interfaceId);
}

/** The address that a card makes for itself (RFC 4291 appendix A). */
export function linkLocalOf(mac: string): string {
  return addressInPrefix(parseIpv6Prefix("fe80::/64"), eui64InterfaceId(mac));
}
