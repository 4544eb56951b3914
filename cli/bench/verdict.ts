/** The verdict against programs whose cause is known: a confusion matrix, never a test. */
import { mkdirSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { execute } from "../../exec";
import type { Run } from "../../exec/run";
import { judge, type Verdict } from "../../exec/verdict";
import { UserError, say } from "../../host/messages";
import { cacheFolder } from "../../host/paths";
import { run } from "../../host/processes";
import { shellQuote } from "../../ssh/shell";
import { ipv4OnlyServer } from "../../plan/internet/hosts";
import { type ClientAccess, type LabAccess, networkOf, type PromisedNetwork } from "../../verify/access";
import { connectClient, connectGateway } from "../../verify/connect";
import { visiting } from "../tour";
import { corpus, type Source, type Specimen } from "./corpus";

interface Row {
  readonly network: string;
  readonly name: string;
  readonly expected: string;
  readonly told: string;
  readonly seconds: number;
}

/**
 * The first client visits the networks; its packages come from where it is at home.
 * @param only a part of the specimens' names; "" is all.
 */
export async function benchVerdict(
  access: LabAccess,
  only: string,
  networks: readonly PromisedNetwork[],
): Promise<Row[]> {
  const wanted = corpus.filter(({ name }) => name.includes(only));
  const [client] = access.clients;
  if (client === undefined) throw new UserError("The lab has no client.");
  const packages = [...new Set(wanted.flatMap(({ source }) => source.packages))].sort();
  const target = await prepare(access, client, packages);
  const context = { signal: new AbortController().signal, progress: say };
  const rows = await visiting(access, client, networks, context, async (moved, { name }) => {
    say(name);
    const here: Row[] = [];
    for (const specimen of wanted) {
      const row = await tryOut(moved, specimen, target);
      if (row !== undefined) here.push(row);
    }
    return here;
  });
  return rows.flat();
}

/** The home network alone, where no other one is asked for. */
export function homeOf(access: LabAccess): PromisedNetwork[] {
  return access.clients.slice(0, 1).map((client) => networkOf(access, client));
}

async function tryOut(access: LabAccess, specimen: Specimen, target: Target): Promise<Row | undefined> {
  const { name, source, command, timeout } = specimen;
  const words = command.map((word) => word.replaceAll("{host}", target.host).replaceAll("{ipv4}", target.ipv4));
  const [home] = homeOf(access);
  const expected = home === undefined ? undefined : specimen.expected[home.scenario];
  if (expected === undefined) return undefined;
  const started = performance.now();
  const result = await onClient(access, words, await fetched(source), timeout ?? 120);
  const network = result.network.name;
  const row = { network, name, expected, told: told(judge(result)), seconds: (performance.now() - started) / 1000 };
  say(`  ${row.told === expected ? "right" : "WRONG"}  ${name}: ${row.told}`);
  return row;
}

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? verdict.finding.cause : verdict.kind;
}

interface Target {
  readonly host: string;
  readonly ipv4: string;
}

/** A web server of the simulated internet that has IPv4 only. */
const simulated = ipv4OnlyServer;

/**
 * Installs what is not there. The target is a server of the simulated internet, or the client's own package mirror, which
 * it is set up to reach.
 * @throws UserError when the client has none that can be used.
 */
async function prepare(access: LabAccess, client: ClientAccess, packages: readonly string[]): Promise<Target> {
  const { signal } = new AbortController();
  const gateway = await connectGateway(access, { wait: 0, signal });
  try {
    const connection = await connectClient(access, client, gateway, { wait: 0, signal });
    const names = packages.map(shellQuote).join(" ");
    const install = `dpkg --status ${names} >/dev/null 2>&1 || { sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${names}; } >&2`;
    const host = "grep -rhoE 'https?://[^/ ]+' /etc/apt/sources.list* 2>/dev/null | head -1 | sed 's,.*/,,'";
    const command = `${install}; host=$(${host}); printf '%s %s' "$host" "$(dig +short A "$host" | tail -1)"`;
    const { stdout, stderr } = await connection.exec(command, { signal, timeout: 1200 });
    if (access.promised.faults.length > 0) return { host: simulated.name, ipv4: simulated.a[0] ?? "" };
    const [name = "", ipv4 = ""] = stdout.split(" ");
    if (name === "" || ipv4 === "") throw new UserError(`The client's package mirror is no target: ${stderr.trim()}`);
    return { host: name, ipv4 };
  } finally {
    gateway.close();
  }
}

function onClient(
  access: LabAccess,
  command: readonly string[],
  put: readonly string[],
  timeout: number,
): Promise<Run> {
  const streams = {
    stdin: undefined,
    stdout: new PassThrough().resume(),
    stderr: new PassThrough().resume(),
    terminal: undefined,
  };
  return execute(access, {
    client: access.clients[0]?.name ?? "",
    ...{ command, put, get: [], into: ".", timeout, setuid: false, loopback4: true, streams },
    listen: undefined,
    onSignal: () => () => undefined,
  });
}

/** Files to copy to the client; fetched once, by the registries' own clients. */
async function fetched(source: Source): Promise<string[]> {
  if (source.kind === "debian") return [];
  const folder = join(cacheFolder(), "corpus", source.package.replace(/[^\w.@-]/g, "_"));
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    const [program, args] = installers[source.kind](source.package, folder);
    const env = { ...process.env, CGO_ENABLED: "0", GOBIN: folder };
    const { code, stderr } = await run(program, args, { cwd: folder, env });
    if (code !== 0) throw new UserError(`${source.package} cannot be fetched: ${stderr.trim()}`);
  }
  return readdirSync(folder).map((name) => join(folder, name));
}

const installers: Record<"npm" | "pypi" | "go", (name: string, folder: string) => [string, string[]]> = {
  npm: (name, folder) => ["npm", ["install", "--no-audit", "--no-fund", "--prefix", folder, name]],
  pypi: (name, folder) => ["pip", ["install", "--quiet", "--target", folder, name]],
  go: (name) => ["go", ["install", name]],
};
