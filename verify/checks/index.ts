import type { CheckResult } from "../report";
import { results } from "./check";
import { clientBindingChecks } from "./client-bindings";
import { clientNetworkChecks } from "./client-network";
import { clientPathChecks } from "./client-paths";
import type { ClientEvidence, GatewayEvidence } from "./evidence";
import { gatewayChecks } from "./gateway";

/** The checks on one client, in the order in which a packet would meet what they look at. */
export function checkClient(seen: ClientEvidence): CheckResult[] {
  const checks = [...clientNetworkChecks, ...clientPathChecks, ...clientBindingChecks];
  return results(seen.access.name, checks, seen).map((each) => ({ ...each, network: seen.network.name }));
}

/** The checks on the gateway. */
export function checkGateway(seen: GatewayEvidence): CheckResult[] {
  return results(seen.lab.gateway.name, gatewayChecks, seen);
}
