import type { LabPlan, UplinkAddressPlan } from "../plan/model";
import { management, uplink } from "../plan/interfaces";
import type { CloudInitDocuments, MachineIdentity } from "./documents";
import { machineDocuments, type MachineDocuments } from "./machine";
import type { Ethernet, WriteFile } from "./schema";
import { installGatewayScript } from "./scripts";

/** The first boot of the gateway: its cards, and what its image lacks. Services are laid down later, over SSH. */
export function gatewayDocuments(
  plan: LabPlan,
  identity: MachineIdentity,
  software: GatewaySoftware,
): CloudInitDocuments {
  return machineDocuments(plan, {
    hostname: plan.gateway.name,
    identity,
    network: { version: 2, renderer: "networkd", ethernets: ethernets(plan) },
    ...installation(plan, software),
  });
}

function ethernets(plan: LabPlan): Record<string, Ethernet> {
  const { managementMac } = plan.gateway;
  return {
    [uplink]: uplinkCard(plan),
    ...Object.fromEntries(plan.networks.map(({ card, gatewayMac }) => [card, networkCard(gatewayMac, card)])),
    ...(managementMac === undefined ? {} : { [management]: managementCard(managementMac) }),
  };
}

function uplinkCard({ gateway, uplink: { ipv4, ipv6 } }: LabPlan): Ethernet {
  const card = {
    match: { macaddress: gateway.uplinkMac },
    "set-name": uplink,
    ...ipv4OnUplink(ipv4),
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

function ipv4OnUplink(ipv4: UplinkAddressPlan) {
  if (ipv4.kind === "dhcp") return { dhcp4: true };
  const { address, length, gateway, nameservers } = ipv4;
  return {
    dhcp4: false,
    addresses: [`${address}/${length}`],
    routes: [{ to: "0.0.0.0/0", via: gateway }],
    nameservers: { addresses: nameservers },
  };
}

/** Its addresses are laid down with the services: another prefix is no reason for another gateway. */
function networkCard(macaddress: string, card: string): Ethernet {
  return {
    match: { macaddress },
    "set-name": card,
    optional: true,
    dhcp4: false,
    dhcp6: false,
    "accept-ra": false,
    "link-local": ["ipv6"],
  };
}

/** SSH from the machine that runs the lab, and nothing else: neither a way out nor a resolver. */
function managementCard(macaddress: string): Ethernet {
  return {
    match: { macaddress },
    "set-name": management,
    optional: true,
    dhcp4: true,
    dhcp6: false,
    "dhcp4-overrides": { "use-routes": false, "use-dns": false },
    "accept-ra": false,
    "link-local": [],
  };
}

/** What the gateway's services come with. A complete guest has it all. */
export interface GatewaySoftware {
  /** Debian packages, sorted. */
  readonly packages: readonly string[];
  /**
   * Units that Debian starts when their package is installed, with the distribution's configuration: a resolver that
   * nobody asked for. Each is held back until a bundle has been laid down.
   */
  readonly heldBack: readonly string[];
}

const installerPath = "/usr/local/lib/ipv6-only-lab/install-gateway";

function installation({ guest }: LabPlan, software: GatewaySoftware): Pick<MachineDocuments, "files" | "commands"> {
  const installer: WriteFile = { path: installerPath, permissions: "0755", content: installGatewayScript };
  switch (guest.kind) {
    case "complete":
      return guest.jool === "prebuilt" ? {} : { files: [installer], commands: [[installerPath]] };
    case "generic":
      return {
        files: [installer, ...software.heldBack.map(gate)],
        commands: [[installerPath, ...[...new Set([...software.packages, ...guest.extraPackages])].sort()]],
      };
  }
}

function gate(unit: string): WriteFile {
  return {
    path: `/etc/systemd/system/${unit}.d/10-await-bundle.conf`,
    permissions: "0644",
    content: "[Unit]\nConditionPathExists=/var/lib/ipv6-only-lab/manifest\n",
  };
}
