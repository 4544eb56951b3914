/** From a checked configuration to the plan of the lab: every decision, made here once. */
import { routerAdvertisementPlan } from "./announcements";
import { warnings } from "./checks";
import { planClients } from "./clients";
import { dhcpv6Plan } from "./dhcpv6";
import type { LabIdentity } from "./identity";
import { internetPlan, simulatedContent } from "./internet";
import { addressInPrefix, parseInterfaceId } from "./interface-id";
import { gatewayMacs } from "./mac";
import type { GatewayPlan, LabPlan, LanPlan } from "./model";
import { nat64Plan } from "./nat64";
import type { PlatformDecisions } from "./platform";
import { buildsJool, memoryToBuildJool, platformDecisions } from "./platforms";
import { parseIpv6Prefix } from "./prefix";
import { dnsPlan } from "./resolver";
import type { LabConfig } from "./schema";
import { sortedUnique } from "./sorted";

/**
 * The plan of a lab. Pure: the same configuration and identity give the same plan, byte for byte.
 * @throws ConfigError when two machines would get the same address.
 */
export function planLab(config: LabConfig, identity: LabIdentity): LabPlan {
  const lan = lanPlan(config);
  const decided = platformDecisions(config);
  const clients = planClients(config, identity);
  return {
    project: identity.project,
    stack: identity.stack,
    platform: decided.plan(identity),
    guest: decided.guest,
    uplink: { ipv4: decided.uplinkIpv4, ipv6: config.uplink.ipv6, hostNetworks: decided.hostNetworks.ipv6 },
    lan,
    nat64: nat64Plan(config),
    dns: dnsPlan(config),
    routerAdvertisements: routerAdvertisementPlan(config, lan),
    dhcpv6: dhcpv6Plan(config, lan, clients),
    internet: internetPlan(config, identity),
    gateway: gatewayPlan(config, decided, identity),
    clients: clients.map(({ plan }) => plan),
    ssh: { user: "lab", authorizedKeys: sortedUnique(config.ssh.authorizedKeys) },
    verify: { url: config.verify.url ?? simulatedContent(config), timeout: config.verify.timeout },
    warnings: warnings(config),
  };
}

function lanPlan({ lan }: LabConfig): LanPlan {
  return {
    prefix: lan.prefix,
    gatewayAddress: addressInPrefix(parseIpv6Prefix(lan.prefix), parseInterfaceId(lan.gatewayInterfaceId)),
    mtu: lan.mtu,
  };
}

function gatewayPlan({ gateway }: LabConfig, decided: PlatformDecisions, identity: LabIdentity): GatewayPlan {
  const macs = gatewayMacs(decided.macRange, identity);
  return {
    role: "gateway",
    name: "gateway",
    // As a client has: they come from the same template then.
    memoryMiB: gateway.memory ?? (buildsJool(decided) ? memoryToBuildJool : 512),
    cpus: gateway.cpus,
    uplinkMac: macs.uplink,
    lanMac: macs.lan,
    managementMac: decided.management ? macs.management : undefined,
  };
}
