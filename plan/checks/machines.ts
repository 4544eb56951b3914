import { configuredClients } from "../clients";
import { parseInterfaceId } from "../interface-id";
import { platformDecisions } from "../platforms";
import type { LabConfig } from "../schema";
import { error, when, type Check, type Finding } from "./finding";

/** Names that mean something else on every machine. */
const reservedNames = ["gateway", "localhost"];

/** MiB in which dkms compiles Jool without swapping. */
const memoryToBuildJool = 1024;

function nameFindings(config: LabConfig): readonly Finding[] {
  const firstOf = new Map<string, number>();
  return configuredClients(config).flatMap(({ name }, index) => {
    const key = `clients[${index}].name`;
    const first = firstOf.get(name);
    if (first === undefined) firstOf.set(name, index);
    return [
      ...when(reservedNames.includes(name), () =>
        error(key, name, "is taken by the lab itself.", "Write e.g. client-1"),
      ),
      ...when(first !== undefined, () =>
        error(key, name, `is the name of clients[${first ?? 0}] too.`, "Give each client a name of its own"),
      ),
    ];
  });
}

function interfaceIdFindings(config: LabConfig): readonly Finding[] {
  const ownerOf = new Map<string, string>([[config.lan.gatewayInterfaceId, "the gateway"]]);
  return configuredClients(config).flatMap(({ name, interfaceId }, index) => {
    if (interfaceId === undefined) return [];
    const owner = ownerOf.get(interfaceId);
    if (owner === undefined) ownerOf.set(interfaceId, name);
    return when(owner !== undefined, () =>
      error(`clients[${index}].interfaceId`, interfaceId, `is ${owner ?? ""}'s already.`, "Give each machine its own"),
    );
  });
}

function poolFindings(config: LabConfig): readonly Finding[] {
  const { mode, pool } = config.dhcpv6;
  if (mode !== "stateful") return [];
  const first = parseInterfaceId(pool.first);
  const last = parseInterfaceId(pool.last);
  return configuredClients(config).flatMap(({ interfaceId }, index) => {
    const id = interfaceId === undefined ? undefined : parseInterfaceId(interfaceId);
    return when(id !== undefined && first <= id && id <= last, () =>
      error(
        `clients[${index}].interfaceId`,
        interfaceId,
        `is inside dhcpv6.pool ${pool.first} to ${pool.last}: DHCPv6 could hand it to another machine.`,
        "Choose one outside the pool, e.g. ::10",
      ),
    );
  });
}

function gatewayMemoryFindings(config: LabConfig): readonly Finding[] {
  const { gateway } = config;
  const { guest } = platformDecisions(config);
  const buildsJool = guest.kind === "generic" || guest.jool === "first-boot";
  return when(buildsJool && gateway.memory < memoryToBuildJool, () =>
    error(
      "gateway.memory",
      gateway.memory,
      "is too little to build Jool's kernel module, which this image leaves to the gateway.",
      `Write ${memoryToBuildJool} or more`,
    ),
  );
}

function verifyFindings({ verify }: LabConfig): readonly Finding[] {
  const host = verify.url === undefined ? "" : new URL(verify.url).hostname;
  return when(/^\[|^[\d.]+$/.test(host), () =>
    error("verify.url", verify.url, "names an address: DNS64 would not be tried.", "Write a URL with a host name"),
  );
}

export const machineChecks: readonly Check[] = [
  { reads: ["clients"], find: nameFindings },
  { reads: ["clients", "lan"], find: interfaceIdFindings },
  { reads: ["clients", "dhcpv6"], find: poolFindings },
  { reads: ["gateway", "image", "platform"], find: gatewayMemoryFindings },
  { reads: ["verify"], find: verifyFindings },
];
