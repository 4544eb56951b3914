/** `npm run verify`: the checks that end `up`, now, and the stack's own; with `--network` on networks that one client visits. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { interruptible } from "../../host/interruption";
import { mapLimited } from "../../host/limited";
import { messageOf, say, UserError } from "../../host/messages";
import { redaction } from "../../report/redact";
import { awayLines, type ClientAccess, type LabAccess, ownPrefixes, type PromisedNetwork } from "../../verify/access";
import { verifyJunit } from "../../verify/documents/junit";
import { verifyPage } from "../../verify/documents/page";
import { formatFaults } from "../../verify/faults";
import { exitCodes, outcomeOf } from "../../verify/outcome";
import { ownResults } from "../../verify/own";
import { type CheckResult, formatReport, makeReport } from "../../verify/report";
import { verifyLab } from "../../verify/runner";
import { helpText, stackOption } from "../help";
import { waitForEnter } from "../pause";
import { readAccess } from "../recorded-access";
import { makeRoom } from "../report-files";
import { fromCaller } from "../caller";
import { stackArguments } from "../stack-arguments";
import { chosenNetworks, tour, type Tour, type TourContext } from "../tour";
import { requireUnused, stayingPut } from "../visit-lock";

/** Of a run that ends with an error: no check came to a result. */
export const errorCodeOf = (): number => exitCodes["nothing told"];

export const help = helpText({
  usage: ["npm run verify -- [options] [CLIENT …]"],
  about:
    "The checks that end up, now, and the stack's own (key checks): of all clients, or of those that are named. Every check asks the network.",
  options: {
    ...stackOption,
    "--network NAME,…|all": "one client visits these networks, one after the other, and goes home",
    "--pause-on-fail": "with --network: waits where something is not as it should be, with everything as it is",
    "--wait SECONDS": "in which all is to be as it should be",
    "--json": "the same as JSON",
    "--junit FILE": "for a CI system",
    "--html FILE": "a page",
    "--redact": "leaves addresses of your own network out of the reports",
  },
  exitCodes: "0 all as expected, 1 not, 2 nothing could be told, 3 only warnings.",
});

