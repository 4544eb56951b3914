import * as fs from "node:fs";
import * as path from "node:path";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { gatewayDocuments } from "../cloud-init/gateway";
import type { LabPlan } from "../plan/model";
import { KeyPair } from "../provider/resources";
import { bundleText, renderBundle } from "../services/render";
import type { Machine, NetworkReference, Platform } from "./platform";
import { connection, type Login, rootScript, type SshEndpoint } from "./remote";

export interface GatewayArgs {
  readonly plan: LabPlan;
  readonly platform: Platform;
  readonly segment: NetworkReference;
  readonly login: Login;
}

/** The machine between the uplink and the LAN: DNS64, NAT64, router advertisements, DHCPv6, firewall. */
export class Gateway extends pulumi.ComponentResource {
  readonly endpoint: SshEndpoint;
  readonly machine: Machine;
  /** Everything that makes it a gateway, laid down over SSH: what depends on a working gateway depends on this. */
  readonly services: remote.Command;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ipv6lab:index:Gateway", name, {}, opts);
    const { plan, login } = args;

    const hostKey = new KeyPair(`${name}-host-key`, { comment: `${plan.gateway.name} host` }, { parent: this });
    const documents = pulumi
      .secret(pulumi.all([hostKey.privateKey, hostKey.publicKey, login.key.publicKey]))
      .apply(([privateKey, publicKey, loginKey]) =>
        gatewayDocuments(plan, {
          hostKey: { privateKey, publicKey },
          authorizedKeys: [loginKey, ...plan.ssh.authorizedKeys],
        }),
      );
    this.machine = args.platform.virtualMachine(
      name,
      { plan: plan.gateway, documents, segment: args.segment },
      { parent: this },
    );
    if (this.machine.ssh === undefined) {
      throw new pulumi.RunError(`The platform ${plan.platform.kind} does not say how to reach the gateway by SSH.`);
    }
    this.endpoint = { ...this.machine.ssh, hostKey: hostKey.publicKey };

    this.services = rootScript(
      `${name}-services`,
      {
        connection: connection(this.endpoint, login),
        script: applyScript(),
        stdin: bundleText(renderBundle(plan)),
        machineId: this.machine.id,
      },
      { parent: this, deletedWith: this.machine.resource },
    );
    this.registerOutputs({ lanAddress: plan.lan.gatewayAddress });
  }
}

function applyScript(): string {
  return fs.readFileSync(path.join(__dirname, "..", "services", "apply.sh"), "utf8");
}
