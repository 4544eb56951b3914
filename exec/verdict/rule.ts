/** What the rules on targets have in common. */
import { parseIpv6 } from "../../plan/prefix";
import type { Attempt, Lookup } from "../activity";
import type { Run } from "../run";
import type { Target } from "../targets";
import type { Finding } from "./causes";

/** What a target that was not reached tells, by what the system did, never by a program's name; undefined: nothing. */
export type Rule = (target: Target, run: Run, targets: readonly Target[]) => Finding | undefined;

/** The kernel said at once that there is no way to such an address. */
export const noWay: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EHOSTUNREACH",
  "EAFNOSUPPORT",
  "ENETDOWN",
  "EACCES",
  "EPERM",
]);

/** Addresses that a record of a public name must not hold, whoever asks (RFC 4291 sections 2.5.2 to 2.5.6). */
export const neverRight = /^(::ffff:|::1$|::$|fe[89ab])/;

export function without4({ network }: Run): boolean {
  return network.ipv4 === "none";
}

/** Whether there are answers of which only a part was seen, and questions to which none was, and nobody asked once more. */
export function unfinished(lookups: readonly Lookup[]): [cut: boolean, silent: boolean] {
  const key = ({ name, types }: Lookup): string => `${name} ${types.join(" ")}`;
  const whole = new Set(lookups.filter(({ answer }) => answer?.cut === false).map(key));
  const left = lookups.filter((lookup) => !whole.has(key(lookup)));
  return [left.some(({ answer }) => answer !== undefined), left.some(({ answer }) => answer === undefined)];
}

/** An IPv6 literal that begins with this group: among a program's arguments, or the addresses that a resolver told it. */
export function startsLiteral(group: string, { processes, activity }: Run): boolean {
  const pattern = new RegExp(`(^|[^0-9a-z:])${group}:[0-9a-f:]*:`, "i");
  const told = activity.lookups.flatMap(({ answer }) => answer?.addresses ?? []);
  return [...processes.all.flatMap(({ args }) => args), ...told].some((text) => pattern.test(text));
}

/** With brackets, a zone (RFC 4007 section 11) or a port or without; `db.example:5432`, a clock's time and a card's address are none. */
export function isIpv6Literal(text: string): boolean {
  const [, inside, outside = ""] = /^(?:\[([^\]]*)\]?(?::\d+)?|([^[\]]*)\]?)$/.exec(text) ?? [];
  try {
    parseIpv6((inside ?? outside).replace(/%.*/, ""));
    return true;
  } catch {
    return false;
  }
}

/**
 * A container of this machine, to whose port something passes on who comes: somebody gave it this address, or it was waited
 * for on a link (EHOSTUNREACH when nobody has answered ARP), which leads to nobody else.
 */
export function isContainer({ address, outcome, at: start, endedAt }: Attempt, { activity, processes }: Run): boolean {
  const wasOnLink = outcome.kind === "failed" && outcome.error === "EHOSTUNREACH" && endedAt - start > 1;
  return activity.givenAddresses.some((given) => given.address === address) || (processes.hasContainers && wasOnLink);
}

export function at({ process, line }: Pick<Attempt, "process" | "line">): Pick<Finding, "process" | "line"> {
  return { process, line };
}

export function wasRefused({ outcome }: Attempt): boolean {
  return outcome.kind === "failed" && outcome.error === "ECONNREFUSED";
}
