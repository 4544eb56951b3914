/** How an attempt ends, as calls tell it one after the other. */
import type { Call } from "../trace/calls";
import type { Attempt, Mutable, Outcome } from "./facts";

/** Under way. It is one object, so that it can be told from one whose result nobody will ever tell. */
export const pending: Outcome = { kind: "open" };

/** Of connect(2) on a socket that does not wait, and of calls that a signal interrupted. */
export const underWay = new Set(["EINPROGRESS", "EALREADY", "EAGAIN", "EINTR", "ERESTARTSYS", "ERESTARTNOINTR"]);

export function connected(attempt: Mutable<Attempt> | undefined, at: number): void {
  if (attempt === undefined || attempt.outcome.kind === "connected") return;
  attempt.outcome = { kind: "connected" };
  attempt.endedAt = at;
}

export function failed(attempt: Mutable<Attempt> | undefined, call: Call): void {
  const { error } = call.result;
  if (attempt === undefined || error === undefined || underWay.has(error) || error === "ENOTCONN") return;
  // What breaks a connection that was there is no failed attempt.
  if (attempt.transport === "tcp" && attempt.outcome.kind === "connected") return;
  attempt.outcome = { kind: "failed", error };
  attempt.endedAt = returned(call);
}

export function abandoned(attempt: Mutable<Attempt>, at: number): void {
  if (attempt.outcome !== pending) return;
  attempt.outcome = { kind: "abandoned" };
  attempt.endedAt = at;
}

/** Under way when its process was killed, or told by a record that does not know. */
export function neverReturned({ result: { value, error } }: Call): boolean {
  return value === undefined && error === undefined;
}

export function returned({ at, took = 0 }: Call): number {
  return at + took;
}
