/** The MACs of a lab's cards, each from its machine's name alone unless two of them meet. */
import { macAddress, type LabIdentity, type MacRange, type Nic } from "./identity";
import { lan } from "./interfaces";
import type { NetworkPlan } from "./model";
import { shorterFirst } from "./sorted";

/** The first address of the machine's that nobody has; it is taken from then on. */
function take(taken: Set<string>, identity: LabIdentity, machine: string, nic: Nic, range: MacRange): string {
  for (let attempt = 0; ; attempt += 1) {
    const mac = macAddress(identity, machine, nic, range, attempt);
    if (!taken.has(mac)) {
      taken.add(mac);
      return mac;
    }
  }
}

export interface GatewayMacs {
  readonly uplink: string;
  readonly management: string;
  /** By the network's name. */
  readonly networks: ReadonlyMap<string, string>;
}

/** @param networks their names and cards. */
export function gatewayMacs(
  range: MacRange,
  identity: LabIdentity,
  networks: readonly Pick<NetworkPlan, "name" | "card">[],
): GatewayMacs {
  const taken = new Set<string>();
  const macOf = (nic: Nic): string => take(taken, identity, "gateway", nic, range);
  const sorted = [...networks].sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    uplink: macOf("uplink"),
    management: macOf("management"),
    networks: new Map(sorted.map(({ name, card }) => [name, macOf(card === lan ? "lan" : `lan ${name}`)])),
  };
}

/** Every client's MAC by its name, in an order that does not depend on the configuration's. */
export function clientMacs(
  range: MacRange,
  identity: LabIdentity,
  names: readonly string[],
  gateway: GatewayMacs,
): ReadonlyMap<string, string> {
  const taken = new Set([gateway.uplink, gateway.management, ...gateway.networks.values()]);
  const sorted = [...names].sort(shorterFirst);
  return new Map(sorted.map((name) => [name, take(taken, identity, name, "lan", range)]));
}
