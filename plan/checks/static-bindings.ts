import { configuredClients } from "../clients";
import { oneOf } from "../nearest";
import { link } from "../internet/paths";
import { labNetworks, type LabNetwork } from "../networks";
import { traits } from "../scenario";
import type { LabConfig } from "../schema";
import { hasSlirpUplink } from "../slirp";
import { outsideOf } from "../static-bindings";
import { check, error, type Check, type Finding } from "./finding";
import { ownPorts } from "./nat64";
import { repeated } from "./repeated";

const key = (index: number, name: string): string => `nat64.staticBindings[${index}].${name}`;

export const staticBindingChecks: readonly Check[] = [
  check(["nat64", "clients", "networks"], function* (config) {
    for (const [index, { client }] of config.nat64.staticBindings.entries())
      yield* clientFindings(config, key(index, "client"), client);
  }),

  check(["nat64", "platform", "uplink", "internet"], function* (config) {
    for (const index of config.nat64.staticBindings.keys()) yield* outsideFindings(config, index);
  }),

  /** A binding is one to one: RFC 6146 section 3.2. */
  check(["nat64", "platform", "uplink", "internet"], function* (config) {
    const { staticBindings } = config.nat64;
    const taken = new Set<number>();
    const outsides = repeated(staticBindings, (binding) => {
      const outside = outsideOf(config, binding);
      return outside.kind === "at" ? `${binding.protocol} ${outside.address} ${binding.outsidePort}` : undefined;
    });
    for (const { index, first } of outsides) {
      taken.add(index);
      yield error(
        key(index, "outsidePort"),
        `is nat64.staticBindings[${first}]'s already: one port leads to one service.`,
        "Give each a port of its own",
      );
    }
    const insides = repeated(staticBindings, ({ protocol, client, port }) => `${protocol} ${client} ${port}`);
    for (const { index, first, entry } of insides)
      if (!taken.has(index))
        yield error(
          key(index, "port"),
          `of ${entry.client} is bound by nat64.staticBindings[${first}] already: a service has one place outside (RFC 6146 section 3.2).`,
          "Remove one of the two",
        );
  }),

  check(["nat64"], function* ({ nat64: { staticBindings, addressDependentFiltering } }) {
    if (staticBindings.length > 0 && addressDependentFiltering)
      yield error(
        "nat64.addressDependentFiltering",
        "lets nobody in to whom a client has not spoken first, and nat64.staticBindings are for such.",
        "Leave it out, or the static bindings",
      );
  }),

  check(["nat64", "platform", "uplink", "internet"], function* (config) {
    const { staticBindings } = config.nat64;
    if (staticBindings.length > 0 && hasSlirpUplink(config) && config.internet.kind === "real")
      yield error(
        "nat64.staticBindings",
        "are for somebody outside, and QEMU's user network lets nobody in.",
        "Write internet.kind: simulated, which has such hosts, or uplink.kind: bridged",
      );
  }),
];

function* clientFindings(config: LabConfig, at: string, name: string): Iterable<Finding> {
  const clients = configuredClients(config);
  const client = clients.find((each) => each.name === name);
  if (client === undefined) {
    const known = clients.map((each) => each.name);
    yield error(at, "is no client of this lab.", oneOf(name, known, 10));
    return;
  }
  const networks = labNetworks(config);
  const home = client.network === undefined ? networks[0] : networks.find((each) => each.name === client.network);
  if (home === undefined || isTranslated(home)) return;
  const others = networks.filter(isTranslated).map((each) => each.name);
  yield error(
    at,
    `lives on ${home.name}, which has no translator (${home.scenario}).`,
    others.length === 0
      ? "Bind a service of a client on a network with scenario ipv6-only-nat64"
      : `Bind a service of a client on ${others.join(" or ")}`,
  );
}

function isTranslated({ scenario }: LabNetwork): boolean {
  return traits[scenario].nat64;
}

function* outsideFindings(config: LabConfig, index: number): Iterable<Finding> {
  const binding = config.nat64.staticBindings[index];
  if (binding === undefined) return;
  const { protocol, outsidePort, address } = binding;
  const own = ownPorts.find((each) => each.protocol === protocol && each.port === outsidePort);
  if (own !== undefined) {
    yield error(key(index, "outsidePort"), `is the port of the gateway's own ${own.who}.`, "Write another one");
    return;
  }
  const { ipv4 } = link.gateway;
  if (address !== undefined && address !== ipv4 && hasSlirpUplink(config) && config.internet.kind !== "real")
    yield error(
      key(index, "address"),
      `is not where anybody outside could come: the simulated internet's hosts know the gateway as ${ipv4}, and QEMU's user network lets nobody in.`,
      "Leave it out",
    );
  const outside = outsideOf(config, binding);
  switch (outside.kind) {
    case "at":
      return;
    case "outside pool4":
      yield error(
        key(index, "outsidePort"),
        `${address === undefined ? "" : `at ${address} `}is not in nat64.pool4, which has ${outside.pool4}.`,
        "Write a port of it, or a pool4 that has this one",
      );
      return;
    case "several":
      yield error(
        key(index, "address"),
        "is missing: nat64.pool4 has several addresses with that port.",
        `Write which one, e.g. ${outside.example}`,
        "",
      );
      return;
    case "unknown":
      yield error(
        key(index, "address"),
        "is missing: the uplink's address comes by DHCP, so it is not known beforehand.",
        "Write the address that the gateway will have, or a nat64.pool4 with it",
        "",
      );
  }
}
