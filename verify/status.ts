import type { SshConnection } from "../ssh";
import type { ClientAccess, LabAccess } from "./access";
import { connectClient, connectGateway, type ReachOptions, tryConnect } from "./connect";
import { gatewayFacts, translations } from "./facts";
import { formatTable } from "./report";

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
  const { promised } = access;
  const { machines, facts } = await lookAround(access, options);
  const needed = (facts?.units ?? []).filter(({ name }) => promised.units.includes(name));
  return {
    lab: `${promised.project}/${promised.stack}`,
    healthy: machines.every(({ state }) => state === "up") && needed.every(({ active }) => active),
    uplink: promised.uplink,
    lan: { prefix: promised.lan.prefix, mtu: promised.lan.mtu },
    nat64: { prefix: promised.nat64.prefix, sessions: facts?.sessions.length ?? 0, jool: facts?.joolVersion ?? "" },
    machines,
    services: needed,
  };
}

async function lookAround(access: LabAccess, options: ReachOptions) {
  const { gatewayAddress } = access.promised.lan;
  const gatewayMachine = { ...access.gateway, role: "gateway", address: gatewayAddress } as const;
  const clientMachines = access.clients.map((client) => ({ ...client, role: "client" }) as const);
  const connected = await tryConnect(options.signal, () => connectGateway(access, options));
  if (!connected.ok) {
    const hidden = "only the gateway leads to it";
    return {
      machines: [
        machineStatus(gatewayMachine, connected.why),
        ...clientMachines.map((client) => machineStatus(client, hidden)),
      ],
      facts: undefined,
    };
  }
  const gateway = connected.connection;
  try {
    const [{ facts }, { translations: translated }, ...clients] = await Promise.all([
      gatewayFacts({ connection: gateway, signal: options.signal }),
      translations({ connection: gateway, signal: options.signal }),
      ...clientMachines.map((client) => clientStatus(access, client, gateway, options)),
    ]);
    return { machines: [machineStatus(gatewayMachine), ...clients], facts: { ...facts, ...translated } };
  } finally {
    gateway.close();
  }
}

type Known = Pick<MachineStatus, "name" | "role" | "address" | "console">;

async function clientStatus(
  access: LabAccess,
  client: Known & ClientAccess,
  gateway: SshConnection,
  options: ReachOptions,
): Promise<MachineStatus> {
  const connected = await tryConnect(options.signal, () => connectClient(access, client, gateway, options));
  if (connected.ok) {
    connected.connection.close();
  }
  return machineStatus(client, connected.ok ? undefined : connected.why);
}

/** @param why it is unreachable, if it is. */
function machineStatus({ name, role, address, console }: Known, why?: string): MachineStatus {
  const state = why === undefined ? ({ state: "up" } as const) : ({ state: "unreachable", why } as const);
  return { name, role, address, ...state, console };
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
