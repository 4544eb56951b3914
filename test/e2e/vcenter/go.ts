/** The tests' own programs in Go, built from published modules. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../../host/lock";
import { cacheFolder } from "../../../host/paths";
import { findOnPath, run } from "../../../host/processes";
import { goBuildFlags, goEnvironment, goLinkerFlags } from "../../../toolchain/module-build";

/** Also where Go's own installer puts it, which is not always on PATH. */
const go = findOnPath("go") ?? ["/usr/local/go/bin/go"].find(existsSync);

/** For a test's name: why it is skipped; empty where Go is installed. */
export const withoutGo = go === undefined ? " (skipped: it needs Go)" : "";

export interface GoProgram {
  /** Where its sources and its go.mod are. */
  readonly folder: string;
  readonly name: string;
  readonly linkerFlags?: string;
}

/** Builds a program once for each state of its sources. The first time takes minutes, the later ones no time. */
export async function goProgram({ folder, name, linkerFlags = "" }: GoProgram): Promise<string> {
  const hash = createHash("sha256").update(linkerFlags);
  for (const file of readdirSync(folder)
    .filter((each) => /\.(go|mod|sum)$/.test(each))
    .sort()) {
    hash.update(file).update(readFileSync(join(folder, file)));
  }
  const program = join(cacheFolder(), "go", hash.digest("hex").slice(0, 16), name);
  const waiting = (): void => undefined;
  if (!existsSync(program)) await withLock(`${program}.lock`, waiting, () => build(folder, program, linkerFlags));
  return program;
}

async function build(folder: string, program: string, linkerFlags: string): Promise<void> {
  if (go === undefined) throw new Error(`Go is not installed, and ${folder} is written in it.`);
  const args = ["build", ...goBuildFlags, "-ldflags", `${goLinkerFlags} ${linkerFlags}`, "-o", program, "."];
  const built = await run(go, args, {
    cwd: folder,
    env: goEnvironment(),
  });
  if (built.code !== 0) throw new Error(`${folder} could not be built:\n${built.stderr}`);
}
