/** What a program wanted to reach: the attempts that belong to one name or address, and whether one of them came through. */
import { containsAddress, formatIpv6, parseIpv4, parseIpv6 } from "../plan/prefix";
import { extractIpv4, parseNat64Prefix } from "../plan/rfc6052";
import type { Activity, Attempt, Lookup } from "./activity";
import type { NetworkView, Run } from "./run";

export interface Target {
  /** A name, or the address when there is none. */
  readonly what: string;
  /** `name`: asked of a resolver. `hosts`: from hosts(5). `literal`: no answer held it. */
  readonly origin: "name" | "hosts" | "literal";
  /** Undefined: it was only asked for. */
  readonly port: number | undefined;
  readonly attempts: readonly Attempt[];
  readonly lookups: readonly Lookup[];
  readonly reached: boolean;
}

export type Path = "native" | "NAT64" | "loopback";

/** By which way an attempt went. */
export function pathOf({ nat64Prefix }: NetworkView, { address }: Attempt): Path {
  if (isLoopback(address)) return "loopback";
  return isTranslated(nat64Prefix, address) ? "NAT64" : "native";
}

export function isTranslated(nat64Prefix: string | undefined, address: string): boolean {
  return (
    nat64Prefix !== undefined && isIpv6(address) && containsAddress(parseNat64Prefix(nat64Prefix), parseIpv6(address))
  );
}

export function isLoopback4(address: string): boolean {
  return !isIpv6(address) && address.startsWith("127.");
}

export function isLoopback(address: string): boolean {
  return address === "::1" || isLoopback4(address);
}

/** 224.0.0.0/4 (RFC 5771), ff00::/8 (RFC 4291 section 2.7), and everybody on the link (RFC 919). */
export function isMulticast(address: string): boolean {
  return /^(22[4-9]|23\d)\.|^ff[0-9a-f]{2}:|^255\.255\.255\.255$/i.test(address);
}

export function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** An address and a port as RFC 5952 section 6 recommends; the address alone where there are no ports (ICMP). */
export function socketText({ address, port }: { readonly address: string; readonly port: number }): string {
  if (port === 0) return address;
  return `${isIpv6(address) ? `[${address}]` : address}:${port}`;
}

