import type { LabPlan, UplinkPlan } from "../plan/model";
import { hasManagement, lan, management, uplink } from "../plan/interfaces";
import type { CloudInitDocuments, MachineIdentity } from "./documents";
import { machineDocuments } from "./machine";
import type { Ethernet, WriteFile } from "./schema";
import { installGatewayScript } from "./scripts";

/** The first boot of the gateway: its cards, and what its image lacks. Services are laid down later, over SSH. */
export function gatewayDocuments(plan: LabPlan, identity: MachineIdentity): CloudInitDocuments {
  const install = installation(plan);
  return machineDocuments(plan, {
    hostname: plan.gateway.name,
    identity,
    network: { version: 2, renderer: "networkd", ethernets: ethernets(plan) },
    files: install === undefined ? [] : install.files,
    commands: install === undefined ? [] : [install.command],
  });
}

function ethernets(plan: LabPlan): Record<string, Ethernet> {
  return {
    [uplink]: uplinkCard(plan),
    [lan]: lanCard(plan),
    ...(hasManagement(plan) ? { [management]: managementCard(plan) } : {}),
  };
}

function uplinkCard({ gateway, uplink: { attachment, ipv6 } }: LabPlan): Ethernet {
  const card = {
    match: { macaddress: gateway.uplinkMac },
    "set-name": uplink,
    ...ipv4OnUplink(attachment),
    dhcp6: false,
  };
  switch (ipv6) {
    case "none":
      return { ...card, "accept-ra": false, "link-local": [] };
    case "native":
    case "nat66":
      // networkd then reads router advertisements itself, although the machine forwards.
      return { ...card, "accept-ra": true, "link-local": ["ipv6"] };
  }
}

function ipv4OnUplink(attachment: UplinkPlan["attachment"]) {
  if (attachment.kind !== "portGroup" || attachment.address.kind === "reported") return { dhcp4: true };
  const { address, length, gateway, nameservers } = attachment.address;
  return {
    dhcp4: false,
    addresses: [`${address}/${length}`],
    routes: [{ to: "0.0.0.0/0", via: gateway }],
    nameservers: { addresses: nameservers },
  };
}

/** Its address is laid down with the services: another prefix is no reason for another gateway. */
function lanCard({ gateway }: LabPlan): Ethernet {
  return {
    match: { macaddress: gateway.lanMac },
    "set-name": lan,
    optional: true,
    dhcp4: false,
    dhcp6: false,
    "accept-ra": false,
    "link-local": ["ipv6"],
  };
}

/** SSH from the machine that runs the lab, and nothing else: neither a way out nor a resolver. */
function managementCard({ gateway }: LabPlan): Ethernet {
  return {
    match: { macaddress: gateway.managementMac },
    "set-name": management,
    optional: true,
    dhcp4: true,
    dhcp6: false,
    "dhcp4-overrides": { "use-routes": false, "use-dns": false },
    "accept-ra": false,
    "link-local": [],
  };
}

interface Installation {
  readonly files: readonly WriteFile[];
  readonly command: readonly string[];
}

/** What apply.sh and the services need on the gateway; a built image has them all. */
const gatewayPackages = [
  "bind9-dnsutils",
  "dns-root-data",
  "ethtool",
  "jool-dkms",
  "jool-tools",
  "kea-dhcp6-server",
  "nftables",
  "radvd",
  "unbound",
];

const installerPath = "/usr/local/lib/ipv6-only-lab/install-gateway";

/** Undefined when the image is complete. */
function installation({ image }: LabPlan): Installation | undefined {
  const installer: WriteFile = { path: installerPath, permissions: "0755", content: installGatewayScript };
  switch (image.kind) {
    case "build":
      return image.jool === "prebuilt" ? undefined : { files: [installer], command: [installerPath] };
    case "cloud":
    case "template":
      return {
        files: [installer, ...gates()],
        command: [installerPath, ...[...new Set([...gatewayPackages, ...image.extraPackages])].sort()],
      };
  }
}

/**
 * Debian starts a daemon when its package is installed, with the distribution's configuration: a resolver that nobody
 * asked for. These hold each back until apply.sh has laid down a bundle.
 */
function gates(): WriteFile[] {
  return ["kea-dhcp6-server", "radvd", "unbound"].map((unit) => ({
    path: `/etc/systemd/system/${unit}.service.d/10-await-bundle.conf`,
    permissions: "0644",
    content: "[Unit]\nConditionPathExists=/var/lib/ipv6-only-lab/manifest\n",
  }));
}
