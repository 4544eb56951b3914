/** A machine goes on from where a template was saved, as somebody of its own. */
import { randomBytes, randomUUID } from "node:crypto";
import { runInGuest } from "./agent";
import { type MachineDescription, plugged } from "./command-line";
import type { MachinePaths } from "./paths";
import { ask } from "./qmp";
import { loadState } from "./state-file";
import type { Template } from "./template";

/** Seconds in which the guest has to take on what it is told. An emulated one beside others needs about five. */
const personalityLimit = 60;

/** @throws Error when QEMU refuses the template, or the guest does not do what it is told. */
export async function restore(
  machine: Pick<MachineDescription, "nics">,
  paths: MachinePaths,
  template: Template,
  signal: AbortSignal,
): Promise<void> {
  await loadState(paths, { path: template.state, withMemory: false }, signal);
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