/** In the order in which they came up. */
export function targetsOf(run: Run): Target[] {
  const { activity, hosts, network } = run;
  const groups = new Map<string, { what: string; origin: Target["origin"]; port: number; attempts: Attempt[] }>();
  for (const attempt of activity.attempts) {
    if (isQuestion(attempt, activity.lookups, run.resolvers) || isSourceProbe(attempt, activity, hosts)) continue;
    const { what, origin } = originOf(attempt, activity.lookups, hosts, network);
    const key = `${what} ${attempt.port}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { what, origin, port: attempt.port, attempts: [attempt] });
    else group.attempts.push(attempt);
  }
  const tried = [...groups.values()].map(({ what, origin, port, attempts }): Target => ({
    ...{ what, origin, port, attempts },
    lookups: activity.lookups.filter(({ name }) => sameName(name, what)),
    reached: attempts.some(wasReached),
  }));
  const forAddresses = activity.lookups.filter(({ types }) => types.includes("A") || types.includes("AAAA"));
  const only = [...new Set(forAddresses.map(({ name }) => bare(name)))]
    .filter((name) => !tried.some(({ what }) => sameName(what, name)))
    .map((what): Target => {
      const lookups = activity.lookups.filter(({ name }) => sameName(name, what));
      return { what, origin: "name", port: undefined, attempts: [], lookups, reached: false };
    });
  return [...tried, ...only].sort((one, other) => startOf(one) - startOf(other));
}

function startOf({ attempts, lookups }: Target): number {
  return Math.min(...[...lookups, ...attempts].map(({ at }) => at));
}

function wasReached({ outcome, transport, received }: Attempt): boolean {
  return outcome.kind === "connected" && (transport === "tcp" || received.octets > 0);
}

/** The way to the resolver is no target: what it was asked is. */
function isQuestion({ address, port }: Attempt, lookups: readonly Lookup[], resolvers: readonly string[]): boolean {
  return port === 53 && (resolvers.includes(address) || lookups.some(({ server }) => server === address));
}

/**
 * RFC 6724 wants the source address of each candidate: libraries point a datagram socket there, and send nothing; Go's
 * does so with port 53. Of one that failed it takes the address's being a candidate to tell it from the way to a resolver.
 */
function isSourceProbe(attempt: Attempt, activity: Activity, hosts: ReadonlyMap<string, string>): boolean {
  const { transport, outcome, address, port, at, sent, pointed } = attempt;
  const { lookups, attempts, unheard } = activity;
  if (transport !== "udp" || sent.octets > 0 || !pointed) return false;
  if (outcome.kind === "unused") return true;
  if (lookups.some((lookup) => lookup.at <= at && lookup.answer?.addresses.includes(address) === true))
    return !isOneMore(attempt, activity);
  return (
    // Without a service getaddrinfo(3) has port 0.
    (port === 53 || port === 0) &&
    (unheard > 0 || hosts.has(address) || attempts.some((other) => other.port !== port && other.address === address))
  );
}

/**
 * A library looks at each candidate once for each answer, and at all of them: to one that was pointed to more often than
 * that, and than any other of its name, the program itself has gone. To the only candidate there is, too: glibc, musl and Go
 * have nothing to sort then. Where there are others and none was looked at nobody can tell.
 */
function isOneMore({ address, port, process, line }: Attempt, { lookups, attempts, unheard }: Activity): boolean {
  const forms = [address, ...(isIpv6(address) ? [] : [mapped(address)])];
  const holding = lookups.filter(({ answer }) => answer?.addresses.some((each) => forms.includes(each)) === true);
  const related = lookups.filter(({ name }) => holding.some((each) => sameName(each.name, name)));
  const candidates = new Set(related.flatMap(({ answer }) => answer?.addresses ?? []));
  const isWhole = unheard === 0 && related.every(({ answer }) => answer?.cut === false);
  // There is nothing to sort.
  if (candidates.size === 1 && isWhole && port !== 53) return true;
  const others = [...candidates].filter((each) => !forms.includes(each));
  const looksAt = (to: string): Attempt[] =>
    attempts.filter(
      (each) =>
        each.process === process &&
        each.address === to &&
        each.transport === "udp" &&
        each.pointed &&
        each.sent.octets === 0,
    );
  const most = Math.max(0, ...others.map((each) => looksAt(each).length));
  const count = looksAt(address).filter((each) => each.line <= line).length;
  return most > 0 && count > Math.max(most, holding.length);
}

function originOf(
  { address, at }: Attempt,
  lookups: readonly Lookup[],
  hosts: ReadonlyMap<string, string>,
  network: NetworkView,
): Pick<Target, "what" | "origin"> {
  const embedded = isTranslated(network.nat64Prefix, address)
    ? extractIpv4(network.nat64Prefix ?? "", address)
    : address;
  // An address may have been told as it is, or as an IPv4-mapped one, or have been made from the IPv4 address that was told.
  const forms = [address, embedded, ...(isIpv6(address) ? [] : [mapped(address)])];
  const lookup = lookups.findLast(
    ({ answer }) => answer !== undefined && answer.at <= at && answer.addresses.some((each) => forms.includes(each)),
  );
  if (lookup !== undefined) return { what: bare(lookup.name), origin: "name" };
  const name = hosts.get(address);
  return name === undefined ? { what: address, origin: "literal" } : { what: name, origin: "hosts" };
}

/** RFC 4291 section 2.5.5.2. */
function mapped(ipv4: string): string {
  return formatIpv6((0xffffn << 32n) | parseIpv4(ipv4));
}

function bare(name: string): string {
  return name.replace(/\.$/, "");
}

function sameName(one: string, other: string): boolean {
  return bare(one) === bare(other);
}

/** Types of records that were asked for. */
export function askedTypes({ lookups }: Target): Set<string> {
  return new Set(lookups.flatMap(({ types }) => types));
}

export function answeredAddresses({ lookups }: Target): string[] {
  return [...new Set(lookups.flatMap(({ answer }) => answer?.addresses ?? []))];
}
