import type { SshConnection } from "../ssh";
import {
  addressesOf,
  awayLines,
  type ClientAccess,
  command,
  gatewayAddresses,
  type LabAccess,
  type PromisedNetwork,
} from "./access";
import { plannedEntry, type PromisedBinding, staticEntries } from "./bindings";
import { connectClient, connectGateway, type ReachOptions, tryConnect } from "./connect";
import { gatewayFacts, translations } from "./facts";
import { type GatewayFacts, runs, type TranslationFacts } from "./gateway-facts";
import { type FaultOn, faultsOnLine } from "./path-faults";
import { formatTable } from "./report";

/** What `npm run status` shows, and prints as JSON. */
export interface LabStatus {
  readonly lab: string;
  readonly stack: string;
  /** Every machine answers, every service runs, and one translator is in the kernel. */
  readonly healthy: boolean;
  readonly uplink: { readonly kind: string; readonly ipv6: string };
  readonly networks: readonly NetworkStatus[];
  /** Who is not where it lives, a line each. */
  readonly away: readonly string[];
  readonly nat64: {
    readonly prefix: string;
    /** Absent: the gateway does not tell. */
    readonly sessions?: number;
    /** The version of the kernel module; empty: it is not there; absent: the gateway does not tell. */
    readonly jool?: string;
    readonly staticBindings: readonly BindingStatus[];
  };
  readonly machines: readonly MachineStatus[];
  readonly services: readonly { readonly name: string; readonly state: string; readonly active: boolean }[];
  /** Faults of clients' ways that are on; absent: the gateway does not tell. */
  readonly faults?: readonly Omit<FaultOn, "table">[];
}

export interface NetworkStatus extends Pick<PromisedNetwork, "name" | "scenario" | "mtu" | "resolver"> {
  /** Prefixes, IPv6 first. */
  readonly prefixes: readonly string[];
  /** Names of the clients that are on it. */
  readonly clients: readonly string[];
}

export interface BindingStatus {
  readonly client: string;
  readonly protocol: string;
  /** The client's port. */
  readonly port: number;
  /** Where the outside comes to. */
  readonly outside: { readonly address: string; readonly port: number };
  /** Whether the translator has it; absent: the gateway does not tell. */
  readonly active?: boolean;
}

export interface MachineStatus {
  readonly name: string;
  readonly role: "gateway" | "client";
  /** On the networks where it is. */
  readonly addresses: readonly string[];
  /** `up` when SSH answers, with the pinned host key. */
  readonly state: "up" | "unreachable";
  readonly why?: string;
  readonly console: string;
}

export async function labStatus(access: LabAccess, options: ReachOptions): Promise<LabStatus> {
  return statusOf(access, await lookAround(access, options));
}

interface Seen {
  readonly machines: readonly MachineStatus[];
  /** Undefined: the gateway does not answer. */
  readonly facts: (GatewayFacts & TranslationFacts & { readonly faultsOn: readonly FaultOn[] }) | undefined;
}

/** What it means. */
export function statusOf(access: LabAccess, { machines, facts }: Seen): LabStatus {
  const { promised } = access;
  const needed = (facts?.units ?? []).filter(({ name }) => promised.units.includes(name));
  return {
    lab: `${promised.project}/${promised.stack}`,
    stack: promised.stack,
    healthy:
      machines.every(({ state }) => state === "up") &&
      isRunning(promised.units, needed) &&
      facts?.instances.length === 1,
    uplink: promised.uplink,
    networks: promised.networks.map((network) => networkStatus(network, access)),
    away: awayLines(access),
    nat64: {
      prefix: promised.nat64.prefix,
      ...(facts?.told === true ? { sessions: facts.sessions.length } : {}),
      ...(facts === undefined ? {} : { jool: facts.joolVersion }),
      staticBindings: bindingStatuses(promised.nat64.staticBindings, facts?.told === true ? facts.bib : undefined),
    },
    machines,
    services: needed,
    ...(facts === undefined ? {} : { faults: facts.faultsOn.map(({ table: _, ...each }) => each) }),
  };
}

/** Whether every unit is. */
export function isRunning(
  units: readonly string[],
  told: readonly { readonly name: string; readonly active: boolean }[],
): boolean {
  return units.every((unit) => runs(unit, told));
}

async function lookAround(access: LabAccess, options: ReachOptions): Promise<Seen> {
  const own = access.promised.networks.flatMap(gatewayAddresses);
  const gatewayMachine = { ...access.gateway, role: "gateway", addresses: own } as const;
  const connected = await tryConnect(options.signal, () => connectGateway(access, options));
  if (!connected.ok) {
    const hidden = "only the gateway leads to it";
    return {
      machines: [
        machineStatus(gatewayMachine, connected.why),
        ...access.clients.map((client) => machineStatus(known(client), hidden)),
      ],
      facts: undefined,
    };
  }
  const gateway = connected.connection;
  try {
    const [{ facts, faultsOn }, { translations: translated }, ...clients] = await Promise.all([
      gatewayFacts({ connection: gateway, signal: options.signal }, access),
      translations({ connection: gateway, signal: options.signal }),
      ...access.clients.map((client) => clientStatus(access, client, gateway, options)),
    ]);
    return { machines: [machineStatus(gatewayMachine), ...clients], facts: { ...facts, ...translated, faultsOn } };
  } finally {
    gateway.close();
  }
}

