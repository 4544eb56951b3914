/** From a checked configuration to the plan of the lab: every decision, made here once. */
import { routerAdvertisementPlan } from "./announcements";
import { warnings } from "./checks";
import { planClients } from "./clients";
import { dhcpv6Plan } from "./dhcpv6";
import { gatewayMacs } from "./mac";
import type { LabConfig } from "./schema";
import type { LabIdentity } from "./identity";
import { addressInPrefix, parseInterfaceId } from "./interface-id";
import type { GatewayPlan, ImagePlan, LabPlan, LanPlan, PlatformPlan, UplinkPlan } from "./model";
import { nat64Plan } from "./nat64";
import { parseIpv6Prefix } from "./prefix";
import { dnsPlan } from "./resolver";
import { vsphereAttachment, vspherePlatformPlan } from "./vsphere";

/**
 * The plan of a lab. Pure: the same configuration and identity give the same plan, byte for byte.
 * @throws ConfigError when two machines would get the same address.
 */
export function planLab(config: LabConfig, identity: LabIdentity): LabPlan {
  const lan = lanPlan(config);
  const clients = planClients(config, identity);
  return {
    project: identity.project,
    stack: identity.stack,
    platform: platformPlan(config, identity),
    image: imagePlan(config),
    uplink: uplinkPlan(config),
    lan,
    nat64: nat64Plan(config),
    dns: dnsPlan(config),
    routerAdvertisements: routerAdvertisementPlan(config, lan),
    dhcpv6: dhcpv6Plan(config, lan, clients),
    gateway: gatewayPlan(config, identity),
    clients: clients.map(({ plan }) => plan),
    ssh: { user: "lab", authorizedKeys: sortedUnique(config.ssh.authorizedKeys) },
    verify: { url: config.verify.url, timeout: config.verify.timeout },
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

function platformPlan({ platform }: LabConfig, identity: LabIdentity): PlatformPlan {
  switch (platform.kind) {
    case "qemu":
      return platform;
    case "vsphere":
      return vspherePlatformPlan(platform, identity);
  }
}

function imagePlan({ image, platform }: LabConfig): ImagePlan {
  const extraPackages = sortedUnique(image.extraPackages);
  if (platform.kind === "vsphere") return { kind: "template", extraPackages };
  switch (image.kind) {
    case "build":
      return {
        kind: "build",
        release: image.release ?? "trixie",
        mirror: image.mirror,
        jool: image.jool ?? "prebuilt",
        extraPackages,
      };
    case "cloud":
      return { kind: "cloud", location: image.location ?? "", sha256: image.sha256, extraPackages };
  }
}

function uplinkPlan({ uplink, platform }: LabConfig): UplinkPlan {
  if (platform.kind === "vsphere") return { attachment: vsphereAttachment(platform), ipv6: uplink.ipv6 };
  switch (uplink.kind) {
    case "nat":
      return { attachment: { kind: "nat" }, ipv6: uplink.ipv6 };
    case "bridged":
      return { attachment: { kind: "bridged", bridge: uplink.bridge ?? "" }, ipv6: uplink.ipv6 };
  }
}

function gatewayPlan(config: LabConfig, identity: LabIdentity): GatewayPlan {
  const { gateway } = config;
  const macs = gatewayMacs(config, identity);
  return {
    role: "gateway",
    name: "gateway",
    memoryMiB: gateway.memory,
    cpus: gateway.cpus,
    uplinkMac: macs.uplink,
    lanMac: macs.lan,
    managementMac: macs.management,
  };
}

function sortedUnique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort();
}
