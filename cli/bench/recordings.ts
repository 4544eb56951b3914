/** Runs kept as files: what was seen once can be judged again, by other rules, without the lab. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { problems } from "../../exec/place";
import type { Recording } from "../../exec/run";
import { scenarios } from "../../plan/scenario";

const endpoint = z.object({ address: z.string(), id: z.string() });

/** JSON knows nothing that is undefined: null stands for it. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullable().transform((value) => value ?? undefined);

const recordingSchema = z.object({
  request: z.object({
    // Older ones do not tell.
    stack: z.string().default(""),
    network: z.object({
      name: z.string(),
      scenario: z.enum(scenarios),
      ipv4: z.enum(["native", "clat", "none"]),
      nat64Prefix: maybe(z.string()),
    }),
    client: z.string(),
    command: z.array(z.string()),
    loopback4: z.boolean(),
    lacks: z.array(z.string()).default([]),
  }),
  end: z.object({
    code: z.number(),
    problem: maybe(z.enum(problems)),
    timedOut: z.boolean(),
    stopped: z.boolean(),
    startedAt: maybe(z.number()),
    endedAt: maybe(z.number()),
    withoutRights: z.array(z.string()),
    left: z.array(z.string()),
    trace: z.string(),
    // Older ones have strace's trace alone.
    kernel: z.string().default(""),
    containers: z.string().default(""),
    daemons: z.string().default(""),
    namespace: z.string().default(""),
    goingOn: z.array(z.string()).default([]),
    tracedByRoot: z.boolean().default(false),
    hosts: z.string(),
    resolvConf: z.string(),
    resolver: z.string(),
    notThere: z.array(z.string()),
  }),
  sessions: z.array(
    z.object({
      protocol: z.string(),
      client: endpoint,
      serverIpv6: endpoint,
      ipv4: endpoint,
      server: endpoint,
      expiresIn: z.string(),
      state: z.string(),
    }),
  ),
  faultsOn: z
    .array(
      z.object({
        name: z.string(),
        client: z.string(),
        to: z.string(),
        packets: z.number(),
        table: z.string(),
        atWork: z.boolean(),
      }),
    )
    // Older ones do not tell.
    .default([]),
  gatewayLacks: z.array(z.string()).default([]),
  askedAgain: z
    .array(z.object({ name: z.string(), type: z.string(), validated: z.string(), unvalidated: z.string() }))
    .default([]),
  listening: maybe(
    z.object({
      port: z.number(),
      patience: z.number(),
      sockets: z.array(z.string()),
      knocks: z.array(
        z.object({
          from: z.string(),
          address: z.string(),
          result: z.enum(["open", "refused", "unreachable", "silent", "failed"]),
          seconds: z.number(),
        }),
      ),
    }),
  ),
});

/** A run, and the seconds that it took with all that `exec` does beside it. */
export interface Kept {
  readonly recording: Recording;
  readonly seconds: number;
}

const keptSchema = z.object({ recording: recordingSchema, seconds: z.number() });

/** Undefined: there is none. */
export function readKept(folder: string, network: string, name: string): Kept | undefined {
  const file = fileOf(folder, network, name);
  if (!existsSync(file)) return undefined;
  return keptSchema.parse(JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")));
}

export function keep(folder: string, network: string, name: string, kept: Kept): void {
  const file = fileOf(folder, network, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, gzipSync(JSON.stringify(kept, (_, value: unknown) => value ?? null)));
}

function fileOf(folder: string, network: string, name: string): string {
  return join(folder, network, `${name.replace(/[^\w.-]+/g, "-")}.json.gz`);
}
