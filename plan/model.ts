/**
 * The plan of a lab: every decision, made once, before anything exists. Deeply read-only, sorted, and free of
 * states that cannot be: what depends on a choice sits inside the arm of that choice.
 *
 * Addresses are strings in their canonical text form (RFC 5952), prefixes are "address/length".
 */
import type { InternetPlan } from "./internet";
import type { ConfigProblem } from "./problem";
import type { Scenario } from "./scenario";

export interface LabPlan {
  /** Project and stack, e.g. `ipv6-only-lab` and `dev`: the seed of everything that must differ between labs. */
  readonly project: string;
  readonly stack: string;
  /** Only the platform itself looks into this; whatever else depends on it is decided under a name of its own. */
  readonly platform: PlatformPlan;
  readonly guest: GuestPlan;
  readonly uplink: UplinkPlan;
  /** At least one, sorted by name. */
  readonly networks: readonly NetworkPlan[];
  readonly nat64: Nat64Plan;
  readonly dns: DnsPlan;
  /** The simulated internet; undefined: there is none. */
  readonly internet: InternetPlan | undefined;
  readonly gateway: GatewayPlan;
  /** Sorted by name. */
  readonly clients: readonly ClientPlan[];
  readonly ssh: SshPlan;
  readonly verify: VerifyPlan;
  /** In the order of the configuration. */
  readonly ownChecks: readonly OwnCheckPlan[];
  /** Things that work but deserve a word (a documentation prefix, fc00::/8, …). Shown by `up` and `preview`. */
  readonly warnings: readonly ConfigProblem[];
}

export type PlatformPlan = QemuPlatformPlan | VspherePlatformPlan;

export interface QemuPlatformPlan {
  readonly kind: "qemu";
  /** `auto` takes the best that a probe shows to work; the others insist. */
  readonly accelerator: "auto" | "kvm" | "hvf" | "tcg";
  readonly image: DiskImagePlan;
  /** What the gateway's card is attached to. `nat`: QEMU's user network. */
  readonly uplink: { readonly kind: "nat" } | { readonly kind: "bridged"; readonly bridge: string };
}

/** A lab in a vCenter. Everything is named as the vSphere Client shows it, and looked up by that name. */
export interface VspherePlatformPlan {
  readonly kind: "vsphere";
  readonly datacenter: string;
  readonly placement: { readonly kind: "host" | "cluster" | "resourcePool"; readonly name: string };
  readonly storage: { readonly kind: "datastore" | "datastoreCluster"; readonly name: string };
  /** The lab's own folder below the datacenter's folder of virtual machines, e.g. `labs/ipv6-only-lab-dev`. */
  readonly folder: string;
  /** Takes the place of an image. */
  readonly template: string;
  /** What the gateway's card is attached to. */
  readonly uplink: { readonly kind: "portGroup"; readonly network: string };
  /** What each network's segment is made of; all are of one kind. */
  readonly segments: readonly VsphereSegmentPlan[];
  /** The cluster whose DRS keeps the clients apart; undefined: nobody does. */
  readonly antiAffinity: { readonly cluster: string } | undefined;
  /** Category of the tag that names the lab. */
  readonly tagCategory: string | undefined;
  /** Notes of every machine. */
  readonly annotation: string;
  /** Seconds that the gateway may take to report its address. */
  readonly addressTimeout: number;
}

export type VsphereSegmentPlan = {
  /** The network's name. */
  readonly network: string;
} & (
  | {
      readonly kind: "portGroup";
      readonly name: string;
      /** Where its name is configured. */
      readonly key: string;
    }
  /** Ties the lab to one host. VLAN 0: none. */
  | { readonly kind: "hostPortGroup"; readonly host: string; readonly switch: string; readonly vlan: number }
  | { readonly kind: "distributedPortGroup"; readonly switch: string; readonly vlan: number }
);

