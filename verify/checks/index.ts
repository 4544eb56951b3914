import type { CheckResult } from "../report";
import { results } from "./check";
import { clientAddressChecks } from "./client-addresses";
import { clientBindingChecks } from "./client-bindings";
import { clientClosedChecks } from "./client-closed";
import { clientConfigurationChecks } from "./client-configuration";
import { clientContentChecks } from "./client-content";
import { clientMachineChecks } from "./client-machines";
import { clientNameChecks } from "./client-names";
import { clientRouterChecks } from "./client-routers";
import { clockCheck } from "./clock";
import type { ClientEvidence, GatewayEvidence } from "./evidence";
import { gatewayChecks } from "./gateway";

/** The checks on one client, in the order in which a packet would meet what they look at. */
export function checkClient(seen: ClientEvidence): CheckResult[] {
  const checks = [
    ...clientRouterChecks,
    ...clientAddressChecks,
    ...clientConfigurationChecks,
    clockCheck<ClientEvidence>(({ access }) => access.name),
    ...clientMachineChecks,
    ...clientNameChecks,
    ...clientContentChecks,
    ...clientClosedChecks,
    ...clientBindingChecks,
  ];
  return results(seen.access.name, checks, seen).map((each) => ({ ...each, network: seen.network.name }));
}

/** The checks on the gateway. */
export function checkGateway(seen: GatewayEvidence): CheckResult[] {
  return results(seen.lab.gateway.name, gatewayChecks, seen);
}
