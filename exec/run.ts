/** One run of a program: where it was, what became of it, and what was seen. The verdict compares runs. */
import { type Scenario, traits } from "../plan/scenario";
import type { Ipv4Way } from "../verify/access";
import type { SessionFact } from "../verify/gateway-facts";
import type { FaultOn } from "../verify/path-faults";
import { type Activity, readActivity } from "./activity";
import type { Listening } from "./listening";
import { readOverheard } from "./overheard";
import type { ProgramEnd } from "./session";
import { readTrace } from "./trace/calls";
import { type KernelRecord, readKernelRecord } from "./trace/kernel";
import { asksForContainers, type Processes, readProcesses } from "./trace/processes";
import { wholeTrace } from "./trace/whole";
import type { AskedAgain } from "./asked-again";

export interface NetworkView {
  readonly name: string;
  readonly scenario: Scenario;
  /** What the client has of IPv4 there. */
  readonly ipv4: Ipv4Way;
  /** Undefined: nobody translates. */
  readonly nat64Prefix: string | undefined;
}

/** What kind of network it is, in the words of the IETF's draft. */
export function networkTerm({ scenario, ipv4 }: NetworkView): string {
  return ipv4 === "clat" ? `${traits[scenario].term}, by 464XLAT` : traits[scenario].term;
}

/** How the run was asked for. */
export interface RunRequest {
  readonly stack: string;
  readonly network: NetworkView;
  readonly client: string;
  readonly command: readonly string[];
  /** False: 127.0.0.0/8 was taken from the client for this run. */
  readonly loopback4: boolean;
  /** What the client still lacked of the network when it was to have come there, or had of another one. */
  readonly lacks: readonly string[];
}

/** What everything else is made of. */
type TextOfEnd = "trace" | "containers" | "daemons" | "namespace" | "kernel" | "hosts" | "resolver" | "resolvConf";

export interface Run extends RunRequest {
  readonly end: Omit<ProgramEnd, TextOfEnd>;
  readonly processes: Processes;
  readonly activity: Activity;
  /** Names by address, from the client's hosts(5). */
  readonly hosts: ReadonlyMap<string, string>;
  /** Addresses of the resolvers in the client's resolv.conf(5). */
  readonly resolvers: readonly string[];
  /** Who got through to its port; undefined: nobody was to try. */
  readonly listening: Listening | undefined;
  /** Jool's sessions when the program had ended. */
  readonly sessions: readonly SessionFact[];
  /** What the network's resolver said afterwards of names for which it had said SERVFAIL. */
  readonly askedAgain: readonly AskedAgain[];
  /** Faults that somebody has switched on, in this client's way (`npm run fault`). */
  readonly faultsOn: readonly FaultOn[];
  /** In what the gateway was not as it should be when the program had ended. */
  readonly gatewayLacks: readonly string[];
  /** The trace's lines, for the call that shows something. */
  readonly lines: readonly string[];
}

/** What one run left behind: everything that is known of it is made of this. */
export interface Recording {
  readonly request: RunRequest;
  readonly end: ProgramEnd;
  readonly sessions: readonly SessionFact[];
  readonly faultsOn: readonly FaultOn[];
  readonly gatewayLacks: readonly string[];
  readonly askedAgain: readonly AskedAgain[];
  readonly listening: Listening | undefined;
}

export function makeRun({ request, end, sessions, faultsOn, gatewayLacks, askedAgain, listening }: Recording): Run {
  const { trace: strace, containers, daemons, namespace, kernel, hosts, resolver, resolvConf, ...rest } = end;
  const record = readKernelRecord(kernel);
  const alone = wholeTrace(strace, record.calls);
  const own = readTrace(alone);
  const isServed = asksForContainers(own);
  const isWatched = isServed && daemons.trim() !== "" && containers.trim() !== "";
  const text = isWatched ? wholeTrace(strace, record.calls, containers) : alone;
  // A browser's is read for seconds.
  const trace = isWatched ? readTrace(text) : own;
  const processes = readProcesses(trace, { daemons: isServed ? daemons : "", namespace });
  const resolvers = [...resolvConf.matchAll(/^nameserver\s+(\S+)/gm)].map(([, address = ""]) => address);
  const activity = readActivity(trace, processes, resolvers, readOverheard(resolver));
  return {
    ...request,
    // Others may begin containers meanwhile.
    end: { ...rest, goingOn: isServed ? rest.goingOn : [] },
    processes,
    activity: {
      ...activity,
      unseen: [...activity.unseen, ...(isServed && !isWatched ? [unwatched] : []), ...notKept(record)],
    },
    hosts: readHosts(hosts),
    resolvers,
    sessions,
    faultsOn,
    gatewayLacks,
    askedAgain,
    listening,
    lines: text.split("\n"),
  };
}

const unwatched = "it asked a daemon for containers that nobody watched: what these did is not known";

/** What the kernel's record cannot tell. */
function notKept({ lost, withoutResult }: KernelRecord): string[] {
  return [
    ...(lost === 0 ? [] : [`${lost} events of the kernel's record had no room: connections may be missing`]),
    ...(withoutResult === 0
      ? []
      : [
          `${withoutResult} calls of 32-bit programs, or by io_uring(7): what became of them the kernel's record does not tell`,
        ]),
  ];
}

/** hosts(5): an address and its names, the first of which is its own. */
function readHosts(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [address, name] = line.replace(/#.*/, "").trim().split(/\s+/);
      return address === undefined || name === undefined ? [] : [[address, name] as const];
    }),
  );
}

/** The call at a line of the trace, readable. What it sent is shown of questions to a resolver only: a password may be in it. */
export function callAt({ lines, activity }: Run, line: number): string {
  const text = (lines[line - 1] ?? "").replace(/^\d+ +\d+\.\d+ /, "").replace(/ <\d+\.\d+>$/, "");
  const shown = activity.lookups.some((lookup) => lookup.line === line)
    ? text
    : text.replace(/(^sendto\([^"]*|iov_base=)"[^"]*"(?:\.\.\.)?/g, '$1"…"');
  return shown
    .replace(/<(?:(?:\\x[0-9a-f]{2})+|socket:\[\d+\])>/g, "")
    .replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => printable(Number.parseInt(digits, 16)));
}

function printable(octet: number): string {
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : ".";
}
