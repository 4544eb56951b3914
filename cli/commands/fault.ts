/** `npm run fault`: faults of clients' ways and of resolvers' answers. Which are on is asked of the gateway, and nowhere else known. */
import { parseArgs } from "node:util";
import { interruptible } from "../../host/interruption";
import { messageOf, say, UserError } from "../../host/messages";
import { oneOf } from "../../plan/nearest";
import { isOfAnswers, pathFaults, type PathFault } from "../../plan/path-faults";
import { type Affected, concerns, everybody, type Target } from "../../services/path-faults";
import type { LabAccess } from "../../verify/access";
import { onGateway } from "../../verify/connect";
import { type Asked, faultsOn, switchFaultOn, switchFaults } from "../../verify/facts";
import { questionTarget, targetOf } from "../../verify/fault-target";
import { type FaultOn, faultsOnLine, inTheWay, meetsNothingLine, whose } from "../../verify/path-faults";
import { formatTable } from "../../verify/report";
import { helpText, stackOption } from "../help";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";

const usage = "npm run fault -- list | on NAME [--client CLIENT …] [--to HOST] | off NAME|all [--client CLIENT …]";

export const help = helpText({
  usage: [
    "npm run fault -- [--stack NAME] list [--json]",
    "npm run fault -- [--stack NAME] on NAME [--client CLIENT …] [--to HOST]",
    "npm run fault -- [--stack NAME] off NAME|all [--client CLIENT …]",
  ],
  about:
    "Faults of the way between clients and everything beyond the gateway, and of what its resolvers answer. list tells which there are and which are on: the gateway is asked, and nowhere else known (docs/looking.md).",
  options: {
    ...stackOption,
    "--client CLIENT": "only this client is meant; may be repeated; default: all clients",
    "--to HOST": "with on: only what goes to this host, or for faults of answers the name that is asked for",
    "--json": "with list: the same as JSON",
  },
});

export const options = {
  client: { type: "string", multiple: true, default: [] as string[] },
  json: { type: "boolean", default: false },
  to: { type: "string" },
} as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options,
  });
  const [verb = "list", name, ...more] = positionals;
  if (!["list", "on", "off"].includes(verb) || more.length > 0 || (verb === "list" && name !== undefined)) {
    throw new UserError(`${positionals.join(" ")}: it is ${usage}.`);
  }
  // Before anybody is asked: names that nobody knows are known to be so.
  const fault = verb === "list" || (verb === "off" && name === "all") ? undefined : faultNamed(name ?? "");
  if (values.to !== undefined && verb !== "on")
    throw new UserError("--to: it belongs to on; off takes the fault away everywhere.");
  if (values.json && verb !== "list") throw new UserError("--json: it belongs to list.");
  if (values.client.length > 0 && verb === "list") throw new UserError("--client: it belongs to on and off.");
  const to = values.to === undefined || fault === undefined ? undefined : beforehand(fault, values.to);
  const access = await readAccess(stack);
  const clients = values.client.map((client) => affectedNamed(access, client));
  const lab = { access, clients };
  try {
    return await interruptible((signal) =>
      onGateway(access, { wait: 0, signal }, (connection) => {
        const gateway = { connection, signal };
        if (verb === "list") return list(gateway, values.json);
        if (fault === undefined) return switchAllOff(gateway, lab);
        return verb === "on" ? switchOn(gateway, fault, { ...lab, to }) : switchOff(gateway, fault, lab);
      }),
    );
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(messageOf(error));
  }
}

/** What can be said of `--to` before anybody is asked: the name whose answers are meant, or words that lead to a host. */
function beforehand({ name, effect }: PathFault, words: string): Target | string {
  if (effect.kind === "dns" || effect.kind === "slow-dns")
    throw new UserError(`--to: ${name} is a fault of resolvers, whatever they are asked.`);
  return isOfAnswers(effect) ? questionTarget(words) : words;
}

/** @throws UserError with the names that there are. */
export function faultNamed(name: string): PathFault {
  const names = pathFaults.map((each) => each.name);
  const found = pathFaults.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new UserError(
    `${name === "" ? "Which fault?" : `There is no fault ${name} to be switched.`} ${oneOf(name, names)}.`,
  );
}

