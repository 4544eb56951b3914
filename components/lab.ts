import * as pulumi from "@pulumi/pulumi";
import type { ClientPlan, LabPlan, NetworkPlan } from "../plan/model";
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
  readonly gateway: pulumi.Output<{
    name: string;
    /** By the network's name. */
    addresses: Record<string, string[]>;
    sshHost: string;
    sshPort: number;
  }>;
  /** Every client's addresses at home, by its name. */
  readonly clients: Readonly<Record<string, readonly string[]>>;
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
    const networks = plan.networks.map((network) => ({
      network,
      segment: platform.segment(`${name}-${network.card}`, network, { parent: this }),
    }));
    const segments = Object.fromEntries(networks.map(({ network, segment }) => [network.name, segment]));
    const gateway = new Gateway(`${name}-${plan.gateway.name}`, { plan, platform, segments, login }, { parent: this });
    const clients = plan.clients.map((client) => {
      const home = networks.find(({ network }) => network.name === client.network);
      if (home === undefined) throw new Error(`Bug: ${client.name} lives on ${client.network}, which is not planned.`);
      const args = { plan, client, platform, ...home, login, gateway };
      return { plan: client, component: new Client(`${name}-${client.name}`, args, { parent: this }) };
    });

    const machines = { gateway: gateway.machine, clients: clients.map(({ component }) => component.machine) };
    platform.complete?.(name, machines, { parent: this });

    this.gateway = pulumi.output({
      name: plan.gateway.name,
      addresses: Object.fromEntries(plan.networks.map((network) => [network.name, gatewayAddresses(network)])),
      sshHost: gateway.endpoint.host,
      sshPort: gateway.endpoint.port,
    });
    this.clients = Object.fromEntries(plan.clients.map((client) => [client.name, homeAddresses(client)]));
    this.access = pulumi.secret(
      pulumi.output({
        promised: promisedBy(plan),
        segments,
        ...(platform.access === undefined ? {} : { platformAccess: platform.access() }),
        user: login.user,
        privateKey: login.key.privateKey,
        gateway: { name: plan.gateway.name, ...gateway.endpoint, console: gateway.machine.console },
        clients: clients.map(({ plan: client, component }) => ({
          name: client.name,
          network: client.network,
          addresses: client.addresses,
          lanMac: client.lanMac,
          option108: client.option108,
          clat: client.clat,
          hostKey: component.endpoint.hostKey,
          console: component.machine.console,
        })),
      }),
    );
    this.verification = new Verification(
      `${name}-verification`,
      {
        target: this.access.apply((access) => JSON.stringify(lookedAt(access))),
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

function gatewayAddresses({ ipv6, ipv4 }: NetworkPlan): string[] {
  return [ipv6, ipv4].flatMap((family) => family?.gatewayAddress ?? []);
}

function homeAddresses({ addresses, network }: ClientPlan): string[] {
  const { ipv6, ipv4 } = addresses[network] ?? {};
  return [ipv6, ipv4].filter((address) => address !== undefined);
}

/** Own checks are `verify`'s, the platform's password is nobody's here: no reason to look at the whole lab again. */
function lookedAt({ promised, ...access }: LabAccess): LabAccess {
  return { ...access, platformAccess: undefined, promised: { ...promised, checks: [] } };
}