export const options = {
  json: { type: "boolean", default: false },
  junit: { type: "string" },
  html: { type: "string" },
  redact: { type: "boolean", default: false },
  wait: { type: "string" },
  network: { type: "string" },
  "pause-on-fail": { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parse>["values"];

export async function run(args: readonly string[]): Promise<number> {
  const { stack, values, names } = parse(args);
  makeRoom({ "--junit": values.junit, "--html": values.html });
  const wait = values.wait === undefined ? undefined : Number(values.wait);
  if (wait !== undefined && !(Number.isFinite(wait) && wait >= 0)) {
    throw new UserError(`--wait ${values.wait ?? ""}: it takes a number of seconds.`);
  }
  if (values["pause-on-fail"] && values.network === undefined) {
    throw new UserError("--pause-on-fail: it belongs to --network; without it every client stays where it is.");
  }
  const access = await readAccess(stack);
  const unknown = names.filter((name) => !access.clients.some((client) => client.name === name));
  if (unknown.length > 0) {
    throw new UserError(
      `No client is called ${unknown.join(", ")}. There are: ${access.clients.map(({ name }) => name).join(", ")}.`,
    );
  }
  const started = new Date();
  const seen =
    values.network === undefined
      ? await atHome(access, names, wait ?? 0)
      : await visitAll(access, stack, names, values.network, {
          ...(wait === undefined ? {} : { wait }),
          pauses: values["pause-on-fail"],
          // They are full of addresses.
          keepsPackets: values.html !== undefined && !values.redact,
        });
  return tell(access, seen, started, values);
}

function parse(args: readonly string[]) {
  const { stack, rest } = stackArguments(args);
  const { values, positionals: names } = parseArgs({ args: [...rest], allowPositionals: true, options });
  return { stack, values: { ...values, junit: fromCaller(values.junit), html: fromCaller(values.html) }, names };
}

/** Clients that try the stack's own checks side by side. */
const ownAtOnce = 4;

/** Every client where it is. */
async function atHome(access: LabAccess, names: readonly string[], wait: number): Promise<Tour> {
  const only = names.length === 0 ? {} : { only: names };
  const isMeant = ({ name }: ClientAccess): boolean => names.length === 0 || names.includes(name);
  return interruptible((signal) =>
    stayingPut(access, access.clients.filter(isMeant), { signal, progress: say }, async (now) => {
      const options = { wait, signal, progress: say };
      const clients = now.clients.filter(isMeant);
      for (const line of awayLines({ ...now, clients })) say(line);
      const report = await verifyLab(now, { ...options, ...only });
      if (outcomeOf(report) === "nothing told") return { report, grid: [], packets: new Map() };
      // Who cannot be asked is told of already; their own checks are told as not tried.
      const own = await mapLimited(clients, ownAtOnce, (client) => ownResults(now, client, client.name, options));
      const all = makeReport(report.lab, [...report.results, ...own.flat()], []);
      return { report: { ...report, ...all }, grid: [], packets: new Map() };
    }),
  );
}

async function visitAll(
  access: LabAccess,
  stack: string,
  names: readonly string[],
  words: string,
  { pauses, ...how }: Pick<TourContext, "wait" | "keepsPackets"> & { readonly pauses: boolean },
): Promise<Tour> {
  const networks = chosenNetworks(access, words);
  const client = visitor(access, names);
  const beforehand = await requireUnused(stack);
  try {
    return await interruptible((signal) => {
      const onFailure = async (network: PromisedNetwork, failed: readonly CheckResult[]): Promise<void> => {
        if (pauses) await pause(client, network, failed, signal);
      };
      return tour(access, client, networks, { ...how, beforehand, signal, progress: say, onFailure });
    });
  } catch (error) {
    // Machines may have died, or somebody else may be moving the client: no bug of ours.
    throw error instanceof UserError
      ? error
      : new UserError(`${client.name} has not visited ${words}: ${messageOf(error)}`);
  }
}

/** Everything stays as it is meanwhile: the client on that network, and whatever was done there. */
async function pause(
  { name }: ClientAccess,
  network: PromisedNetwork,
  failed: readonly CheckResult[],
  signal: AbortSignal,
): Promise<void> {
  for (const { machine, check, evidence } of failed) say(`${machine}: not so: ${check}: ${evidence}`);
  if (!process.stdin.isTTY) {
    say("--pause-on-fail: nobody is at a terminal, so it goes on.");
    return;
  }
  say(`${name} stays on ${network.name}. Enter: go on. Ctrl-C: end here, and ${name} goes home.`);
  await waitForEnter(process.stdin, signal);
}

function visitor(access: LabAccess, names: readonly string[]): ClientAccess {
  const [client, ...others] = access.clients.filter(({ name }) => names.length === 0 || names.includes(name));
  if (client === undefined || (others.length > 0 && names.length > 0)) {
    throw new UserError("One client visits the networks: name one, or none for the first.");
  }
  return client;
}

function tell(access: LabAccess, { report, grid, packets }: Tour, at: Date, values: Values): number {
  const clean = redaction(values.redact ? ownPrefixes(access) : undefined);
  const seconds = (Date.now() - at.getTime()) / 1000;
  if (values.json) console.log(clean.json(report));
  else {
    // A grid tells faults that are as expected better than a row for each.
    const lines = formatFaults(grid);
    console.log(clean.text([...lines, ...(lines.length === 0 ? [] : [""]), formatReport(report)].join("\n")));
  }
  const look = { report, access, at, seconds, packets };
  if (values.junit !== undefined) writeFileSync(values.junit, clean.text(verifyJunit(look)));
  if (values.html !== undefined) writeFileSync(values.html, clean.text(verifyPage(look)));
  return exitCodes[outcomeOf(report)];
}
