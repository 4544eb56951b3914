/** Machines that a state may know nothing of: their processes are found by what they do, their files by where they are. */
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { OperationContext } from "../../plugin/handler";
import { lostSuffix, machinePaths } from "./paths";
import { removeMachine, withMachine } from "./power";
import { machineProcesses } from "./process";
import { wiringsOf } from "./wiring";

type Context = Pick<OperationContext, "progress" | "signal">;

/**
 * Ends every machine in the folder of a stack, with or without files, and removes the folder.
 * @returns the names of those that were there, sorted.
 * @throws when one of them does not end.
 */
export async function removeStackMachines(stackFolder: string, context: Context): Promise<string[]> {
  const running = machineProcesses().map(({ folder }) => folder);
  const folders = [...running, ...subfolders(stackFolder)].filter((folder) => dirname(folder) === stackFolder);
  const found = await removeMachines(folders, context);
  rmSync(stackFolder, { recursive: true, force: true });
  return found;
}

/**
 * Ends every machine that was made on a LAN segment and still is there: when the segment goes, no state knows of it. One
 * that has moved away since is known, and so is one that has joined for a while.
 */
export async function removeSegmentMachines(group: string, port: number, context: Context): Promise<void> {
  const made = machineProcesses().filter(({ commandLine }) => commandLine.includes(`,mcast=${group}:${port},`));
  const there = await Promise.all(made.map(({ folder }) => isOn(folder, group, port)));
  await removeMachines(
    made.filter((_, index) => there[index]).map(({ folder }) => folder),
    context,
  );
}

/** One that does not answer is where it was made. */
async function isOn(folder: string, group: string, port: number): Promise<boolean> {
  const wirings = await wiringsOf(machinePaths(dirname(folder), basename(folder))).catch(() => undefined);
  if (wirings === undefined || wirings.size === 0) return true;
  const segments = [...wirings.values()].flatMap(({ on, aside }) => [...on, ...aside]);
  return segments.some((each) => each.group === group && each.port === port);
}

async function removeMachines(folders: readonly string[], context: Context): Promise<string[]> {
  const distinct = [...new Set(folders)].sort();
  for (const folder of distinct) {
    const paths = machinePaths(dirname(folder), basename(folder));
    await withMachine(paths, context, () => removeMachine(paths));
  }
  return distinct.map((folder) => basename(folder));
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.endsWith(lostSuffix))
      .map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}
