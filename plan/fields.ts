/** Zod types for the values that configuration keys share: each reads a text and gives back its canonical form. */
import { z } from "zod";
import { parseInterfaceId } from "./interface-id";
import {
  AddressError,
  formatIpv4,
  formatIpv6,
  formatPrefix,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "./prefix";
import { parseNat64Prefix } from "./rfc6052";
import { checkedSshPublicKey } from "./ssh-public-key";

/** A text that `read` turns into its canonical form, or whose AddressError becomes a problem of the key. */
function text(read: (value: string) => string) {
  return z.string().transform((value, context) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      context.addIssue({ code: "custom", message: error.why, params: { remedy: error.remedy } });
      return z.NEVER;
    }
  });
}

/** A text of a given form. */
function pattern(form: RegExp, why: string, remedy: string) {
  return text((value) => {
    if (!form.test(value)) throw new AddressError(why, remedy);
    return value;
  });
}

/** The prefix of a LAN segment. SLAAC works with 64 bits of interface id only (RFC 4862, RFC 4291 section 2.5.1). */
export const lanPrefix = () =>
  text((value) => {
    const [address = "", length] = value.split("/");
    if (length === undefined || length === "64") return formatPrefix(parseIpv6Prefix(value));
    const first64 = formatIpv6((parseIpv6(address) >> 64n) << 64n);
    throw new AddressError(
      `is a /${length}; clients make their addresses on a /64 only (RFC 4862, RFC 4291 section 2.5.1).`,
      `Write ${first64}/64`,
    );
  });

export const nat64Prefix = () => text((value) => formatPrefix(parseNat64Prefix(value)));
export const ipv4Prefix = () => text((value) => formatPrefix(parseIpv4Prefix(value)));
export const ipv4Address = () => text((value) => formatIpv4(parseIpv4(value)));
export const interfaceId = () => text((value) => formatIpv6(parseInterfaceId(value)));

/** The IPv4 prefix of a network of hosts: room for the gateway, the clients and a few strangers, and no more than a site's. */
export const ipv4Network = () =>
  text((value) => {
    const prefix = parseIpv4Prefix(value);
    if (prefix.length < 16 || prefix.length > 26) {
      const first = formatIpv4(prefix.address);
      throw new AddressError(`is a /${prefix.length}; networks here have /16 to /26.`, `Write e.g. ${first}/24`);
    }
    return formatPrefix(prefix);
  });

/** An IPv4 address in its network: `192.0.2.10/24`. */
export const ipv4Interface = () =>
  text((value) => {
    const [address = "", length = "", ...rest] = value.split("/");
    const host = formatIpv4(parseIpv4(address));
    if (rest.length > 0 || !/^([1-9]|[12]\d|30)$/.test(length)) {
      throw new AddressError("has no length of its network, 1 to 30, behind the address.", `Write e.g. ${host}/24`);
    }
    return `${host}/${length}`;
  });

/** A path of folders without a slash at either end, as vCenter's inventory has it. */
export const inventoryPath = () =>
  pattern(
    /^[^/]+(\/[^/]+)*$/,
    "is not a path of folders: names with a slash between them and none at the ends.",
    "Write e.g. labs/network",
  );

/** An IPv4 or IPv6 address, with unbound's `@port` behind it when the port is not 53. */
export const forwarder = () =>
  text((value) => {
    const [address = "", port, ...rest] = value.split("@");
    const canonical = address.includes(":") ? formatIpv6(parseIpv6(address)) : formatIpv4(parseIpv4(address));
    if (port === undefined) return canonical;
    if (rest.length > 0 || !isPort(port)) {
      throw new AddressError("has no valid port behind the @.", `Write e.g. ${canonical}@5353`);
    }
    return `${canonical}@${port}`;
  });

/** `first-last` or one number, which YAML reads as a number. Canonical form: always `first-last`. */
export const portRange = () =>
  z.union([
    z
      .int()
      .min(1)
      .max(65_535)
      .transform((port) => `${port}-${port}`),
    text((value) => {
      const [first = "", last = first, ...rest] = value.split("-");
      if (rest.length > 0 || !isPort(first) || !isPort(last) || Number(first) > Number(last)) {
        throw new AddressError("is not a range of ports from 1 to 65535.", "Write e.g. 61001-65535");
      }
      return `${first}-${last}`;
    }),
  ]);

function isPort(value: string): boolean {
  return /^[1-9]\d{0,4}$/.test(value) && Number(value) <= 65535;
}

/** One label (RFC 1123): it becomes a host name and the name of a resource. */
export const hostname = () =>
  pattern(
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    "is not a host name: lower-case letters, digits and inner hyphens, at most 63 of them (RFC 1123).",
    "Write e.g. client-1",
  );

/** `lan-` before it must make the name of a network card, at most 15 characters (IFNAMSIZ). */
export const networkName = () =>
  pattern(
    /^[a-z]([a-z0-9-]{0,9}[a-z0-9])?$/,
    "is not the name of a network: a lower-case letter, then letters, digits and inner hyphens, at most 11 of them.",
    "Write e.g. strict",
  );

export const domainName = () =>
  pattern(
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    "is not a domain name in lower case without a final dot.",
    "Write e.g. lab.example",
  );

export const debianPackage = () =>
  pattern(/^[a-z0-9][a-z0-9+.-]+$/, "is not the name of a Debian package.", "Write e.g. iperf3");

/** Linux takes 15 characters (IFNAMSIZ). */
export const interfaceName = () =>
  pattern(/^[A-Za-z0-9_.-]{1,15}$/, "is not the name of a network interface.", "Write e.g. br0");

export const sha256 = () =>
  pattern(
    /^[0-9a-f]{64}$/,
    "is not a SHA-256 digest: 64 hexadecimal digits in lower case.",
    "Take it from `sha256sum`",
  );

export const sshPublicKey = () => text(checkedSshPublicKey);

export const httpUrl = () =>
  text((value) => {
    if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
      throw new AddressError("is not an http or https URL.", "Write e.g. http://example.com/");
    }
    return value;
  });

export const title = () =>
  pattern(
    /^\S(?:[^\n\r]{0,98}\S)?$/,
    "is not a title: one line of at most 100 characters without spaces at its ends.",
    "Write e.g. the app answers",
  );

export const seconds = (minimum: number, maximum: number) => z.int().min(minimum).max(maximum);