/**
 * What a machine finds on its disk when it boots first. `complete`: an image made for this lab, with every package and
 * setting in it. `generic`: a distribution's, where cloud-init sets up the machine and what it needs is installed.
 */
export type GuestPlan =
  | { readonly kind: "complete"; readonly jool: BuiltImagePlan["jool"] }
  /** Packages beyond those the roles need, sorted. */
  | { readonly kind: "generic"; readonly extraPackages: readonly string[] };

/** What the qemu platform makes disks from. */
export type DiskImagePlan = BuiltImagePlan | CloudImagePlan;

/** An image made on this machine by mmdebstrap: quick to boot, everything the roles need is inside. */
export interface BuiltImagePlan {
  readonly kind: "build";
  /** Debian release by code name. */
  readonly release: "trixie";
  /** Package mirror; undefined: the one that this machine's own apt sources name. */
  readonly mirror: string | undefined;
  /** `prebuilt`: dkms built Jool's module while the image was made; `first-boot`: the gateway builds it. */
  readonly jool: "prebuilt" | "first-boot";
  /** Packages beyond those the roles need, sorted. */
  readonly extraPackages: readonly string[];
}

/** A distribution's cloud image (qcow2 or raw), given as a file or an http(s) URL. cloud-init installs the packages. */
export interface CloudImagePlan {
  readonly kind: "cloud";
  readonly location: string;
  /** Hex SHA-256 of the file; required for a URL. */
  readonly sha256: string | undefined;
  readonly extraPackages: readonly string[];
}

export interface UplinkPlan {
  readonly ipv4: UplinkAddressPlan;
  /**
   * IPv6 on the uplink. `none`: all names are synthesized. `native`: the LAN prefix is routed by the uplink's router.
   * `nat66`: LAN addresses are masqueraded behind the gateway's own uplink address.
   */
  readonly ipv6: "none" | "native" | "nat66";
  /** Prefixes that lead over the uplink to the machine that runs the lab: clients must not reach them, sorted. */
  readonly hostNetworks: { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] };
}

/** `fixed`: decided here, IPv4 with its length, router and resolvers. */
export type UplinkAddressPlan =
  | { readonly kind: "dhcp" }
  | {
      readonly kind: "fixed";
      readonly address: string;
      readonly length: number;
      readonly gateway: string;
      readonly nameservers: readonly string[];
    };

/** One of the networks that the gateway serves: a segment of its own, a card of the gateway's on it, and what hosts find. */
export interface NetworkPlan {
  /** `lan` when it is the only one that nobody named. */
  readonly name: string;
  readonly scenario: Scenario;
  /** The gateway's card on it, and that card's MAC. */
  readonly card: string;
  readonly gatewayMac: string;
  /** Octets. */
  readonly mtu: number;
  /** Undefined where hosts have IPv4 only; the segment then carries link-local addresses, by which clients are managed. */
  readonly ipv6: Ipv6NetworkPlan | undefined;
  readonly ipv4: Ipv4NetworkPlan | undefined;
  /** Which of the gateway's resolvers its hosts are given. */
  readonly resolver: ResolverKind;
  /** Whether the NAT64 prefix leads to IPv4 from here. Where not, it is refused. */
  readonly translated: boolean;
  /** Search domains, told by RA (DNSSL), DHCPv6 and DHCPv4, in the configured order. */
  readonly searchDomains: readonly string[];
}

/** `dns64` synthesizes AAAA records, `plain` gives what there is. */
export type ResolverKind = "dns64" | "plain";

export interface Ipv6NetworkPlan {
  /** A /64, e.g. `fc01:0:0:1::/64`. */
  readonly prefix: string;
  /** The gateway's address without length, e.g. `fc01:0:0:1::1`. */
  readonly gatewayAddress: string;
  readonly routerAdvertisements: RouterAdvertisementPlan;
  readonly dhcpv6: Dhcpv6Plan;
}

