import { createHash } from "node:crypto";
import type { LabPlan } from "../plan/model";
import type { Bundle, BundleFile, ServiceName } from "./bundle";
import { renderDhcpv6 } from "./dhcpv6";
import { renderDns64 } from "./dns64";
import { renderJool } from "./jool";
import { renderNftables } from "./nftables";
import { renderRadvd } from "./radvd";
import { renderSysctl } from "./sysctl";

/** Every file of every service of the gateway. The same plan gives the same bytes. */
export function renderBundle(plan: LabPlan): Bundle {
  const files = [
    ...renderDhcpv6(plan),
    ...renderDns64(plan),
    ...renderJool(plan),
    ...renderNftables(plan),
    ...renderRadvd(plan),
    ...renderSysctl(plan),
  ];
  return createBundle(files);
}

/** A bundle of the given files, in the order of their paths; the services that have files are those that run. */
export function createBundle(unsorted: readonly BundleFile[]): Bundle {
  const files = [...unsorted].sort((one, other) => (one.path < other.path ? -1 : 1));
  const enabled = [...new Set(files.map((file) => file.service))].sort();
  return { files, enabled, digest: createHash("sha256").update(body(files, enabled)).digest("hex") };
}

/**
 * The bundle as apply.sh reads it on standard input: a line with the format's version and the SHA-256 of all that
 * follows, a line with the services that run, then each file as a header line `file SERVICE MODE LINES PATH` and
 * exactly that many lines.
 */
export function bundleText(bundle: Bundle): string {
  return `ipv6-only-lab-bundle 1 sha256 ${bundle.digest}\n${body(bundle.files, bundle.enabled)}`;
}

function body(files: readonly BundleFile[], enabled: readonly ServiceName[]): string {
  return [`enabled ${enabled.join(" ")}\n`, ...files.map(framed)].join("");
}

function framed({ service, mode, path, content }: BundleFile): string {
  if (!content.endsWith("\n") || content.includes("\0")) {
    throw new Error(`Bug: ${path} must be text whose last line ends with a newline.`);
  }
  return `file ${service} ${mode} ${content.split("\n").length - 1} ${path}\n${content}`;
}
