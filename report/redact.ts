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
  /** Outside, IPv4. */
  readonly outside: readonly string[];
}

/** What a report is written with. @param own undefined: nothing is left out. */
export function redaction(own: OwnPrefixes | undefined) {
  return {
    text: (text: string): string => (own === undefined ? text : redact(text, own)),
    json: (document: unknown): string =>
      own === undefined ? JSON.stringify(document, null, 2) : redactAll(document, own),
  };
}

export function redact(text: string, { lan, nat64, outside }: OwnPrefixes): string {
  const ipv4s = [...own4, ...outside.map(parseIpv4Prefix)];
  const prefixes = [...own6, ...lan.map(parseIpv6Prefix)];
  const embedding = [...new Set([nat64, wellKnownPrefix, mappedPrefix])];
  const isOwn4 = (address: string): boolean => isIn(address, ipv4s, parseIpv4);
  const instead = (address: string): string | undefined => {
    const hidden = embedding.find((prefix) => isOwnInside(address, prefix, isOwn4));
    if (hidden !== undefined) return `[own IPv4 in ${hidden}]`;
    return isIn(address, prefixes, parseIpv6) ? "[own IPv6]" : undefined;
  };
  return (
    text
      .replace(/(?<![\d.])((?:\d{1,3}\.){1,4})in-addr\.arpa/gi, (each, labels: string) =>
        isOwn4(fromReverse(labels, 4).join(".")) ? "[own IPv4].in-addr.arpa" : each,
      )
      .replace(/(?<![\w.])((?:[0-9a-f]\.){1,32})ip6\.arpa/gi, (each, labels: string) => {
        const groups = fromReverse(labels, 32).join("").match(/.{4}/g) ?? [];
        const words = instead(groups.join(":"));
        return words === undefined ? each : `${words}.ip6.arpa`;
      })
      // An escaped character, as terminals are shown them, is no part of a number behind it.
      .replace(/(?:(?<=\\x[0-9a-f]{2})|(?<!\d|\d\.))\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d|\.in-addr)/g, (each) =>
        isOwn4(each) ? "[own IPv4]" : each,
      )
      .replace(/[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}/gi, (each, at: number, all: string) =>
        redactIpv6(each, /\w/.test(all.charAt(at - 1)), instead),
      )
  );
}

/** The labels of a name in in-addr.arpa or ip6.arpa, in the order of the address (RFC 1035 section 3.5, RFC 3596 section 2.5). */
function fromReverse(labels: string, count: number): string[] {
  const told = labels.split(".").filter((label) => label !== "");
  return [...told.reverse(), ...Array<string>(count).fill("0")].slice(0, count);
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

function isOwnInside(address: string, prefix: string, isOwn4: (ipv4: string) => boolean): boolean {
  try {
    return isOwn4(extractIpv4(prefix, address));
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