export interface Ipv4NetworkPlan {
  /** E.g. `192.168.64.0/24`. */
  readonly prefix: string;
  /** The gateway's address without length, e.g. `192.168.64.1`. */
  readonly gatewayAddress: string;
  /** Inclusive range of addresses for machines that the lab does not know. */
  readonly pool: { readonly first: string; readonly last: string };
  /** Seconds that a lease is valid. */
  readonly leaseTime: number;
  /** Every client's decided address, by MAC, sorted by MAC. */
  readonly reservations: readonly Reservation[];
  /** Option 108 (RFC 8925): seconds for which a host that can do without IPv4 asks no more. Undefined: not offered. */
  readonly v6OnlyWait: number | undefined;
}

export interface Reservation {
  readonly mac: string;
  readonly address: string;
  readonly hostname: string;
}

export interface Nat64Plan {
  /** pool6 in the sense of RFC 7915 and Jool: one of /32 /40 /48 /56 /64 /96 (RFC 6052 section 2.2). */
  readonly prefix: string;
  readonly pool4: Pool4Plan;
  /** Sorted by protocol, address and port outside. */
  readonly staticBindings: readonly StaticBindingPlan[];
  /** Whether the firewall keeps TCP connections from outside away from all ports but the bound ones, which Jool cannot. */
  readonly boundTcpOnly: boolean;
  /** IPv4 destinations that are never translated, CIDR, sorted; the allowed ones are taken out already. */
  readonly deniedIpv4: readonly string[];
  /** Jool globals, by Jool's own names, sorted by name. */
  readonly globals: Readonly<Record<string, string | number | boolean>>;
}

/** A service on a client that the IPv4 outside reaches at the gateway. */
export interface StaticBindingPlan {
  readonly client: string;
  readonly protocol: "TCP" | "UDP";
  /** The client's, at home. */
  readonly inside: TransportAddress;
  /** The gateway's. */
  readonly outside: TransportAddress;
}

export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

/** `automatic`: the uplink's own address, ports 61001-65535, which is what Jool does with an empty pool4. */
export type Pool4Plan =
  { readonly kind: "automatic" } | { readonly kind: "explicit"; readonly entries: readonly Pool4Entry[] };

export interface Pool4Entry {
  readonly protocol: "TCP" | "UDP" | "ICMP";
  /** IPv4 prefix, e.g. `192.0.2.1/32`. */
  readonly prefix: string;
  /** Inclusive port (or ICMP identifier) range, e.g. `61001-65535`. */
  readonly portRange: string;
}

export interface DnsPlan {
  /** Where unbound forwards to. `127.0.0.53` stands for "what the uplink's DHCP or RA gave" (systemd-resolved). */
  readonly forwarders: readonly string[];
  /** The dns64 prefix when unbound accepts it; equal to nat64.prefix. */
  readonly dns64Prefix: string;
  /** Synthesize AAAA even for names that have one (unbound `dns64-synthall`). */
  readonly synthesizeAll: boolean;
  /** `auto`: validate when a probe on the gateway shows that the forwarders return signatures. */
  readonly dnssec: "auto" | "on" | "off";
  /** AAAA records for ipv4only.arpa (RFC 7050, RFC 8880): 192.0.0.170 and .171 inside the prefix. */
  readonly ipv4OnlyArpa: readonly string[];
}

export interface RouterAdvertisementPlan {
  /** Seconds (radvd MinRtrAdvInterval, MaxRtrAdvInterval). */
  readonly minInterval: number;
  readonly maxInterval: number;
  /** Seconds: AdvDefaultLifetime. */
  readonly routerLifetime: number;
  readonly managed: boolean;
  readonly otherConfig: boolean;
  readonly prefix: {
    readonly onLink: boolean;
    readonly autonomous: boolean;
    readonly routerAddress: boolean;
    /** Seconds. */
    readonly validLifetime: number;
    readonly preferredLifetime: number;
  };
  /** RDNSS (RFC 8106): the LAN address of the gateway. Seconds. */
  readonly rdnss: { readonly servers: readonly string[]; readonly lifetime: number };
  readonly dnssl: { readonly domains: readonly string[]; readonly lifetime: number };
  /** PREF64 (RFC 8781), undefined when off. Lifetime in seconds, a multiple of 8, at most 65528. */
  readonly pref64: { readonly prefix: string; readonly lifetime: number } | undefined;
}

