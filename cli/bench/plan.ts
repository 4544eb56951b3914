/** Planning by the number of clients, and the whole program without an engine: time and memory, each in a new process. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { say, UserError } from "../../host/messages";
import { typescriptLoader } from "../../host/paths";

const sizes = [10, 100, 1000, 10_000];
/** The program registers ten resources a client, each a request in this process: ten thousand clients take minutes. */
const programSizes = [10, 100, 1000];

const measured = z.object({
  /** Of processor time, which other programs do not change as they do the time of day; median of the runs. */
  seconds: z.number(),
  /** MiB of heap that are held by what was made. */
  heap: z.number(),
  /** MiB that the process had at most. */
  peak: z.number(),
});

type PlanFigure = z.infer<typeof measured> & { readonly what: "plan" | "program"; readonly clients: number };

/** @param platform `qemu` or `vsphere`, whose MACs have to be made to differ. */
export function benchPlan(platform: string): PlanFigure[] {
  const jobs = [
    ...sizes.map((clients) => ({ what: "plan" as const, clients })),
    ...programSizes.map((clients) => ({ what: "program" as const, clients })),
  ];
  return jobs.map(({ what, clients }) => {
    const figure = { what, clients, ...measure(what, clients, platform) };
    say(`  ${what} ${clients}: ${figure.seconds.toFixed(3)} s`);
    return figure;
  });
}

function measure(what: string, clients: number, platform: string): z.infer<typeof measured> {
  const worker = join(__dirname, "plan-worker.ts");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", ...typescriptLoader, worker, what, String(clients), platform],
    { encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new UserError(`${what} for ${clients} clients failed:\n${stderr}`);
  return measured.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
}

/** Rows of a table, the last column the time a client takes: the same everywhere when growth is linear. */
export function planRows(figures: readonly PlanFigure[]): string[][] {
  return figures.map(({ what, clients, seconds, heap, peak }) => [
    what,
    String(clients),
    `${(seconds * 1000).toFixed(1)} ms`,
    `${heap.toFixed(1)} MiB`,
    `${peak.toFixed(0)} MiB`,
    `${((seconds * 1e6) / clients).toFixed(0)} µs`,
  ]);
}
