/**
 * Pages of the simulated internet whose resources come from elsewhere. Each page says of every resource whether it came, to
 * whoever looks at it (a screenshot, say), and in its title, to a program.
 */
import type { InternetPlan } from "../plan/internet";
import { parseIpv6 } from "../plan/prefix";
import { lines } from "./text";

/** Where every server has the resource that pages ask for. */
export const resource = "/came.js";

/** What it does. Its quotes are double ones: nginx.conf has it between single ones. */
export const tellsThatItCame = 'document.currentScript.previousElementSibling.textContent = "came";';

interface Page {
  readonly name: string;
  readonly content: string;
}

export function pagesOf(plan: InternetPlan): readonly Page[] {
  const thirdParties = ["cdn", "fonts", "tracker"].map((name) => `http://${name}.v4only.${plan.zone}`);
  return [
    { name: "ipv4-literals", content: page("IPv4 literals", literals(plan, "ipv4")) },
    { name: "ipv6-literals", content: page("IPv6 literals", literals(plan, "ipv6")) },
    { name: "third-parties", content: page("Third parties without IPv6", thirdParties) },
  ];
}

/** One address in the forms that a page, a configuration or a person writes. */
function literals({ literals: { ipv4, ipv6 } }: InternetPlan, family: "ipv4" | "ipv6"): readonly string[] {
  if (family === "ipv4") return [`http://${ipv4}`, `https://${ipv4}`];
  // RFC 4291 section 2.2: compressed, in full, in upper case, and with the last 32 bits as in IPv4.
  return [ipv6, inFull(ipv6), ipv6.toUpperCase(), mixed(ipv6)].map((address) => `http://[${address}]`);
}

function groups(address: string): readonly number[] {
  const value = parseIpv6(address);
  return Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(16 * (7 - index))) & 0xffffn));
}

function inFull(address: string): string {
  return groups(address)
    .map((group) => group.toString(16).padStart(4, "0"))
    .join(":");
}

function mixed(address: string): string {
  const all = groups(address);
  const octets = all.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
  return [...all.slice(0, 6).map((group) => group.toString(16)), octets.join(".")].join(":");
}

/** @param servers where the resources are, without a path. */
function page(title: string, servers: readonly string[]): string {
  return lines(
    "<!doctype html>",
    '<meta charset="utf-8">',
    `<title>${title}</title>`,
    `<h1>${title}</h1>`,
    ...servers.flatMap((server) => {
      const url = `${server}${resource}`;
      return [`<p><a href="${url}">${url}</a>`, "<b>did not come</b>", `<script src="${url}"></script></p>`];
    }),
    "<script>",
    "const said = [...document.querySelectorAll('b')].map((word) => word.textContent);",
    "document.title += `: ${said.filter((word) => word === 'came').length} of ${said.length} came`;",
    "</script>",
  );
}
