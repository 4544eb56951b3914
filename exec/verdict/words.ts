/** What was dialled and how that ended, in words. */
import type { Attempt } from "../activity";
import { isIpv6, type Target } from "../targets";

export function place({ attempts, what, port }: Target): string {
  const [first] = attempts;
  if (port === undefined || port === 0) return what;
  return first?.address === what && isIpv6(what) ? `[${what}]:${port}` : `${what}:${port}`;
}

/** Beside an address; nothing where there are no ports (ICMP). */
export function portWords({ port }: Attempt): string {
  return port === 0 ? "" : `, port ${port}`;
}

/** How an attempt ended, in words. */
export function ending({ outcome, at, endedAt }: Attempt): string {
  const seconds = `${(endedAt - at).toFixed(3)} s`;
  switch (outcome.kind) {
    case "failed":
      return `${outcome.error} after ${seconds}`;
    case "abandoned":
      return `given up after ${seconds}`;
    case "open":
      return `no result in ${seconds}`;
    case "connected":
      return `connected after ${seconds}`;
    case "sent":
      return "sent, no answer";
    case "unused":
      return "nothing sent";
  }
}

/** What was reached. */
export function paths(targets: readonly Target[]): string {
  const reached = targets.filter((target) => target.reached);
  return reached.length === 0 ? "" : `Reached: ${reached.map(place).join(", ")}.`;
}

/** The beginning of what is too long, in whole words: part of an address would not be known for one (report/redact.ts). */
export function beginning(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[^\s,"()]*$/, "")}…`;
}
