/** The parts of cloud-init's formats that the lab uses, as its schema has them (cloud-init 25.1). */

export interface CloudConfig {
  readonly hostname: string;
  readonly manage_etc_hosts: "localhost";
  readonly disable_root: boolean;
  readonly users: readonly User[];
  readonly ssh_deletekeys: boolean;
  readonly ssh_keys: { readonly ed25519_private: string; readonly ed25519_public: string };
  readonly write_files: readonly WriteFile[];
  /** Argument lists, run by no shell. */
  readonly runcmd?: readonly (readonly string[])[];
  readonly cloud_init_modules?: readonly string[];
  readonly cloud_config_modules?: readonly string[];
  readonly cloud_final_modules?: readonly string[];
}

export interface User {
  readonly name: string;
  readonly shell: string;
  readonly sudo: string;
  readonly lock_passwd: boolean;
  readonly ssh_authorized_keys: readonly string[];
}

export interface WriteFile {
  readonly path: string;
  /** Octal. */
  readonly permissions: string;
  readonly content: string;
}

/** Network config version 2, which is netplan's form. */
export interface NetworkConfig {
  readonly version: 2;
  readonly renderer: "networkd";
  readonly ethernets: Readonly<Record<string, Ethernet>>;
}

export interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly "set-name": string;
  /** Nothing waits for it at boot. */
  readonly optional?: boolean;
  readonly addresses?: readonly string[];
  readonly mtu?: number;
  readonly routes?: readonly { readonly to: string; readonly via: string }[];
  readonly nameservers?: { readonly addresses: readonly string[] };
  readonly dhcp4: boolean;
  readonly dhcp6: boolean;
  readonly "dhcp4-overrides"?: { readonly "use-routes"?: boolean; readonly "use-dns"?: boolean };
  readonly "accept-ra": boolean;
  /** Families with link-local addresses; IPv4's are 169.254.0.0/16. */
  readonly "link-local": readonly ("ipv6" | "ipv4")[];
  readonly "ipv6-privacy"?: boolean;
  readonly "ipv6-address-generation"?: "eui64" | "stable-privacy";
  readonly "ipv6-address-token"?: string;
}