export type Dhcpv6Plan =
  | { readonly mode: "off" }
  | { readonly mode: "stateless"; readonly dnsServers: readonly string[]; readonly searchDomains: readonly string[] }
  | {
      readonly mode: "stateful";
      readonly dnsServers: readonly string[];
      readonly searchDomains: readonly string[];
      /** Inclusive range of dynamic addresses, e.g. `fc01:0:0:1::d000` to `fc01:0:0:1::dfff`. */
      readonly pool: { readonly first: string; readonly last: string };
      /** Seconds. */
      readonly preferredLifetime: number;
      readonly validLifetime: number;
      /** Every client's decided address, by MAC, sorted by MAC. */
      readonly reservations: readonly Reservation[];
    };

export interface MachineSize {
  readonly memoryMiB: number;
  readonly cpus: number;
}

interface MachinePlan extends MachineSize {
  /** Unique in the lab: `gateway`, or the client's name. Also the hostname. */
  readonly name: string;
}

export interface GatewayPlan extends MachinePlan {
  readonly role: "gateway";
  readonly uplinkMac: string;
  /** Of a card that carries SSH only, where the uplink cannot be reached from here; undefined: there is none. */
  readonly managementMac: string | undefined;
}

export interface ClientPlan extends MachinePlan {
  readonly role: "client";
  readonly lanMac: string;
  /** Low 64 bits as text for an IPv6 token (`::10`), or `eui64` when SLAAC makes it from the MAC. */
  readonly interfaceId: { readonly kind: "eui64" } | { readonly kind: "fixed"; readonly token: string };
  /** Whether it does without IPv4 where the network offers that (RFC 8925). */
  readonly option108: boolean;
  /** Whether it has a CLAT (RFC 6877), which runs where the network has a translator and no IPv4 of its own. */
  readonly clat: boolean;
  /** The name of the network where it lives. */
  readonly network: string;
  /** Its addresses in every network of the lab, by the network's name. */
  readonly addresses: Readonly<Record<string, ClientAddresses>>;
  /** The address that its card has on every network (RFC 4291 section 2.5.6), made from the MAC: it is managed by it. */
  readonly linkLocalAddress: string;
}

export interface ClientAddresses {
  /** By SLAAC, or the DHCPv6 reservation when the prefix is not autonomous. Undefined without IPv6. */
  readonly ipv6: string | undefined;
  /** By DHCPv4. Undefined without IPv4. */
  readonly ipv4: string | undefined;
}

export interface SshPlan {
  /** Login name on every machine; sudo without a password. */
  readonly user: "lab";
  /** OpenSSH public keys beside the lab's own, sorted. */
  readonly authorizedKeys: readonly string[];
}

export interface VerifyPlan {
  /** http URL of IPv4-reachable content; undefined: the package mirror of the guest's own apt sources. */
  readonly url: string | undefined;
  /** Seconds that the first `up` waits for the client's path to work. */
  readonly timeout: number;
}

/** Something of the user's that is tried on clients. */
export interface OwnCheckPlan {
  /** Unique in the lab. */
  readonly title: string;
  readonly tries:
    { readonly kind: "command"; readonly command: string } | { readonly kind: "url"; readonly url: string };
  /** Names of the clients that try it; undefined: all. */
  readonly clients: readonly string[] | undefined;
  /** Seconds. */
  readonly timeout: number;
  /** By the network's name; one that is missing is not judged. */
  readonly expected: Readonly<Record<string, "works" | "fails">>;
}
