/** Leaves addresses of the user's own network out of a report: whoever reads it learns nothing of that network. */
import {
  AddressError,
  containsAddress,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
  type Prefix,
} from "../plan/prefix";
import { extractIpv4, wellKnownPrefix } from "../plan/rfc6052";

const own4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"].map(parseIpv4Prefix);
const own6 = ["fc00::/7", "fe80::/10"].map(parseIpv6Prefix);

/** IPv4-mapped (RFC 4291 section 2.5.5.2). */
const mappedPrefix = "::ffff:0:0/96";

/** What of a lab's addresses is its own, though it may look global. */
export interface OwnPrefixes {
  /** Of the lab's networks, IPv6. */
  readonly lan: readonly string[];
  /** An address inside is as private as the IPv4 address in it. */
  readonly nat64: string;
}

/** What a report is written with. @param own undefined: nothing is left out. */
export function redaction(own: OwnPrefixes | undefined) {
  return {
    text: (text: string): string => (own === undefined ? text : redact(text, own)),
    json: (document: unknown): string =>
      own === undefined ? JSON.stringify(document, null, 2) : redactAll(document, own),
  };
}

export function redact(text: string, { lan, nat64 }: OwnPrefixes): string {
  const prefixes = [...own6, ...lan.map(parseIpv6Prefix)];
  const embedding = [...new Set([nat64, wellKnownPrefix, mappedPrefix])];
  const instead = (address: string): string | undefined => {
    const hidden = embedding.find((prefix) => isOwnInside(address, prefix));
    if (hidden !== undefined) return `[own IPv4 in ${hidden}]`;
    return isIn(address, prefixes, parseIpv6) ? "[own IPv6]" : undefined;
  };
  return text
    .replace(/(?<!\d|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)/g, (each) =>
      isIn(each, own4, parseIpv4) ? "[own IPv4]" : each,
    )
    .replace(/[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}/gi, (each, at: number, all: string) =>
      redactIpv6(each, /\w/.test(all.charAt(at - 1)), instead),
    );
}

/** The same of a document's every text; in the document itself an escape's letter may stand before an address. */
function redactAll(document: unknown, own: OwnPrefixes): string {
  const clean = (_key: string, value: unknown): unknown => (typeof value === "string" ? redact(value, own) : value);
  return JSON.stringify(document, clean, 2);
}

/**
 * @param found groups and colons, of which the first group may be the end of a word before the address (`src:fd00::1`), and
 * the last colon the sentence's, or a port's.
 * @param joined whether the first group has more of a word before it.
 */
function redactIpv6(found: string, joined: boolean, instead: (address: string) => string | undefined): string {
  const behindFirst = found.indexOf(":") + 1;
  const isLabel = joined || behindFirst === 1 || /^[a-f]+:/i.test(found);
  for (const start of isLabel ? [0, behindFirst] : [0]) {
    for (const end of [found.length, found.lastIndexOf(":")]) {
      const words = instead(found.slice(start, end));
      if (words !== undefined) return `${found.slice(0, start)}${words}${found.slice(end)}`;
    }
  }
  return found;
}

function isOwnInside(address: string, prefix: string): boolean {
  try {
    return isIn(extractIpv4(prefix, address), own4, parseIpv4);
  } catch (error) {
    if (error instanceof AddressError) return false;
    throw error;
  }
}

function isIn(text: string, prefixes: readonly Prefix[], parse: (text: string) => bigint): boolean {
  let address: bigint;
  try {
    address = parse(text);
  } catch {
    // A time of day, a version: anything with such marks.
    return false;
  }
  return prefixes.some((prefix) => containsAddress(prefix, address));
}
