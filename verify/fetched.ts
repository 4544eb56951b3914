/** What a fetch by curl(1) came to. */
import type { Seen } from "./report";

/** CURLE_TOO_MANY_REDIRECTS: every one of them was answered. */
const tooManyRedirects = 47;

/** A protocol that it does not know, an option, a URL, a feature: it has asked nobody. */
const asksNobody = [1, 2, 3, 4];

export function hasAskedNobody(exitCode: number): boolean {
  return asksNobody.includes(exitCode);
}

/** The handshake failed, or nobody vouches for the server's certificate. */
const mistrusts = [35, 51, 60];

/**
 * Content that began to come and did not end in time has failed. So has a redirect to where nobody answers: curl tells the
 * status of the last answer, and it was another server's.
 * @param status of the last HTTP answer (RFC 9110 section 15); 0: there was none.
 * @param from the server that was reached last; empty: none, or nobody has told.
 */
export function fetched(exitCode: number, status: number, from = ""): Seen {
  if (from !== "" && mistrusts.includes(exitCode)) return "error";
  const kind = Math.trunc(status / 100);
  if (kind === 2) return exitCode === 0 ? "works" : "fails";
  if (kind === 3 && exitCode !== 0 && exitCode !== tooManyRedirects) return "fails";
  return status === 0 ? "fails" : "error";
}
