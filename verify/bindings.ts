/**
 * Static bindings, tried from outside: a host of the simulated internet comes by IPv4 to what a client on a network without
 * IPv4 offers (the draft's class IPv6-only-DC), and to ports that are not bound.
 */
import { randomBytes, randomInt } from "node:crypto";
import { reflectors } from "../plan/internet/hosts";
import { containsIpv4 } from "../plan/prefix";
import { portsOf } from "../plan/port-range";
import { automaticPorts } from "../plan/static-bindings";
import { embedIpv4 } from "../plan/rfc6052";
import { proxyNamespace, servers } from "../services/internet";
import type { ClientAccess, LabAccess, PromisedPlan } from "./access";
import { type Asked, python } from "./facts";
import type { Endpoint, TranslationFacts } from "./gateway-facts";
import { messageOf } from "../host/messages";
import { Heard } from "./questions";

export type PromisedBinding = PromisedPlan["nat64"]["staticBindings"][number];

/** What the two ends say: probes/served.py, probes/outside.py. */
export interface BindingsHeard {
  readonly client: Heard;
  readonly outside: Heard;
  /** What only the client's own listeners say. */
  readonly secret: string;
  /** Why nobody came from outside: it is the gateway that lets somebody come, and the client has no part in that. */
  readonly nobodyCame?: string;
}

/** What puts a command among the servers of the simulated internet; what connects there must say from which address. */
export const amongServers = `sudo -n nsenter --net=/run/netns/${servers} --`;

/** What has a command run on an IPv4-only host of the simulated internet, which has one address. */
export const onIpv4Host = `sudo -n nsenter --net=/run/netns/${proxyNamespace({ name: "v4only" })} --`;

/** Seconds in which an answer may come, and in which all of them may: a probe that takes a minute is given up. */
const patience = { one: 12, all: 24 };
/** Seconds that the client listens: longer than the other end takes when nothing is answered. */
const listening = 50;

/** What is bound for a client where it is. */
export function bindingsOf(
  { promised }: Pick<LabAccess, "promised">,
  client: ClientAccess,
): readonly PromisedBinding[] {
  const here = client.addresses[client.network]?.ipv6;
  return allBindingsOf({ promised }, client).filter(({ inside }) => inside.address === here);
}

/** Also what leads to where it is not now. */
export function allBindingsOf(
  { promised }: Pick<LabAccess, "promised">,
  { name }: Pick<ClientAccess, "name">,
): readonly PromisedBinding[] {
  return promised.nat64.staticBindings.filter((binding) => binding.client === name);
}

/** Whether there is somebody outside who can be asked to come. */
export function hasOutside({ promised }: Pick<LabAccess, "promised">): boolean {
  return promised.internet !== "real";
}

/** A planned binding, in the words for those of the translator's table. */
export function plannedEntry({ protocol, inside, outside }: PromisedBinding): string {
  return entry(protocol, { ...outside, id: String(outside.port) }, { ...inside, id: String(inside.port) });
}

/** The static ones that the translator has. */
export function staticEntries(bib: TranslationFacts["bib"]): string[] {
  return bib.filter(({ isStatic }) => isStatic).map(({ protocol, ipv4, client }) => entry(protocol, ipv4, client));
}

function entry(protocol: string, outside: Endpoint, inside: Endpoint): string {
  return `${outside.address}#${outside.id} ${protocol} is ${inside.address}#${inside.id}`;
}

/** A binding as one word. */
export function doorName({ protocol, outside }: PromisedBinding): string {
  return `${protocol}-${outside.address}-${outside.port}`;
}

/** A port for TCP of an address outside that the translator would serve there, and that is not bound. */
export function unboundPort({ nat64: { staticBindings, pool4 } }: PromisedPlan, address: string): number | undefined {
  const ranges =
    pool4.kind === "automatic"
      ? [automaticPorts]
      : pool4.entries
          .filter(({ protocol, prefix }) => protocol === "TCP" && containsIpv4(prefix, address))
          .map(({ portRange }) => portsOf(portRange));
  const bound = staticBindings.filter(({ protocol, outside }) => protocol === "TCP" && outside.address === address);
  const taken = new Set(bound.map(({ outside }) => outside.port));
  // Of so many the last is hardly ever a connection's; and were it, it would be closed all the same.
  for (const { first, last } of ranges)
    for (let port = last; port >= first; port -= 1) if (!taken.has(port)) return port;
  return undefined;
}

/** Undefined: there is nothing to try, or nobody to try it. */
export async function tryBindings(
  lab: LabAccess,
  client: ClientAccess,
  asked: { readonly client: Asked; readonly gateway: Asked },
): Promise<BindingsHeard | undefined> {
  const { promised } = lab;
  const bound = bindingsOf(lab, client);
  const [first] = bound;
  if (first === undefined || !hasOutside(lab)) return undefined;
  const secret = randomBytes(8).toString("hex");
  const [{ ipv4: own }] = reflectors;
  // Of each client another one: several are looked at side by side.
  const port = randomInt(20_000, 30_000);
  const services = bound.map(({ protocol, inside }) => [protocol, inside.port]);
  const doors = bound.map((each) => [doorName(each), each.protocol, each.outside.address, each.outside.port]);
  const unbound = unboundPort(promised, first.outside.address);
  const closed = unbound === undefined ? [] : [["unbound", first.outside.address, unbound]];
  const offering = python(
    asked.client,
    "served.py",
    [services, [embedIpv4(promised.nat64.prefix, own), port], secret, listening],
    "sudo -n",
  );
  const coming = python(
    asked.gateway,
    "outside.py",
    [[own, port], doors, closed, secret, Math.min(patience.one, patience.all / bound.length)],
    amongServers,
  ).then(
    (outside) => ({ outside }),
    (error: unknown) => {
      asked.gateway.signal.throwIfAborted();
      return { outside: new Heard(""), nobodyCame: messageOf(error) };
    },
  );
  const [ofClient, came] = await Promise.all([offering, coming]);
  return { client: ofClient, secret, ...came };
}
