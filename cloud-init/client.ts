import type { ClientPlan, LabPlan } from "../plan/model";
import { lan } from "../plan/interfaces";
import { clat } from "./clat";
import type { CloudInitDocuments, MachineIdentity } from "./documents";
import { machineDocuments, type MachineDocuments } from "./machine";
import type { Ethernet } from "./schema";

/**
 * The first boot of a client: one card, which takes what the network gives, also after the client has joined another one.
 * Nothing is installed, because there is no way out before the gateway has its services.
 */
export function clientDocuments(plan: LabPlan, client: ClientPlan, identity: MachineIdentity): CloudInitDocuments {
  return machineDocuments(plan, {
    hostname: client.name,
    identity,
    network: { version: 2, renderer: "networkd", ethernets: { [lan]: lanCard(plan, client) } },
    ...both(networkdSettings(plan, client), client.clat ? clat : {}),
  });
}

type Steps = Pick<MachineDocuments, "files" | "commands">;

function both(one: Steps, other: Steps): Steps {
  return {
    files: [...(one.files ?? []), ...(other.files ?? [])],
    commands: [...(one.commands ?? []), ...(other.commands ?? [])],
  };
}

/** Octets: of a card that was told nothing, and the most that `lan.mtu` may be. */
const ethernetMtu = 1500;
const largestMtu = 9000;

/**
 * IPv6 comes from router advertisements: systemd-networkd starts its DHCPv6 client by their M and O flags, also with
 * `dhcp6: false`, which only means "not without them". DHCPv4 is asked where the lab has IPv4 anywhere. Boot does not wait:
 * the gateway may come up later.
 */
function lanCard(plan: LabPlan, client: ClientPlan): Ethernet {
  return {
    match: { macaddress: client.lanMac },
    "set-name": lan,
    optional: true,
    dhcp4: hasIpv4(plan),
    dhcp6: false,
    "accept-ra": true,
    "link-local": ["ipv6"],
    ...largeFrames(plan),
    // The planned address is the only one: no temporary addresses (RFC 8981).
    "ipv6-privacy": false,
    ...interfaceId(client),
  };
}

/** A host takes no advertised MTU beyond its card's own (RFC 4861 section 6.3.4), and a card begins with Ethernet's. */
function largeFrames({ networks }: LabPlan): Partial<Ethernet> {
  return networks.some(({ mtu }) => mtu > ethernetMtu) ? { mtu: largestMtu } : {};
}

function interfaceId({ interfaceId: id }: ClientPlan): Partial<Ethernet> {
  switch (id.kind) {
    case "eui64":
      return { "ipv6-address-generation": "eui64" };
    case "fixed":
      return { "ipv6-address-token": id.token };
  }
}

/**
 * What netplan has no words for. The DHCPv6 identifier is made from the MAC address (DUID-LL, RFC 8415 section 11.4), so
 * that the server knows the client before it has ever been seen; systemd-networkd makes one from the machine id
 * otherwise. Search domains and the NAT64 prefix are taken from the advertisements. A complete guest has these settings in
 * it; in another one networkd is running already when the file is written.
 */
const ofAnyClient = "[IPv6AcceptRA]\nUseDomains=yes\nUsePREF64=yes\n\n[DHCPv6]\nDUIDType=link-layer\nUseDomains=yes\n";

/** DHCPv4: search domains, and option 108 (RFC 8925, systemd.network(5)) where the client honours it. */
function ofDhcpv4(plan: LabPlan, { option108 }: ClientPlan): string {
  return hasIpv4(plan) ? `[DHCPv4]\nUseDomains=yes\nIPv6OnlyMode=${option108 ? "yes" : "no"}\n` : "";
}

function networkdSettings(plan: LabPlan, client: ClientPlan): Steps {
  const generic = plan.guest.kind === "generic";
  const content = [generic ? ofAnyClient : "", ofDhcpv4(plan, client)].filter((part) => part !== "").join("\n");
  if (content === "") return {};
  const path = `/etc/systemd/network/10-netplan-${lan}.network.d/ipv6-only-lab.conf`;
  return {
    files: [{ path, permissions: "0644", content }],
    // networkd is running already when the file is written.
    commands: [generic ? ["systemctl", "restart", "systemd-networkd.service"] : ["networkctl", "reload"]],
  };
}

function hasIpv4({ networks }: LabPlan): boolean {
  return networks.some(({ ipv4 }) => ipv4 !== undefined);
}
