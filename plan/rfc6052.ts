/**
 * IPv4-embedded IPv6 addresses (RFC 6052 section 2.2): the 32 bits of an IPv4 address behind a prefix of one of six
 * lengths, going around bits 64 to 71 (the "u" octet), which are zero.
 */
import {
  AddressError,
  containsAddress,
  formatIpv4,
  formatIpv6,
  formatPrefix,
  parseIpv4,
  parseIpv6,
  parseIpv6Prefix,
  type Prefix,
} from "./prefix";

/** Section 2.2; radvd's `nat64prefix` (RFC 8781) and Jool's pool6 take exactly these. */
export const nat64PrefixLengths: readonly number[] = [32, 40, 48, 56, 64, 96];

/** Section 2.1: fits every network, but must not represent non-global IPv4 addresses (section 3.1). */
export const wellKnownPrefix = "64:ff9b::/96";

const uOctetLowestBit = 56n;
const uOctet = 0xffn << uOctetLowestBit;
const belowUOctet = (1n << uOctetLowestBit) - 1n;

/** Reads a NAT64 prefix. @throws AddressError when its length is none of the six or when it sets bits 64 to 71. */
export function parseNat64Prefix(text: string): Prefix {
  const prefix = parseIpv6Prefix(text);
  if (!nat64PrefixLengths.includes(prefix.length)) {
    throw new AddressError(
      `has the length ${prefix.length}; an IPv4 address can only be embedded behind 32, 40, 48, 56, 64 or 96 bits (RFC 6052 section 2.2).`,
      `Use one of these lengths, e.g. ${wellKnownPrefix}`,
    );
  }
  if ((prefix.address & uOctet) !== 0n) {
    throw new AddressError(
      "sets bits 64 to 71, which must be zero in every IPv4-embedded address (RFC 6052 section 2.2).",
      `Write ${formatPrefix({ ...prefix, address: prefix.address & ~uOctet })}`,
    );
  }
  return prefix;
}

/** The IPv6 address that stands for an IPv4 address. @throws AddressError for a prefix that cannot hold one. */
export function embedIpv4(prefixText: string, ipv4Text: string): string {
  const prefix = parseNat64Prefix(prefixText);
  return formatIpv6(prefix.address | spread(parseIpv4(ipv4Text), prefix.length));
}

/** The IPv4 address inside an IPv4-embedded IPv6 address. @throws AddressError when the address is outside the prefix. */
export function extractIpv4(prefixText: string, ipv6Text: string): string {
  const prefix = parseNat64Prefix(prefixText);
  const address = parseIpv6(ipv6Text);
  if (!containsAddress(prefix, address)) {
    throw new AddressError(`is not inside ${formatPrefix(prefix)}.`, "Use the prefix that the translator uses.");
  }
  return formatIpv4(gather(address, prefix.length));
}

/** The IPv4 addresses that an IPv6 address would stand for, one for each length that a prefix may have. */
export function possibleIpv4s(ipv6Text: string): string[] {
  const address = parseIpv6(ipv6Text);
  return nat64PrefixLengths.map((length) => formatIpv4(gather(address, length)));
}

/** How many bits there are behind the 32 embedded ones once the u octet is taken out of a 120-bit view; behind a /96 none is left. */
function suffixBits(length: number): bigint {
  return BigInt(length === 96 ? 0 : 88 - length);
}

function spread(ipv4: bigint, length: number): bigint {
  const packed = ipv4 << suffixBits(length);
  const above = packed >> uOctetLowestBit;
  return (above << (uOctetLowestBit + 8n)) | (packed & belowUOctet);
}

function gather(address: bigint, length: number): bigint {
  const above = address >> (uOctetLowestBit + 8n);
  const packed = (above << uOctetLowestBit) | (address & belowUOctet);
  return (packed >> suffixBits(length)) & 0xffff_ffffn;
}
