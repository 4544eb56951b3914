/** Files that a command is to write in the end: that they cannot be written is told before the work, not after it. */
import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, UserError } from "../host/messages";

/**
 * What an earlier run has left there is taken away: a run that comes to no report must not leave that of another.
 * @param files by the option that names them.
 * @throws UserError for the first that cannot be written.
 */
export function makeRoom(files: Readonly<Record<string, string | undefined>>): void {
  requireWritable(files);
  for (const file of Object.values(files)) {
    // Pipes and devices have nothing of before.
    if (file === undefined || !existsSync(file) || !statSync(file).isFile()) continue;
    try {
      rmSync(file);
    } catch {
      // Of a folder that takes and gives no files.
      truncateSync(file);
    }
  }
}

/**
 * The same for a folder of them, which is made.
 * @param names what is to be written there.
 * @throws UserError when that cannot be.
 */
export function makeFolder(option: string, folder: string, names: readonly string[]): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const name of names) rmSync(join(folder, name), { force: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(`${option} ${folder}: no reports can be written there (${messageOf(error)}).`);
  }
}

function requireWritable(files: Readonly<Record<string, string | undefined>>): void {
  for (const [option, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const why = hindrance(file);
    if (why !== undefined) throw new UserError(`${option} ${file || '""'}: ${why}.`);
  }
}

function hindrance(file: string): string | undefined {
  if (file === "") return "it takes the name of a file";
  const folder = dirname(file);
  if (!existsSync(folder)) return `there is no folder ${folder}`;
  if (existsSync(file) && statSync(file).isDirectory()) return "that is a folder";
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
    return undefined;
  } catch {
    return "it may not be written";
  }
}
