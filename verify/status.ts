import type { LabAccess } from "./access";
import { connectClient, connectGateway, type ReachOptions } from "./connect";
import type { GatewayFacts } from "./gateway-facts";
import { formatTable } from "./report";
import { gatewayFacts } from "./runner";

/** What `npm run status` shows, and prints as JSON. */
export interface LabStatus {
  readonly lab: string;
  readonly healthy: boolean;
  readonly uplink: { readonly kind: string; readonly ipv6: string };
  readonly lan: { readonly prefix: string; readonly mtu: number };
  readonly nat64: { readonly prefix: string; readonly sessions: number; readonly jool: string };
  readonly machines: readonly MachineStatus[];
  readonly services: readonly { readonly name: string; readonly state: string; readonly active: boolean }[];
}

export interface MachineStatus {
  readonly name: string;
  readonly role: "gateway" | "client";
  readonly address: string;
  /** `up` when SSH answers, with the pinned host key. */
  readonly state: "up" | "unreachable";
  readonly why?: string;
  readonly console: string;
}

export async function labStatus(access: LabAccess, options: ReachOptions): Promise<LabStatus> {
  const [gateway, ...clients] = await Promise.all([
    gatewayStatus(access, options),
    ...access.clients.map((client) =>
      machineStatus({ ...client, role: "client" }, async () => {
        const connection = await connectClient(access, client, options);
        connection.close();
      }),
    ),
  ]);
  const { promised } = access;
  const services = gateway.facts?.units ?? [];
  const machines = [gateway.machine, ...clients];
  const needed = services.filter(({ name }) => promised.dhcpv6 !== "off" || !name.startsWith("kea"));
  return {
    lab: `${promised.project}/${promised.stack}`,
    healthy: machines.every(({ state }) => state === "up") && needed.every(({ active }) => active),
    uplink: promised.uplink,
    lan: { prefix: promised.lan.prefix, mtu: promised.lan.mtu },
    nat64: {
      prefix: promised.nat64.prefix,
      sessions: gateway.facts?.sessions.length ?? 0,
      jool: gateway.facts?.joolVersion ?? "",
    },
    machines,
    services: needed,
  };
}

async function gatewayStatus(
  access: LabAccess,
  options: ReachOptions,
): Promise<{ machine: MachineStatus; facts: GatewayFacts | undefined }> {
  let facts: GatewayFacts | undefined;
  const machine = await machineStatus(
    { ...access.gateway, role: "gateway", address: access.promised.lan.gatewayAddress },
    async () => {
      const connection = await connectGateway(access, options);
      try {
        facts = await gatewayFacts(connection, options.signal);
      } finally {
        connection.close();
      }
    },
  );
  return { machine, facts };
}

async function machineStatus(
  { name, role, address, console }: Pick<MachineStatus, "name" | "role" | "address" | "console">,
  visit: () => Promise<void>,
): Promise<MachineStatus> {
  try {
    await visit();
    return { name, role, address, state: "up", console };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { name, role, address, state: "unreachable", why, console };
  }
}

export function formatStatus(status: LabStatus): string {
  const { uplink, lan, nat64, machines, services } = status;
  return [
    `${status.lab}: ${status.healthy ? "healthy" : "NOT healthy"}`,
    "",
    `  internet ── uplink (${uplink.kind}, IPv6 ${uplink.ipv6}) ──┤ gateway ├── ${lan.prefix} (MTU ${lan.mtu}) ──┬── clients`,
    `  NAT64 ${nat64.prefix}, Jool ${nat64.jool}, ${nat64.sessions} sessions`,
    "",
    ...formatTable(
      ["machine", "address", "state"],
      machines.map(({ name, address, state }) => [name, address, state]),
    ),
    "",
    ...formatTable(
      ["service", "state"],
      services.map(({ name, state }) => [name.replace(".service", ""), state]),
    ),
    ...machines
      .filter(({ state }) => state !== "up")
      .flatMap(({ name, why, console }) => ["", `${name}: ${why ?? ""}`, `  its console: ${console}`]),
  ].join("\n");
}