function affectedNamed({ clients }: LabAccess, name: string): Affected {
  const found = clients.find((client) => client.name === name);
  if (found !== undefined) return { name, mac: found.lanMac };
  const names = clients.map((client) => client.name);
  throw new UserError(`There is no client ${name}. ${oneOf(name, names)}.`);
}

async function list(gateway: Asked, json: boolean): Promise<number> {
  const on = await faultsOn(gateway);
  if (json) {
    const known = pathFaults.map(({ name, title }) => ({ name, title, on: forWhom(name, on) }));
    console.log(JSON.stringify(known, null, 2));
    return 0;
  }
  const rows = pathFaults.map(({ name, title }) => [name, whom(name, on) || "-", title]);
  console.log(formatTable(["fault", "on for", "what it does"], rows).join("\n"));
  return 0;
}

function forWhom(name: string, on: readonly FaultOn[]) {
  return on
    .filter((each) => each.name === name)
    .map(({ client, to, packets, atWork }) => ({ client, to, packets, atWork }));
}

function whom(name: string, on: readonly FaultOn[]): string {
  return forWhom(name, on)
    .map((each) => `${whose(each)} (${each.packets} packets${each.atWork ? "" : ", NOT at work"})`)
    .join(", ");
}

interface Lab {
  readonly access: LabAccess;
  /** Empty: all of them. */
  readonly clients: readonly Affected[];
}

async function switchOn(
  gateway: Asked,
  fault: PathFault,
  { access, clients, to }: Lab & { readonly to: Target | string | undefined },
): Promise<number> {
  const { stack } = access.promised;
  const target = typeof to === "string" ? await targetOf(to, access.promised, gateway) : to;
  if (target !== undefined && typeof to === "string" && !concerns(fault, target)) {
    throw new UserError(`--to ${target.name}: it has no address that ${fault.name} could concern.`);
  }
  let on = await faultsOn(gateway);
  for (const affected of clients.length === 0 ? [undefined] : clients) {
    const each = { fault, affected, target };
    const [first] = inTheWay(each, on);
    if (first !== undefined) {
      const { other, why } = first;
      const words = `${other.name}${other.client === everybody ? "" : ` --client ${other.client}`}`;
      throw new UserError(
        `${other.name} is on for ${whose(other)}, and ${why}: npm run fault -- --stack ${stack} off ${words} first.`,
      );
    }
    on = await switchFaultOn(gateway, each, access.promised);
  }
  say(faultsOnLine(on, stack) ?? "No fault is on.");
  const nothing = meetsNothingLine(fault, access.promised);
  if (nothing !== undefined) say(nothing);
  return 0;
}

async function switchOff(gateway: Asked, fault: PathFault, { access, clients }: Lab): Promise<number> {
  const { stack } = access.promised;
  const before = (await faultsOn(gateway)).filter(({ name }) => name === fault.name);
  const names = clients.map(({ name }) => name);
  const meant = before.filter(({ client }) => names.length === 0 || names.includes(client));
  const tables = meant.map(({ table }) => table);
  if (tables.length === 0) throw new UserError(notOn(fault.name, names, before, stack));
  say(faultsOnLine(await switchFaults(gateway, ["off", ...tables]), stack) ?? "No fault is on.");
  return 0;
}

/**
 * Why there is nothing to switch off.
 * @param names of the clients that are meant; none: all of them.
 * @param on for whom that fault is on.
 */
export function notOn(name: string, names: readonly string[], on: readonly FaultOn[], stack: string): string {
  const again = `npm run fault -- --stack ${stack}`;
  if (on.some(({ client }) => client === everybody))
    return `${name} is on for all clients at once, and cannot be taken away from ${names.join(", ")} alone: ${again} off ${name} takes it away.`;
  return `${name} is not on${on.length === 0 ? "" : ` for ${names.join(", ")}`}. ${again} list tells what is.`;
}

/** Also what an earlier version of this program has switched on. */
async function switchAllOff(gateway: Asked, { access, clients }: Lab): Promise<number> {
  const { stack } = access.promised;
  const names = clients.map(({ name }) => name);
  const tables = (await faultsOn(gateway)).filter(({ client }) => names.includes(client)).map(({ table }) => table);
  const on = await switchFaults(gateway, clients.length === 0 ? ["off-all"] : ["off", ...tables]);
  say(faultsOnLine(on, stack) ?? "No fault is on.");
  return 0;
}
