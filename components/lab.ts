import * as pulumi from "@pulumi/pulumi";
import type { LabPlan } from "../plan/model";
import { KeyPair, Verification } from "../provider/resources";
import { type LabAccess, promisedBy } from "../verify/access";
import { Client } from "./client";
import { Gateway } from "./gateway";
import type { PlatformFactory } from "./platform";
import { warnOf } from "./warning";

/**
 * An IPv6-only network with NAT64/DNS64: a gateway, clients that have IPv6 only, the segment between them, and the
 * checks that end `pulumi up`.
 */
export class Ipv6OnlyLab extends pulumi.ComponentResource {
  /** For scripts: `ssh -p $port lab@$host`. */
  readonly gateway: pulumi.Output<{ name: string; address: string; sshHost: string; sshPort: number }>;
  /** Every client's address on the LAN, by name. */
  readonly clients: Readonly<Record<string, string>>;
  /** Everything that a tool needs to look into the lab. Secret: it holds the login key. */
  readonly access: pulumi.Output<LabAccess>;
  /** How many checks the lab passed. */
  readonly verification: pulumi.Output<string>;

  /** @param createPlatform from `choosePlatform`. */
  constructor(name: string, plan: LabPlan, createPlatform: PlatformFactory, opts?: pulumi.ComponentResourceOptions) {
    super("ipv6lab:index:Ipv6OnlyLab", name, {}, opts);
    for (const warning of plan.warnings) warnOf(warning, this);

    const loginKey = new KeyPair(`${name}-login-key`, { comment: `${plan.project} ${plan.stack}` }, { parent: this });
    const login = { user: plan.ssh.user, key: loginKey };
    const platform = createPlatform(name, { parent: this });
    const segment = platform.segment(`${name}-lan`, plan.lan, { parent: this });
    const gateway = new Gateway(`${name}-${plan.gateway.name}`, { plan, platform, segment, login }, { parent: this });
    const clients = plan.clients.map((client) => {
      const args = { plan, client, platform, segment, login, gateway };
      return { plan: client, component: new Client(`${name}-${client.name}`, args, { parent: this }) };
    });

    const machines = { gateway: gateway.machine, clients: clients.map(({ component }) => component.machine) };
    platform.complete?.(name, machines, { parent: this });

    this.gateway = pulumi.output({
      name: plan.gateway.name,
      address: plan.lan.gatewayAddress,
      sshHost: gateway.endpoint.host,
      sshPort: gateway.endpoint.port,
    });
    this.clients = Object.fromEntries(plan.clients.map((client) => [client.name, client.address]));
    this.access = pulumi.secret(
      pulumi.output({
        promised: promisedBy(plan),
        user: login.user,
        privateKey: login.key.privateKey,
        gateway: { name: plan.gateway.name, ...gateway.endpoint, console: gateway.machine.console },
        clients: clients.map(({ plan: client, component }) => ({
          name: client.name,
          address: client.address,
          lanMac: client.lanMac,
          hostKey: component.endpoint.hostKey,
          console: component.machine.console,
        })),
      }),
    );
    this.verification = new Verification(
      `${name}-verification`,
      {
        target: this.access.apply((access) => JSON.stringify(access)),
        triggers: [gateway.laidDown, ...[machines.gateway, ...machines.clients].map(({ powerOn }) => powerOn)],
      },
      {
        parent: this,
        dependsOn: [gateway.services, ...clients.flatMap(({ component }) => component.ready)],
        customTimeouts: { create: "60m", update: "60m" },
      },
    ).summary;

    // Without the verification: a lab that fails it must still be open to those who look for the reason.
    this.registerOutputs({ gateway: this.gateway, clients: this.clients, access: this.access });
  }
}
