import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { LabPlan, SshPlan } from "../plan/model";
import type { KeyPair } from "../provider/resources";
import type { MachineIdentity } from "../cloud-init/documents";
import { rootCommand } from "../ssh/shell";

/** An sshd that this machine can reach, with the host key that it must show. */
export interface SshEndpoint {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly hostKey: pulumi.Output<string>;
}

/** Who logs in. */
export interface Login {
  readonly user: SshPlan["user"];
  readonly key: KeyPair;
}

/** How a machine is known and who may log in to it. Secret: it holds the host's private key. */
export function machineIdentity(hostKey: KeyPair, login: Login, { ssh }: LabPlan): pulumi.Output<MachineIdentity> {
  const keys = pulumi.all([hostKey.privateKey, hostKey.publicKey, login.key.publicKey]);
  return pulumi.secret(keys).apply(([privateKey, publicKey, loginKey]) => ({
    hostKey: { privateKey, publicKey },
    authorizedKeys: [loginKey, ...ssh.authorizedKeys],
  }));
}

/** Seconds that one attempt to connect may take: an emulated guest needs some for the key exchange. */
const perDialTimeout = 20;

/** @param through where it is reached from, when not from this machine. */
export function connection(
  endpoint: SshEndpoint,
  login: Login,
  through?: SshEndpoint,
): types.input.remote.ConnectionArgs {
  return { ...hop(endpoint, login), ...(through === undefined ? {} : { proxy: hop(through, login) }) };
}

function hop(endpoint: SshEndpoint, login: Login): types.input.remote.ProxyConnectionArgs {
  return {
    host: endpoint.host,
    port: endpoint.port,
    user: login.user,
    privateKey: login.key.privateKey,
    hostKey: endpoint.hostKey,
    // Unlimited: how long a boot may take is the business of customTimeouts.
    dialErrorLimit: -1,
    perDialTimeout,
  };
}

export interface ScriptArgs {
  readonly connection: types.input.remote.ConnectionArgs;
  /** The text of a shell script, run by bash as root. */
  readonly script: string;
  readonly stdin?: pulumi.Input<string>;
  /** Has the script told by its argument whether it runs because the resource is `made` or because it has `changed`. */
  readonly tellsWhy?: true;
  /** The machine: a replaced one gets the script again. */
  readonly machineId: pulumi.Output<string>;
  /** How long it may take when it is made, the machine's first boot included. Default 40m. */
  readonly limit?: string | undefined;
}

/** Runs a script as root on a machine; when it is made, and again when the script or its input changes. */
export function rootScript(name: string, args: ScriptArgs, opts: pulumi.CustomResourceOptions): remote.Command {
  return new remote.Command(
    name,
    {
      connection: args.connection,
      ...(args.tellsWhy
        ? { create: rootCommand(args.script, "made"), update: rootCommand(args.script, "changed") }
        : { create: rootCommand(args.script) }),
      stdin: pulumi.concat(args.script, args.stdin ?? ""),
      triggers: [args.machineId],
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(opts, {
      customTimeouts: { create: args.limit ?? "40m", update: "10m" },
      additionalSecretOutputs: ["stdout", "stderr"],
    }),
  );
}
