/**
 * Keys that nothing goes by. What was written is looked at, since in a configuration that was read every key has a value. At
 * a network's own key it contradicts what the network is, or has no effect there; in a section of the lab's it has none where
 * no network goes by it.
 */
import { valueAtKey } from "../issues";
import { labNetworks, type LabNetwork } from "../networks";
import { showValue } from "../problem";
import { traits } from "../scenario";
import { check, type Check, type Finding, warning } from "./finding";
import { withIpv6 } from "./networks";

interface InheritedKey {
  /** As a network has it, and below which key the lab has it, where that is another one. */
  readonly name: string;
  readonly section?: string;
  /** Any other value asks for nothing. */
  readonly value?: unknown;
  /** Whether a network with IPv6 goes by it; left out: every one does. */
  readonly isHeeded?: (network: LabNetwork) => boolean;
  readonly ofNetwork: (network: LabNetwork) => Pick<Finding, "severity" | "why" | "remedy">;
  /** Why no network goes by it. */
  readonly nowhere: string;
}

/** Of a network without IPv6. */
function ipv6Key(name: string, what: string): InheritedKey {
  return {
    name,
    ofNetwork: ({ scenario }) => ({
      severity: "error",
      why: `is ${what}, and ${scenario} has no IPv6.`,
      remedy: "Remove it",
    }),
    nowhere: `is ${what}, and no network has IPv6.`,
  };
}

const keys: readonly InheritedKey[] = [
  { ...ipv6Key("gatewayInterfaceId", "a part of an IPv6 address"), section: "lan" },
  ipv6Key("routerAdvertisements", "what an IPv6 router says"),
  ipv6Key("dhcpv6", "what DHCPv6 gives"),
  {
    name: "routerAdvertisements.pref64",
    value: true,
    isHeeded: ({ scenario }) => traits[scenario].nat64,
    ofNetwork: ({ scenario }) => ({
      severity: "error",
      why: `announces a translator, and ${scenario} has no NAT64.`,
      remedy: "Remove it, or write scenario: ipv6-only-nat64",
    }),
    nowhere: "announces a translator, and no network has NAT64.",
  },
  {
    name: "routerAdvertisements.pref64Lifetime",
    isHeeded: ({ scenario, routerAdvertisements }) => traits[scenario].nat64 && routerAdvertisements.pref64,
    ofNetwork: () => ({ severity: "warning", why: "is of PREF64, which is not announced here.", remedy: "Remove it" }),
    nowhere: "is of PREF64, which no network announces.",
  },
  ...["pool", "preferredLifetime", "validLifetime"].map(leaseKey),
];

/** Of addresses that only `mode: stateful` gives. */
function leaseKey(name: string): InheritedKey {
  return {
    name: `dhcpv6.${name}`,
    isHeeded: ({ dhcpv6 }) => dhcpv6.mode === "stateful",
    ofNetwork: ({ dhcpv6 }) => ({
      severity: "warning",
      why: `is of addresses that DHCPv6 gives, and with mode ${dhcpv6.mode} it gives none.`,
      remedy: "Remove it, or write mode: stateful",
    }),
    nowhere: "is of addresses that DHCPv6 gives, and on no network does it give any.",
  };
}

export const unheededChecks: readonly Check[] = [
  check(["networks", "lan", "routerAdvertisements", "dhcpv6"], function* (config, raw) {
    const networks = labNetworks(config);
    for (const { name, section, value, isHeeded, ofNetwork, nowhere } of keys) {
      const written = (key: string): string | undefined => {
        const found = valueAtKey(raw, key);
        return found === undefined || (value !== undefined && found !== value) ? undefined : showValue(found);
      };
      const goesByIt = (network: LabNetwork): boolean => withIpv6(network) && (isHeeded?.(network) ?? true);
      for (const network of networks) {
        const key = network.at(name);
        // Of a part of what it has nothing of the whole is told.
        if (written(key) !== undefined && !goesByIt(network) && (isHeeded === undefined || withIpv6(network)))
          yield { key, value: written(key), ...ofNetwork(network) };
      }
      const ofLab = section === undefined ? name : `${section}.${name}`;
      if (config.networks !== undefined && written(ofLab) !== undefined && !networks.some(goesByIt))
        yield warning(ofLab, nowhere, "Remove it", written(ofLab));
    }
  }),

  check(["networks", "lan"], function* ({ networks }, raw) {
    const prefix = valueAtKey(raw, "lan.prefix");
    if (networks !== undefined && prefix !== undefined)
      yield warning(
        "lan.prefix",
        "is no network's: each of networks has a prefix of its own.",
        "Remove it, or write it as the prefix of one of them",
        showValue(prefix),
      );
  }),
];
