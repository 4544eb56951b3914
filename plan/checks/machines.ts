import { clatPrefixLengths, clatTranslates } from "../clat";
import { configuredClients } from "../clients";
import { parseInterfaceId } from "../interface-id";
import { internetPrefixes } from "../internet";
import { buildsJool, memoryToBuildJool, platformDecisions } from "../platforms";
import { nearest } from "../nearest";
import { labNetworks } from "../networks";
import { parseIpv6Prefix } from "../prefix";
import { check, error, type Check } from "./finding";
import { perNetwork, withIpv6 } from "./networks";
import { repeated } from "./repeated";

/** Names that mean something else: on every machine, and to commands that take a client's name. */
const reservedNames = ["gateway", "localhost", "all"];

export const machineChecks: readonly Check[] = [
  check(["clients"], function* (config) {
    const clients = configuredClients(config);
    for (const [index, { name }] of clients.entries())
      if (reservedNames.includes(name))
        yield error(`clients[${index}].name`, "is taken by the lab itself.", "Write e.g. client-1");
    for (const { index, first } of repeated(clients, ({ name }) => name))
      yield error(
        `clients[${index}].name`,
        `is the name of clients[${first}] too.`,
        "Give each client a name of its own",
      );
  }),

  check(["clients", "lan", "networks"], function* (config) {
    const ownerOf = new Map(labNetworks(config).map(({ gatewayInterfaceId }) => [gatewayInterfaceId, "the gateway"]));
    for (const [index, { name, interfaceId }] of configuredClients(config).entries()) {
      if (interfaceId === undefined) continue;
      const owner = ownerOf.get(interfaceId);
      if (owner === undefined) ownerOf.set(interfaceId, name);
      else yield error(`clients[${index}].interfaceId`, `is ${owner}'s already.`, "Give each machine its own");
    }
  }),

  perNetwork(["clients", "dhcpv6"], withIpv6, function* ({ dhcpv6: { mode, pool } }, config) {
    if (mode !== "stateful") return;
    const [first, last] = [parseInterfaceId(pool.first), parseInterfaceId(pool.last)];
    for (const [index, { interfaceId }] of configuredClients(config).entries()) {
      const id = interfaceId === undefined ? undefined : parseInterfaceId(interfaceId);
      if (id !== undefined && first <= id && id <= last)
        yield error(
          `clients[${index}].interfaceId`,
          `is inside dhcpv6.pool ${pool.first} to ${pool.last}: DHCPv6 could hand it to another machine.`,
          "Choose one outside the pool, e.g. ::10",
        );
    }
  }),

  check(["clients", "networks"], function* (config) {
    const known = labNetworks(config).map(({ name }) => name);
    for (const [index, { network }] of configuredClients(config).entries()) {
      if (network === undefined || known.includes(network)) continue;
      const guess = nearest(network, known);
      yield error(
        `clients[${index}].network`,
        "is no network of this lab.",
        guess === undefined ? `Write one of ${known.join(", ")}` : `Write ${guess}`,
      );
    }
  }),

  check(["clients", "nat64", "internet"], function* (config) {
    const { nat64, internet } = config;
    const index = configuredClients(config).findIndex(({ clat }) => clat === true);
    if (index < 0) return;
    const key = `clients[${index}].clat`;
    const { length } = parseIpv6Prefix(nat64.prefix);
    if (!clatPrefixLengths.includes(length))
      yield error(
        key,
        `does not work with the /${length} of nat64.prefix: clatd takes /${clatPrefixLengths.join(", /")}.`,
        "Choose another nat64.prefix, or no CLAT",
        "true",
      );
    const [someServer = ""] = internetPrefixes.ipv4.split("/");
    if (internet.kind !== "real" && !clatTranslates(someServer, nat64.prefix))
      yield error(
        key,
        `does not lead to the simulated internet (${internetPrefixes.ipv4}) behind the well-known prefix: TAYGA holds to RFC 6052 section 3.1.`,
        "Choose a network-specific nat64.prefix, e.g. 64:ff9b:1:fffe::/96 (RFC 8215)",
        "true",
      );
  }),

  check(["gateway", "image", "platform"], function* (config) {
    const { memory } = config.gateway;
    if (memory !== undefined && memory < memoryToBuildJool && buildsJool(platformDecisions(config)))
      yield error(
        "gateway.memory",
        "is too little to build Jool's kernel module, which this image leaves to the gateway.",
        `Write ${memoryToBuildJool} or more`,
      );
  }),

  check(["verify"], function* ({ verify: { url } }) {
    if (url !== undefined && /^\[|^[\d.]+$/.test(new URL(url).hostname))
      yield error("verify.url", "names an address: DNS64 would not be tried.", "Write a URL with a host name");
  }),
];
