/**
 * `lab:index:LanSegment`: the multicast group and port by which QEMU joins network cards to one isolated LAN. Only a
 * pair of numbers, so nothing is left to remove; what matters is that no two labs have the same.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ResourceHandler } from "../plugin/handler";

export const lanSegmentHandler: ResourceHandler = {
  check: () => [],
  diff: () => ({ changed: [], replaces: [] }),

  create() {
    const group = randomGroup();
    const port = freePort(usedUdpPorts());
    return Promise.resolve({ id: `${group}:${port}`, outputs: { group, port } });
  },

  read: (old) => Promise.resolve(old.properties),
  update: (old) => Promise.resolve(old.properties),
  delete: () => Promise.resolve(),
};

/** A group of the organization-local scope, 239.192.0.0/14 (RFC 2365 section 6.2). */
function randomGroup(): string {
  return `239.${192 + randomInt(4)}.${randomInt(256)}.${1 + randomInt(254)}`;
}

/** A port below Linux's range of ephemeral ports (32768), so that no client of this machine gets it by chance. */
export function freePort(used: ReadonlySet<number>): number {
  for (;;) {
    const port = 20000 + randomInt(12000);
    if (!used.has(port)) return port;
  }
}

/** UDP ports that are bound now; none where there is no /proc. */
function usedUdpPorts(): ReadonlySet<number> {
  try {
    const lines = readFileSync("/proc/net/udp", "utf8").trim().split("\n").slice(1);
    return new Set(lines.map((line) => parseInt(line.trim().split(/\s+/)[1]?.split(":")[1] ?? "0", 16)));
  } catch {
    return new Set();
  }
}
