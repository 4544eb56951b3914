import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { clientDocuments } from "../cloud-init/client";
import type { ClientPlan, Ipv6NetworkPlan, LabPlan, NetworkPlan } from "../plan/model";
import { lan } from "../plan/interfaces";
import { KeyPair } from "../provider/resources";
import type { Gateway } from "./gateway";
import type { Machine, NetworkReference, Platform } from "./platform";
import { connection, type Login, machineIdentity, rootScript, type ScriptArgs, type SshEndpoint } from "./remote";

export interface ClientArgs {
  readonly plan: LabPlan;
  readonly client: ClientPlan;
  /** Where it lives. */
  readonly network: NetworkPlan;
  readonly platform: Platform;
  readonly segment: NetworkReference;
  readonly login: Login;
  readonly gateway: Gateway;
}

/** A machine on the segment of one network and nowhere else. */
export class Client extends pulumi.ComponentResource {
  /** As the gateway reaches it, whatever addresses the client has or has lost. */
  readonly endpoint: SshEndpoint;
  readonly machine: Machine;
  /** What must have happened before the client is complete. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: ClientArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ipv6lab:index:Client", name, {}, opts);
    const { plan, client, network, login } = args;

    const hostKey = new KeyPair(`${name}-host-key`, { comment: `${client.name} host` }, { parent: this });
    const documents = machineIdentity(hostKey, login, plan).apply((identity) =>
      clientDocuments(plan, client, identity),
    );
    this.machine = args.platform.virtualMachine(
      name,
      { plan: client, documents, cards: [{ mac: client.lanMac, segment: args.segment }] },
      { parent: this },
    );
    this.endpoint = {
      host: pulumi.output(`${client.linkLocalAddress}%${network.card}`),
      port: pulumi.output(22),
      hostKey: hostKey.publicKey,
    };
    this.ready = [
      this.machine.resource,
      ...this.packages(name, args),
      ...this.trust(name, args),
      this.announcement(name, args),
    ];
    this.registerOutputs({ ...client.addresses[client.network] });
  }

  /**
   * Tells a client that its network is another one: what it holds by DHCPv6 leases and in its resolver's cache would stay
   * for minutes. Advertisements withdraw the rest for everybody. A new client too, if it asked while the gateway was being
   * changed.
   */
  private announcement(name: string, args: ClientArgs): pulumi.Resource {
    const { plan, client, network } = args;
    const domains = [...network.searchDomains].sort().join(" ");
    const { ipv6, ipv4 } = client.addresses[client.network] ?? {};
    return this.script(`${name}-network`, args, {
      script: fs.readFileSync(path.join(__dirname, "announce-network.sh"), "utf8"),
      tellsWhy: true,
      stdin: [lan, ipv6 ?? ipv4, domains, networkOf(plan, network), ""].join("\n"),
    });
  }

  /** Servers of the simulated internet show certificates of its own authority. */
  private trust(name: string, args: ClientArgs): pulumi.Resource[] {
    const { internetAuthority } = args.gateway;
    if (internetAuthority === undefined) return [];
    const script = fs.readFileSync(path.join(__dirname, "trust-internet.sh"), "utf8");
    return [this.script(`${name}-trust`, args, { script, stdin: internetAuthority })];
  }

  /** A distribution's image lacks what the checks use; it comes through NAT64, once the gateway works. */
  private packages(name: string, args: ClientArgs): pulumi.Resource[] {
    const { guest } = args.plan;
    if (guest.kind === "complete") return [];
    const packages = [...clientPackages, ...(args.client.clat ? clatPackages : []), ...guest.extraPackages];
    return [
      this.script(`${name}-packages`, args, {
        script: fs.readFileSync(path.join(__dirname, "install-packages.sh"), "utf8"),
        stdin: packages.map((packageName) => `${packageName}\n`).join(""),
      }),
    ];
  }

  private script(
    name: string,
    { gateway, login }: ClientArgs,
    script: Pick<ScriptArgs, "script" | "tellsWhy" | "stdin">,
  ): pulumi.Resource {
    return rootScript(
      name,
      { ...script, connection: connection(this.endpoint, login, gateway.endpoint), machineId: this.machine.id },
      { parent: this, dependsOn: [gateway.services], deletedWith: this.machine.resource },
    );
  }
}

/** What a client learns from the gateway and keeps. */
function networkOf({ nat64, dns }: LabPlan, network: NetworkPlan): string {
  const { ipv6, ipv4, searchDomains, resolver } = network;
  return JSON.stringify({
    ...{ nat64: nat64.prefix, synthesizeAll: dns.synthesizeAll, searchDomains, resolver },
    ...(ipv6 === undefined ? {} : learnedIpv6(ipv6)),
    ...(ipv4 === undefined ? {} : { ipv4: ipv4.prefix, v6OnlyWait: ipv4.v6OnlyWait }),
  });
}

function learnedIpv6({ prefix, gatewayAddress, dhcpv6, routerAdvertisements: ra }: Ipv6NetworkPlan): object {
  const { autonomous, onLink } = ra.prefix;
  const flags = { autonomous, onLink, managed: ra.managed, otherConfig: ra.otherConfig };
  return { prefix, gatewayAddress, dhcpv6: dhcpv6.mode, ...flags };
}

/** What `npm run verify` and `npm run exec` call on a client. */
const clientPackages = ["bind9-dnsutils", "curl", "iputils-ping", "strace"];

/** clatd asks networkd in JSON without depending on the module for it; jq is for what starts it (cloud-init/clat.ts). */
const clatPackages = ["clatd", "jq", "libjson-perl"];
