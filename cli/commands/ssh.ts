/**
 * `npm run ssh`: the system's ssh client, given the lab's key and the
 * machine's pinned host key in a folder that is gone when it ends.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { hostOf, type LabAccess, networkOf } from "../../verify/access";
import { helpText, stackOption } from "../help";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { runInForeground } from "../../host/foreground";
import { UserError, messageOf } from "../../host/messages";

export const help = helpText({
  usage: ["npm run ssh -- [--stack NAME] MACHINE [COMMAND …]"],
  about:
    "A shell on a machine of the lab (gateway, client-1, …), or a command there: the system's ssh client, with the lab's key. What follows the machine's name is the command's own.",
  options: stackOption,
});

export async function run(args: readonly string[]): Promise<number> {
  const { stack, machine, command } = parse(args);
  const access = await readAccess(stack);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "ipv6lab-ssh-"));
  try {
    const config = path.join(folder, "config");
    fs.writeFileSync(path.join(folder, "key"), access.privateKey, { mode: 0o600 });
    fs.writeFileSync(path.join(folder, "known_hosts"), knownHosts(access));
    fs.writeFileSync(config, sshConfig(access, folder));
    return await ssh(["-F", config, machineAlias(access, machine), ...command]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Only what stands before the machine's name is ours; what follows is the command's own, options included. */
export function ownArguments(args: readonly string[]): readonly string[] {
  const machine = args.findIndex(
    (arg, index) => !arg.startsWith("-") && !["--stack", "-s"].includes(args[index - 1] ?? ""),
  );
  return machine < 0 ? args : args.slice(0, machine);
}

function parse(args: readonly string[]) {
  const own = ownArguments(args);
  const { stack, rest } = stackArguments(own);
  if (rest.length > 0) {
    throw new UserError(
      `${rest.join(" ")} is no option of this command. Before the machine's name stands --stack or nothing.`,
    );
  }
  return { stack, machine: args[own.length] ?? "", command: args.slice(own.length + 1) };
}

function machineAlias(access: LabAccess, machine: string): string {
  const names = [access.gateway.name, ...access.clients.map(({ name }) => name)];
  if (!names.includes(machine)) {
    throw new UserError(
      `${machine === "" ? "Which machine?" : `No machine is called ${machine}.`} There are: ${names.join(", ")}.`,
    );
  }
  return machine;
}

function knownHosts({ gateway, clients }: LabAccess): string {
  return [gateway, ...clients].map(({ name, hostKey }) => `${name} ${hostKey.trim()}\n`).join("");
}

/** ssh_config(5): names instead of addresses, the lab's key only, nothing of the user's own files. */
function sshConfig(access: LabAccess, folder: string): string {
  const common = [
    `User ${access.user}`,
    `IdentityFile "${path.join(folder, "key")}"`,
    "IdentitiesOnly yes",
    `UserKnownHostsFile "${path.join(folder, "known_hosts")}"`,
    "GlobalKnownHostsFile none",
    "StrictHostKeyChecking yes",
    "LogLevel ERROR",
  ];
  const { gateway } = access;
  return [
    block(gateway.name, [`HostName ${gateway.host}`, `Port ${gateway.port}`, `HostKeyAlias ${gateway.name}`]),
    ...access.clients.map((client) =>
      block(client.name, [
        // A percent sign is doubled in ssh_config(5).
        `HostName ${hostOf(client, networkOf(access, client)).replace("%", "%%")}`,
        `HostKeyAlias ${client.name}`,
        `ProxyJump ${gateway.name}`,
      ]),
    ),
    block("*", common),
  ].join("");
}

function block(name: string, lines: readonly string[]): string {
  return [`Host ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\n");
}

/** A signal is for the program on the other side; this one stays to clean up. */
async function ssh(args: readonly string[]): Promise<number> {
  try {
    return await runInForeground("ssh", args, { cwd: process.cwd(), env: process.env });
  } catch (error) {
    throw new UserError(`ssh cannot be started (${messageOf(error)}): install the OpenSSH client.`);
  }
}
