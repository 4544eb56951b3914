/** Leaves addresses of the user's own network out of a report: whoever reads it learns nothing of that network. */
import { containsAddress, parseIpv4, parseIpv4Prefix, parseIpv6, parseIpv6Prefix, type Prefix } from "../plan/prefix";

const own4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"].map(parseIpv4Prefix);
const own6 = ["fc00::/7", "fe80::/10"].map(parseIpv6Prefix);

/** @param lanPrefixes the lab's own of IPv6, which may look global. */
export function redact(text: string, lanPrefixes: readonly string[]): string {
  const prefixes = [...own6, ...lanPrefixes.map(parseIpv6Prefix)];
  return text
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (each) => (isIn(each, own4, parseIpv4) ? "[own IPv4]" : each))
    .replace(/[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}/gi, (each) =>
      isIn(each, prefixes, parseIpv6) ? "[own IPv6]" : each,
    );
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
