/** The MACs of a lab's cards, each from its machine's name alone unless two of them meet. */
import { macAddress, type LabIdentity, type MacRange, type Nic } from "./identity";

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

export function gatewayMacs(range: MacRange, identity: LabIdentity): Record<Nic, string> {
  const taken = new Set<string>();
  return {
    uplink: take(taken, identity, "gateway", "uplink", range),
    lan: take(taken, identity, "gateway", "lan", range),
    management: take(taken, identity, "gateway", "management", range),
  };
}

/** Every client's MAC by its name, in an order that does not depend on the configuration's. */
export function clientMacs(
  range: MacRange,
  identity: LabIdentity,
  names: readonly string[],
): ReadonlyMap<string, string> {
  const taken = new Set(Object.values(gatewayMacs(range, identity)));
  // The shorter name first: client-1000 makes way for client-2 and not the other way round.
  const sorted = [...names].sort((one, other) => one.length - other.length || (one < other ? -1 : 1));
  return new Map(sorted.map((name) => [name, take(taken, identity, name, "lan", range)]));
}
