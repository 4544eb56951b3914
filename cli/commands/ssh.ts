/**
 * `npm run ssh -- [--stack <name>] <machine> [command …]`: the system's ssh client, given the lab's key and the
 * machine's pinned host key in a folder that is gone when it ends.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { hostOf, type LabAccess, networkOf } from "../../verify/access";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";
import { runInForeground } from "../../host/foreground";
import { UserError, messageOf } from "../../host/messages";

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
function parse(args: readonly string[]) {
  const own = args.findIndex(
    (arg, index) => !arg.startsWith("-") && !["--stack", "-s"].includes(args[index - 1] ?? ""),
  );
  const { stack, rest } = stackArguments(own < 0 ? args : args.slice(0, own));
  if (rest.length > 0) {
    throw new UserError(
      `${rest.join(" ")} is no option of this command. Before the machine's name stands --stack or nothing.`,
    );
  }
  return { stack, machine: args[own] ?? "", command: own < 0 ? [] : args.slice(own + 1) };
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
