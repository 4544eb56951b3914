/** A machine goes on from where a template was saved, as somebody of its own. */
import { randomBytes, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { connect } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { runInGuest } from "./agent";
import { type MachineDescription, plugged } from "./command-line";
import type { MachinePaths } from "./paths";
import { ask, queryStatus } from "./qmp";
import { memoryStays, type Template } from "./template";

/** Seconds in which the guest has to take on what it is told. An emulated one beside others needs about five. */
const personalityLimit = 60;

/** @throws Error when QEMU refuses the template, or the guest does not do what it is told. */
export async function restore(
  machine: Pick<MachineDescription, "nics">,
  paths: MachinePaths,
  template: Template,
  signal: AbortSignal,
): Promise<void> {
  const incoming = { execute: "migrate-incoming", arguments: { uri: `unix:${paths.migration}` } };
  await ask(paths.qmp, [memoryStays, incoming]);
  await pipeline(createReadStream(template.state), connect(paths.migration), { signal });
  while ((await queryStatus(paths.qmp)) === "inmigrate") await delay(10, undefined, { signal });
  const devices = plugged(machine).map((device) => ({ execute: "device_add", arguments: device }));
  await ask(paths.qmp, [...devices, { execute: "cont" }]);
  const personality = {
    path: "/usr/local/lib/ipv6-only-lab/personality",
    args: [
      ...[(Date.now() / 1000).toFixed(3), randomBytes(16).toString("hex"), randomUUID()],
      String(machine.nics.length),
    ],
    stdin: randomBytes(256),
  };
  await runInGuest(paths.agent, personality, personalityLimit, signal);
}
