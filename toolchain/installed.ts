/** The first rung: a pulumi that the user already has. */
import { mkdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "../host/paths";
import { findOnPath, isExecutable, run } from "../host/processes";
import { compareVersions, minimumVersion } from "./pins";

export type Verdict =
  | { readonly kind: "suitable"; readonly program: string; readonly version: string }
  | { readonly kind: "absent" }
  | { readonly kind: "unsuitable"; readonly program: string; readonly reason: string };

/** Looks at the pulumi on the search path: new enough, and with its language host beside it or on the path. */
export async function findInstalled(searchPath: string = process.env.PATH ?? ""): Promise<Verdict> {
  const program = findOnPath("pulumi", searchPath);
  if (program === undefined) return { kind: "absent" };
  const version = await versionOf(program);
  if (version === undefined) return { kind: "unsuitable", program, reason: "`pulumi version` gave no version" };
  const reason = unsuitable(version, hasLanguageHost(program, searchPath));
  return reason === undefined ? { kind: "suitable", program, version } : { kind: "unsuitable", program, reason };
}

/** The reason why a CLI of this version cannot be used, if there is one. */
export function unsuitable(version: string, languageHost: boolean): string | undefined {
  if (compareVersions(version, minimumVersion) < 0) {
    return `its version ${version} is older than ${minimumVersion}`;
  }
  return languageHost ? undefined : "pulumi-language-nodejs is neither beside it nor on PATH";
}

function hasLanguageHost(program: string, searchPath: string): boolean {
  return (
    isExecutable(join(dirname(realpathSync(program)), "pulumi-language-nodejs")) ||
    findOnPath("pulumi-language-nodejs", searchPath) !== undefined
  );
}

const memoSchema = z.record(z.string(), z.object({ mark: z.string(), version: z.string() }));

/** Asks a CLI for its version, once for each file: starting it takes as long as everything else in a set-up. */
async function versionOf(program: string): Promise<string | undefined> {
  const path = realpathSync(program);
  const { size, mtimeMs } = statSync(path);
  const mark = `${size} ${mtimeMs}`;
  const file = join(cacheFolder(), "toolchain", "versions.json");
  const memo = readMemo(file);
  const known = memo[path];
  if (known?.mark === mark) return known.version;
  const answer = await run(path, ["version"], { timeout: 20_000 });
  const version = /^v?(\d+\.\d+\.\d+\S*)/.exec(answer.stdout.trim())?.[1];
  if (answer.code !== 0 || version === undefined) return undefined;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ ...memo, [path]: { mark, version } }));
  renameSync(draft, file);
  return version;
}

function readMemo(file: string): z.infer<typeof memoSchema> {
  try {
    return memoSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
