/** Folders that are filled under a name of their own and renamed when they are whole. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const mark = ".draft-";

/**
 * Makes a folder by `fill`, whole or not at all. What an interrupted process left is removed first, so the caller
 * holds the lock on the folder.
 */
export async function makeFolder(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const parent = dirname(folder);
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    if (name.startsWith(`${basename(folder)}${mark}`)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const draft = mkdtempSync(`${folder}${mark}`);
  try {
    await fill(draft);
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
