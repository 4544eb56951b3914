/** The verdict on a server that was tried from other machines: whoever is reached works. */
import { traits } from "../../plan/scenario";
import type { Listener } from "../activity";
import { fromOutside, isIpv4Socket, isLocalSocket, type Knock, type Listening } from "../listening";
import type { Run } from "../run";
import { isIpv6, socketText } from "../targets";
import type { Verdict } from ".";
import type { Finding } from "./causes";
import { wasEnded } from "./endings";

/**
 * Undefined: what the program did otherwise tells more, since it was no server yet when it ended.
 * @param remarks what else deserves a word.
 */
export function judgeServer(run: Run, listening: Listening, remarks: readonly Finding[]): Verdict | undefined {
  const { sockets, knocks, port } = listening;
  if (sockets.length === 0) return neverListened(run, listening, remarks);
  const tried = run.activity.listeners.filter((each) => each.transport === "tcp" && each.port === port);
  // What listens there is another's.
  if (tried.length > 0 && tried.every(({ error }) => error !== undefined)) return portTaken(port, tried, remarks);
  const on = `It listens on ${sockets.map((socket) => (socket === "*" ? "[::], both families," : socket)).join(" and ")} port ${port}.`;
  const outer = knocks.filter(fromOutside);
  const reached = outer.filter(({ result }) => result === "open");
  const words = [
    on,
    ...told("Reached", reached),
    ...told(
      "Not reached",
      outer.filter((each) => !reached.includes(each)),
    ),
    ...(outer.length > 0 || sockets.every(isLocalSocket) ? [] : ["No other machine could try it."]),
  ];
  const finding = ipv4Only(run, listening);
  const { code } = run.end;
  if (reached.length > 0 && code !== 0 && !wasEnded(run, tried)) {
    // The kernel takes connections that a program never comes to take.
    const died = `${words.join(" ")} It ended by itself with ${code} then.`;
    const certain = remarks.find(({ confidence }) => confidence === "certain");
    if (certain === undefined) return { kind: "cannot-tell", words: died, remarks };
    return { kind: "cause", finding: certain, remarks: remarks.filter((each) => each !== certain) };
  }
  if (reached.length > 0) {
    // On a network with IPv4 it may be enough.
    const more = finding === undefined ? [] : [finding];
    return { kind: "works", words: words.join(" "), remarks: [...more, ...remarks] };
  }
  if (finding !== undefined) {
    return { kind: "cause", finding: { ...finding, words: words.join(" ") }, remarks };
  }
  if (sockets.every(isLocalSocket)) {
    const only = `${on} No other machine gets there, by IPv4 neither.`;
    return {
      kind: "cause",
      finding: { cause: "not-for-want-of-ipv4", confidence: "certain", words: only, ...seen(run, port) },
      remarks,
    };
  }
  return { kind: "cannot-tell", words: words.join(" "), remarks };
}

/** Undefined: it was refused the port for another reason. */
function portTaken(port: number, tried: readonly Listener[], remarks: readonly Finding[]): Verdict | undefined {
  const refused = tried.find(({ error }) => error === "EADDRINUSE");
  if (refused === undefined) return undefined;
  const { address, process, line } = refused;
  const words = `It wanted to listen on ${socketText({ address, port })}: EADDRINUSE. Another program listens there.`;
  return {
    kind: "cause",
    finding: { cause: "not-for-want-of-ipv4", confidence: "certain", words, process, line },
    remarks,
  };
}

function neverListened(
  { end, activity }: Run,
  { port, patience, unasked }: Listening,
  remarks: readonly Finding[],
): Verdict | undefined {
  const waited = end.stopped || end.timedOut;
  if (!waited && end.code !== 0) return undefined;
  if (unasked !== undefined) {
    const words = `Whether it listened on TCP port ${port} could not be asked: ${unasked}`;
    return { kind: "cannot-tell", words, remarks };
  }
  const others = activity.listeners.filter(({ error, transport }) => error === undefined && transport === "tcp");
  const elsewhere = others.map(socketText);
  const when = waited ? `within ${patience} s` : "and ended with 0";
  const words = `It did not listen on TCP port ${port} ${when}.${elsewhere.length === 0 ? "" : ` It listens on ${elsewhere.join(", ")}.`}`;
  return { kind: "cannot-tell", words, remarks };
}

/** A server that no IPv6 gets to, where there is IPv6. */
function ipv4Only(run: Run, { sockets, port }: Listening): Finding | undefined {
  if (!sockets.every(isIpv4Socket) || !traits[run.network.scenario].ipv6) return undefined;
  // One that it had only later than whoever looked.
  if (run.activity.listeners.some((each) => takesIpv6(each) && each.port === port)) return undefined;
  const only = sockets.every(isLocalSocket);
  return {
    cause: only ? "listens-on-loopback-ipv4" : "listens-on-ipv4-only",
    confidence: "certain",
    words: `It listens on ${sockets.join(" and ")}, TCP port ${port}, and on no IPv6 address.`,
    ...seen(run, port),
  };
}

function takesIpv6({ family, transport, error, namespace }: Listener): boolean {
  return family === "IPv6" && transport === "tcp" && error === undefined && namespace === undefined;
}

function seen({ activity, processes }: Run, port: number): Pick<Finding, "process" | "line"> {
  const listener = activity.listeners.find((each) => each.port === port && each.error === undefined);
  return { process: listener?.process ?? processes.all[0]?.pid ?? 0, line: listener?.line };
}

const resultWords = {
  open: "",
  refused: ", refused",
  unreachable: ", no way there",
  silent: ", no answer",
  failed: ", failed",
} as const;

function told(what: string, knocks: readonly Knock[]): string[] {
  if (knocks.length === 0) return [];
  const each = knocks.map(
    ({ from, address, result }) => `from ${from} by ${isIpv6(address) ? "IPv6" : "IPv4"}${resultWords[result]}`,
  );
  return [`${what}: ${each.join("; ")}.`];
}
