/**
 * `lab:index:LanSegment`: the multicast group and port by which QEMU joins network cards to one isolated LAN. Only a
 * pair of numbers; what matters is that no two labs have the same. A machine that is on it when it goes was lost by
 * the state (an `up` was killed while it made the machine) and goes with it.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { ResourceHandler } from "../plugin/handler";
import { removeSegmentMachines } from "./qemu/remains";

const outputsSchema = z.object({ group: z.string(), port: z.number() });

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

  delete(old, context) {
    const { group, port } = outputsSchema.parse(old.properties);
    return removeSegmentMachines(group, port, context);
  },
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
