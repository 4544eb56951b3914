import * as fs from "node:fs";
import * as path from "node:path";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { gatewayDocuments } from "../cloud-init/gateway";
import type { LabPlan } from "../plan/model";
import { buildsJool } from "../plan/platforms";
import { GatewayState, KeyPair } from "../provider/resources";
import { gatewaySoftwareOf, renderBundle } from "../services";
import { bundleDigest, bundleText, outlineText } from "../services/bundle";
import { applyScript } from "../services/script";
import type { Machine, NetworkReference, Platform } from "./platform";
import { connection, type Login, machineIdentity, rootScript, type SshEndpoint } from "./remote";

export interface GatewayArgs {
  readonly plan: LabPlan;
  readonly platform: Platform;
  /** By the network's name. */
  readonly segments: Readonly<Record<string, NetworkReference>>;
  readonly login: Login;
}

/** The machine between the uplink and the LAN: DNS64, NAT64, router advertisements, DHCPv6, firewall. */
export class Gateway extends pulumi.ComponentResource {
  readonly endpoint: SshEndpoint;
  readonly machine: Machine;
  /** Everything that makes it a gateway, laid down over SSH: what depends on a working gateway depends on this. */
  readonly services: remote.Command;
  /** Certificate of the simulated internet's authority, which the gateway made; undefined: there is no such internet. */
  readonly internetAuthority: pulumi.Output<string> | undefined;
  /** Changes with what is laid down, and each time that it is laid down again. */
  readonly laidDown: pulumi.Output<string>;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ipv6lab:index:Gateway", name, {}, opts);
    const { plan, login } = args;

    const hostKey = new KeyPair(`${name}-host-key`, { comment: `${plan.gateway.name} host` }, { parent: this });
    const documents = machineIdentity(hostKey, login, plan).apply((identity) =>
      gatewayDocuments(plan, identity, gatewaySoftwareOf(plan)),
    );
    const cards = plan.networks.flatMap(({ name: network, gatewayMac: mac }) => {
      const segment = args.segments[network];
      return segment === undefined ? [] : [{ mac, segment }];
    });
    this.machine = args.platform.virtualMachine(name, { plan: plan.gateway, documents, cards }, { parent: this });
    if (this.machine.ssh === undefined) {
      throw new pulumi.RunError(`The platform ${plan.platform.kind} does not say how to reach the gateway by SSH.`);
    }
    this.endpoint = { ...this.machine.ssh, hostKey: hostKey.publicKey };

    const bundle = renderBundle(plan);
    const { agent } = this.machine;
    const target = { ...this.endpoint, user: login.user, privateKey: login.key.privateKey, agent };
    const gatewayState = new GatewayState(
      `${name}-state`,
      { target: pulumi.secret(pulumi.jsonStringify(target)), outline: outlineText(bundle) },
      { parent: this, deletedWith: this.machine.resource },
    );
    this.laidDown = pulumi.interpolate`${gatewayState.mark} ${bundleDigest(bundle)}`;
    this.services = rootScript(
      `${name}-services`,
      {
        connection: connection(this.endpoint, login),
        script: applyScript(),
        stdin: gatewayState.mark.apply((mark) => bundleText(bundle, mark)),
        machineId: this.machine.id,
        // An emulated processor compiles for twenty minutes, and on a busy machine for several times that.
        limit: buildsJool(plan) ? "2h" : undefined,
      },
      { parent: this, deletedWith: this.machine.resource },
    );
    this.internetAuthority =
      plan.internet &&
      rootScript(
        `${name}-internet-authority`,
        {
          connection: connection(this.endpoint, login),
          script: fs.readFileSync(path.join(__dirname, "internet-authority.sh"), "utf8"),
          stdin: this.laidDown,
          machineId: this.machine.id,
        },
        { parent: this, dependsOn: [this.services], deletedWith: this.machine.resource },
      ).stdout;
    this.registerOutputs({ sshHost: this.endpoint.host, sshPort: this.endpoint.port });
  }
}
