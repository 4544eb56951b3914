/** Machines that a state may know nothing of: their processes are found by what they do, their files by where they are. */
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { OperationContext } from "../../plugin/handler";
import { lostSuffix, machinePaths } from "./paths";
import { removeMachine, withMachine } from "./power";
import { machineProcesses } from "./process";

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

/** Ends every machine that is on a LAN segment: when the segment goes, no state knows of a machine on it. */
export async function removeSegmentMachines(group: string, port: number, context: Context): Promise<void> {
  const on = machineProcesses().filter(({ commandLine }) => commandLine.includes(`,mcast=${group}:${port},`));
  await removeMachines(
    on.map(({ folder }) => folder),
    context,
  );
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
