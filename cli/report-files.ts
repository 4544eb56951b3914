/** Files that a command is to write in the end: that they cannot be written is told before the work, not after it. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../host/messages";

/**
 * @param files by the option that names them.
 * @throws UserError for the first that cannot be written.
 */
export function requireWritable(files: Readonly<Record<string, string | undefined>>): void {
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
