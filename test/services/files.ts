import type { ServiceFile } from "../../services/bundle";

/** The content of one file of a renderer's. @throws when there is no such file. */
export function contentOf(files: readonly ServiceFile[], path: string): string {
  const file = files.find((each) => each.path === path);
  if (file === undefined) throw new Error(`${path} is not among ${files.map((each) => each.path).join(", ")}`);
  return file.content;
}
