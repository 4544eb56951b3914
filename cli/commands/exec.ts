/** `npm run exec -- [options] [--] COMMAND…`: a program on a client, what it did with the network, and the verdict. */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import { execute, type ExecuteOptions } from "../../exec";
import { reportHtml } from "../../exec/report/html";
import { reportJson } from "../../exec/report/json";
import { reportJunit } from "../../exec/report/junit";
import { redact } from "../../exec/report/redact";
import { reportText } from "../../exec/report/text";
import { judge } from "../../exec/verdict";
import { UserError, say } from "../../host/messages";
import { onSignals, streamsOf } from "../program-streams";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";

/** Lifecycle functions of draft-ietf-v6ops-ipv6-app-testing. */
const functions = ["installation", "user-interface", "management", "update"];

const usage = `npm run exec -- [options] [--] COMMAND…
  --client NAME        on which client; default: the first one
  --put PATH           copied beside the program before it runs; may be repeated
  --get PATH           copied back from there afterwards; may be repeated
  --timeout SECONDS    ends it then
  --no-loopback4       without 127.0.0.0/8 on the client
  --setuid             programs may take rights from their files (sudo); each system call costs more then
  --function NAME      ${functions.join(", ")}: a label for reports
  --json               the report on stdout, the program's output on stderr
  --junit FILE, --html FILE
  --trace FILE         the system calls themselves, as strace told them
  --redact             leaves addresses of your own network out of the reports`;

const options = {
  client: { type: "string" },
  put: { type: "string", multiple: true, default: [] as string[] },
  get: { type: "string", multiple: true, default: [] as string[] },
  timeout: { type: "string" },
  "no-loopback4": { type: "boolean", default: false },
  setuid: { type: "boolean", default: false },
  function: { type: "string" },
  json: { type: "boolean", default: false },
  junit: { type: "string" },
  html: { type: "string" },
  trace: { type: "string" },
  redact: { type: "boolean", default: false },
} as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, values, command } = parse(args);
  const access = await readAccess(stack);
  const { lan } = access.promised;
  const request: ExecuteOptions = {
    client: values.client ?? access.clients[0]?.name ?? "",
    command,
    put: values.put,
    get: values.get,
    into: process.cwd(),
    timeout: secondsOf(values.timeout),
    setuid: values.setuid,
    loopback4: !values["no-loopback4"],
    streams: streamsOf(values.json),
    onSignal: onSignals,
  };
  const result = await execute(access, request);
  const verdict = judge(result);
  const clean = (text: string): string => (values.redact ? redact(text, lan.prefix) : text);
  const report = reportJson(result, verdict);
  if (values.json) console.log(clean(JSON.stringify({ function: values.function, ...report }, null, 2)));
  else say(clean(`\n${reportText(result, verdict)}`));
  if (values.junit !== undefined) fs.writeFileSync(values.junit, clean(reportJunit([report], values.function)));
  if (values.html !== undefined) fs.writeFileSync(values.html, clean(reportHtml([report], values.function)));
  if (values.trace !== undefined) fs.writeFileSync(values.trace, result.lines.join("\n"));
  for (const missing of result.end.notThere) say(`--get ${missing}: the program left no such file.`);
  return result.end.code;
}

/** What follows the first word that is no option is the command's own. */
function parse(args: readonly string[]) {
  let at = 0;
  for (; at < args.length && (args[at] ?? "").startsWith("-") && args[at] !== "--"; at += 1) {
    const name = (args[at] ?? "").replace(/^--/, "");
    const takesValue = ["-s", "--stack"].includes(args[at] ?? "") || isTextOption(name);
    if (takesValue) at += 1;
  }
  const { stack, rest } = stackArguments(args.slice(0, at));
  const command = args.slice(args[at] === "--" ? at + 1 : at);
  const { values } = parseArgs({ args: [...rest], options });
  if (command.length === 0) throw new UserError(`Which command?\n${usage}`);
  if (values.function !== undefined && !functions.includes(values.function)) {
    throw new UserError(`--function ${values.function}: there are ${functions.join(", ")}.`);
  }
  return { stack, values, command };
}

function isTextOption(name: string): boolean {
  return Object.entries(options).some(([each, { type }]) => each === name && type === "string");
}

function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UserError(`--timeout ${text}: it takes a number of seconds.`);
  return seconds;
}