/** @param bib undefined: it could not be read. */
function bindingStatuses(
  planned: readonly PromisedBinding[],
  bib: TranslationFacts["bib"] | undefined,
): readonly BindingStatus[] {
  const there = bib === undefined ? undefined : staticEntries(bib);
  return planned.map((binding) => {
    const { client, protocol, inside, outside } = binding;
    const active = there === undefined ? {} : { active: there.includes(plannedEntry(binding)) };
    return { client, protocol, outside, port: inside.port, ...active };
  });
}

function networkStatus(network: PromisedNetwork, { clients }: LabAccess): NetworkStatus {
  const { name, scenario, mtu, resolver, ipv6, ipv4 } = network;
  return {
    ...{ name, scenario, mtu, resolver },
    prefixes: [ipv6, ipv4].flatMap((family) => family?.prefix ?? []),
    clients: clients.filter((client) => client.network === name).map((client) => client.name),
  };
}

type Known = Pick<MachineStatus, "name" | "role" | "addresses" | "console">;

function known(client: ClientAccess): Known {
  return { name: client.name, role: "client", addresses: addressesOf(client), console: client.console };
}

async function clientStatus(
  access: LabAccess,
  client: ClientAccess,
  gateway: SshConnection,
  options: ReachOptions,
): Promise<MachineStatus> {
  const connected = await tryConnect(options.signal, () => connectClient(access, client, gateway, options));
  if (connected.ok) {
    connected.connection.close();
  }
  return machineStatus(known(client), connected.ok ? undefined : connected.why);
}

/** @param why it is unreachable, if it is. */
function machineStatus({ name, role, addresses, console }: Known, why?: string): MachineStatus {
  const state = why === undefined ? ({ state: "up" } as const) : ({ state: "unreachable", why } as const);
  return { name, role, addresses, ...state, console };
}

export function formatStatus(status: LabStatus): string {
  const { uplink, networks, away, nat64, machines, services, faults } = status;
  const faultsOn = faults === undefined ? undefined : faultsOnLine(faults, status.stack);
  return [
    `${status.lab}: ${headline(status)}`,
    ...(faultsOn === undefined ? [] : [faultsOn]),
    ...away,
    "",
    ...picture(uplink, networks),
    `  NAT64 ${nat64.prefix}, ${translator(nat64)}`,
    ...nat64.staticBindings.map(
      ({ client, protocol, port, outside, active }) =>
        `  outside ${outside.address} ${protocol} ${outside.port} ─▶ ${client} port ${port}${inTranslator(active)}`,
    ),
    "",
    ...formatTable(
      ["machine", "addresses", "state"],
      machines.map(({ name, addresses, state }) => [name, addresses.join(", "), state]),
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

/** What was looked at, and no more: whether the network does what it should is for `verify`. */
function headline({ healthy, stack }: LabStatus): string {
  return healthy
    ? `every machine answers, every service runs. Whether they do what they should: ${command({ stack }, "verify")}`
    : "NOT all there: a machine does not answer, a service does not run, or the translator is not in the kernel";
}

function translator({ jool, sessions }: LabStatus["nat64"]): string {
  if (jool === undefined) return "the gateway does not tell what translates";
  const version = jool === "" ? "Jool is NOT in the kernel" : `Jool ${jool}`;
  return `${version}, ${sessions === undefined ? "its sessions cannot be read" : `${sessions} sessions`}`;
}

function inTranslator(active: boolean | undefined): string {
  if (active === undefined) return " (not known whether the translator has it)";
  return active ? "" : " (NOT in the translator)";
}

/** One line a network, each behind the gateway. */
function picture(uplink: LabStatus["uplink"], networks: readonly NetworkStatus[]): string[] {
  const way = `  internet ── uplink (${uplink.kind}, IPv6 ${uplink.ipv6}) ──┤ gateway ├─`;
  return networks.map(({ name, scenario, prefixes, mtu, clients }, index) => {
    const [branch, front] = index === 0 ? [networks.length > 1 ? "┬" : "─", way] : ["├", " ".repeat(way.length)];
    const label = networks.length > 1 ? `${name}: ` : "";
    return `${front}${index > 0 && index === networks.length - 1 ? "└" : branch}─ ${label}${scenario}, ${prefixes.join(", ")} (MTU ${mtu}) ── ${clients.join(", ") || "nobody"}`;
  });
}
