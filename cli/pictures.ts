/** Pictures that a program left, for its report: what a browser showed, say. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Picture } from "../exec/report/html";

/** Of those that every browser shows. */
const types: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
};

/** Octets: the page holds them, and more than that is no screenshot. */
const largest = 8 * 1024 * 1024;

/**
 * @param names what was copied back from the client.
 * @param folder where it was copied to.
 */
export function picturesAmong(names: readonly string[], folder: string): Picture[] {
  return names.flatMap((name) => {
    const type = types[path.extname(name).toLowerCase()];
    const file = path.join(folder, name);
    const about = type === undefined ? undefined : fs.statSync(file, { throwIfNoEntry: false });
    if (about?.isFile() !== true || about.size > largest) return [];
    return [{ name, url: `data:${type};base64,${fs.readFileSync(file).toString("base64")}` }];
  });
}
