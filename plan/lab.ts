/** From a checked configuration to the plan of the lab: every decision, made here once. */
import { planClients } from "./clients";
import type { CheckedConfig } from "./config";
import type { LabIdentity } from "./identity";
import { internetPlan, simulatedContent } from "./internet";
import { gatewayMacs, type GatewayMacs } from "./mac";
import type { GatewayPlan, LabPlan } from "./model";
import { nat64Plan } from "./nat64";
import { labNetworks, planNetworks } from "./networks";
import { ownCheckPlans } from "./own-checks";
import type { PlatformDecisions } from "./platform";
import { buildsJool, memoryToBuildJool, platformDecisions } from "./platforms";
import { formatPrefix } from "./prefix";
import { dnsPlan } from "./resolver";
import type { LabConfig } from "./schema";
import { sortedUnique } from "./sorted";

/**
 * The plan of a lab. Pure: the same configuration and identity give the same plan, byte for byte.
 * @throws ConfigError when two machines would get the same address.
 */
export function planLab(config: CheckedConfig, identity: LabIdentity): LabPlan {
  const decided = platformDecisions(config);
  const macs = gatewayMacs(decided.macRange, identity, labNetworks(config));
  const clients = planClients(config, identity, macs);
  return {
    project: identity.project,
    stack: identity.stack,
    platform: decided.plan(identity),
    guest: decided.guest,
    uplink: {
      ipv4: decided.uplinkIpv4,
      ipv6: config.uplink.ipv6,
      hostNetworks: {
        ipv4: decided.hostNetworks.ipv4.map(({ prefix }) => formatPrefix(prefix)),
        ipv6: decided.hostNetworks.ipv6,
      },
    },
    networks: planNetworks(config, clients, macs.networks),
    nat64: nat64Plan(config, clients),
    dns: dnsPlan(config),
    internet: internetPlan(config, identity),
    gateway: gatewayPlan(config, decided, macs),
    clients: clients.map(({ plan }) => plan),
    ssh: { user: "lab", authorizedKeys: sortedUnique(config.ssh.authorizedKeys) },
    verify: { url: config.verify.url ?? simulatedContent(config), timeout: config.verify.timeout },
    ownChecks: ownCheckPlans(config),
    warnings: config.warnings,
  };
}

function gatewayPlan({ gateway }: LabConfig, decided: PlatformDecisions, macs: GatewayMacs): GatewayPlan {
  return {
    role: "gateway",
    name: "gateway",
    // As a client has: they come from the same template then.
    memoryMiB: gateway.memory ?? (buildsJool(decided) ? memoryToBuildJool : 512),
    cpus: gateway.cpus,
    uplinkMac: macs.uplink,
    managementMac: decided.management ? macs.management : undefined,
  };
}
