/** What `exec` costs: tracing, for a program that does little but open connections, and all else, for one that does nothing. */
import { spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { execute } from "../../exec";
import { UserError, say } from "../../host/messages";
import { projectRoot, typescriptLoader } from "../../host/paths";
import { shellQuote } from "../../ssh/shell";
import type { LabAccess } from "../../verify/access";
import { onClient } from "../../verify/connect";
import { type Figure, median } from "./statistics";

/** A server of the simulated internet. */
const server = "dualstack.test";
const connections = 1000;

/** Tells its own seconds: what is before it and behind it is not tracing. */
const program = `
import socket, time
place = socket.getaddrinfo("${server}", 80, type=socket.SOCK_STREAM)[0]
started = time.monotonic()
for _ in range(${connections}):
    with socket.socket(place[0], place[1]) as one:
        one.connect(place[4])
print(time.monotonic() - started)
`;

/**
 * @returns the figures, and what they come to: each run is compared with the one beside it.
 * @throws UserError for a lab without a simulated internet, or without a client.
 */
export async function benchExec(
  access: LabAccess,
  runs: number,
): Promise<{ readonly figures: Figure[]; readonly words: string[] }> {
  const { promised, clients } = access;
  const [client] = clients;
  if (client === undefined || promised.faults.length === 0) {
    throw new UserError("This takes a lab with a client and a simulated internet, as the stack `scenarios` has it.");
  }
  const { signal } = new AbortController();
  const seconds = { alone: [] as number[], traced: [] as number[], ssh: [] as number[], exec: [] as number[] };
  const record = (kind: keyof typeof seconds, value: number): void => {
    seconds[kind].push(value);
    say(`  ${kind}: ${value.toFixed(2)} s`);
  };
  say(`${runs} runs of each, in turns`);
  // So that what else this computer does falls on all of them.
  for (let count = 1; count <= runs; count += 1) {
    const command = `python3 -c ${shellQuote(program)}`;
    const { stdout } = await onClient(access, client, { wait: 0, signal }, (connection) =>
      connection.exec(command, { signal, timeout: 600 }),
    );
    record("alone", secondsOf(stdout));
    record("traced", secondsOf(await traced(access, client.name)));
    record("ssh", timed(["ssh", "--stack", promised.stack, client.name, "true"]));
    record("exec", timed(["exec", "--stack", promised.stack, "--client", client.name, "true"]));
  }
  const figures = [
    { what: `${connections} connections, by themselves`, seconds: seconds.alone },
    { what: `${connections} connections, by exec`, seconds: seconds.traced },
    { what: "npm run ssh -- CLIENT true", seconds: seconds.ssh },
    { what: "npm run exec -- true", seconds: seconds.exec },
  ];
  const paired = (
    one: readonly number[],
    other: readonly number[],
    compare: (a: number, b: number) => number,
  ): number => median(one.flatMap((value, index) => compare(value, other[index] ?? NaN)));
  const slower = paired(seconds.traced, seconds.alone, (long, short) => (long / short - 1) * 100);
  const more = paired(seconds.exec, seconds.ssh, (long, short) => long - short);
  return {
    figures,
    words: [
      `Tracing slows a program that opens ${connections} connections by ${slower.toFixed(0)} % (median of ${runs} pairs).`,
      `exec takes ${more.toFixed(1)} s more than ssh does for a program that does nothing (median of ${runs} pairs).`,
    ],
  };
}

async function traced(access: LabAccess, client: string): Promise<string> {
  const stdout = new PassThrough().setEncoding("utf8");
  let said = "";
  stdout.on("data", (text: string) => {
    said += text;
  });
  const stderr = new PassThrough().resume();
  await execute(access, {
    ...{ client, command: ["python3", "-c", program], put: [], get: [], into: ".", timeout: 600 },
    ...{ setuid: false, loopback4: true, lacks: [], listen: undefined },
    streams: { stdin: undefined, stdout, stderr, terminal: undefined },
    onSignal: () => () => undefined,
  });
  return said;
}

function secondsOf(text: string): number {
  const seconds = Number(text.trim() === "" ? NaN : text);
  if (Number.isNaN(seconds)) throw new UserError(`The program did not end as it should: ${text}`);
  return seconds;
}

/** Seconds of a whole command. */
function timed(args: readonly string[]): number {
  const started = performance.now();
  const command = [...typescriptLoader, "cli/main.ts", ...args];
  const { status, stderr } = spawnSync(process.execPath, command, {
    cwd: projectRoot,
    encoding: "utf8",
    stdio: "pipe",
  });
  if (status !== 0) throw new UserError(`${args.join(" ")} failed:\n${stderr}`);
  return (performance.now() - started) / 1000;
}
