/**
 * The kernel's own record of the calls that every connection takes (ftrace's trace_pipe, as client/watch.sh asks for it):
 * each call in strace's words, so that what reads the one reads the other, and so do people.
 */
import {
  domainName,
  errorName,
  inetText,
  ownAddressText,
  protocolName,
  socketAddressText,
  typeName,
} from "./socket-words";

export interface KernelCall {
  /** The thread's number. */
  readonly pid: number;
  /** Seconds since 1970. */
  readonly at: number;
  /** When it returned; undefined: it never did, or the record does not tell. */
  readonly endedAt: number | undefined;
  /** Name and arguments. */
  readonly text: string;
  /** What it returned. */
  readonly result: string;
}

export interface KernelRecord {
  readonly calls: readonly KernelCall[];
  /** Events for which there was no room. */
  readonly lost: number;
  /** Calls by another door than that of 64-bit programs: they are in it, and what they returned is not. */
  readonly withoutResult: number;
}

interface Event {
  readonly pid: number;
  readonly at: number;
  readonly name: string;
  readonly rest: string;
}

const eventPattern = /-(\d+) +\[\d+\] \S+ +(\d+\.\d+): (\w+)(.*)$/;
const lostPattern = /^CPU:\d+ \[LOST (\d+) EVENTS\]/;
/** Whether the record is there to its end, be it nothing but the recorder's own marks. */
export function wasKept(text: string): boolean {
  return / tracing_mark_write: \d/.test(text) && / tracing_mark_write: end$/m.test(text);
}

export function readKernelRecord(text: string): KernelRecord {
  const lines = text.split("\n");
  const events = lines.flatMap((line): Event[] => {
    const [, pid, at, name = "", rest = ""] = eventPattern.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), at: Number(at), name, rest }];
  });
  // What the recorder writes: the time of day, before everything else, and a word behind it.
  const marks = events.filter(({ name, rest }) => name === "tracing_mark_write" && /^: \d/.test(rest));
  // CLOCK_TAI is ahead of the time of day by whole seconds (clock_gettime(2)); a mark comes a moment after the time in it.
  const ahead = Math.round(Math.min(...marks.map(({ at, rest }) => at - Number(rest.replace(/^: /, "")))));
  const reader = new RecordReader(Number.isFinite(ahead) ? ahead : 0);
  for (const event of events) reader.read(event);
  const lost = lines.reduce((sum, line) => sum + Number(lostPattern.exec(line)?.[1] ?? 0), 0);
  return { ...reader.end(), lost };
}

/** A system call under way: what is known from its beginning, and from inside the kernel. */
interface Begun {
  readonly name: string;
  readonly at: number;
  readonly args: (index: number) => number;
  /** The one that it is about, or that it makes. */
  socket: string | undefined;
  address: string | undefined;
}

class RecordReader {
  private readonly calls: KernelCall[] = [];
  private withoutResult = 0;
  /** By thread. */
  private readonly begun = new Map<number, Begun>();

  constructor(private readonly ahead: number) {}

  end(): Pick<KernelRecord, "calls" | "withoutResult"> {
    // Their processes were killed.
    for (const [pid, call] of this.begun) this.ended(pid, call, undefined, "?");
    return { calls: this.calls, withoutResult: this.withoutResult };
  }

  read({ pid, at: stamp, name, rest }: Event): void {
    const at = stamp - this.ahead;
    const system = /^sys_(\w+)$/.exec(name)?.[1];
    if (system === undefined) {
      this.inside(pid, at, name, fieldsOf(rest));
      return;
    }
    const returned = /^ -> 0x([0-9a-f]+)$/.exec(rest)?.[1];
    const call = this.begun.get(pid);
    if (returned === undefined) {
      const values = [...rest.matchAll(/: (?:0x)?([0-9a-f]+)/g)].map(([, digits = ""]) => Number.parseInt(digits, 16));
      const known = { socket: undefined, address: undefined };
      this.begun.set(pid, { name: system, at, args: (index) => values[index] ?? 0, ...known });
    } else if (call?.name === system) {
      this.begun.delete(pid);
      const value = Number(BigInt.asIntN(64, BigInt(`0x${returned}`)));
      this.ended(pid, call, at, resultText(value, call.name === "socket" ? call.socket : undefined));
    }
  }

  private ended(pid: number, call: Begun, endedAt: number | undefined, result: string): void {
    this.calls.push({ pid, at: call.at, endedAt, text: callText(call), result });
  }

  private inside(pid: number, at: number, name: string, fields: ReadonlyMap<string, string>): void {
    const call = this.begun.get(pid);
    const number = (field: string): number => Number(fields.get(field));
    const socket = fields.get("socket");
    const of = onSocket("?", socket);
    /** A call that is told by one event, when it has returned. */
    const told = (text: string, result: string): void => {
      this.calls.push({ pid, at, endedAt: at, text, result });
    };
    switch (name) {
      case "made":
        if (call !== undefined) call.socket = socket;
        return;
      case "connects": {
        const address = socketAddressText(octetsOf(fields.get("address")).subarray(0, number("octets")));
        if (call === undefined) {
          this.withoutResult += 1;
          this.calls.push({ pid, at, endedAt: undefined, text: `connect(${of}, ${address})`, result: "?" });
        } else Object.assign(call, { socket, address });
        return;
      }
      case "peer":
        told(`getpeername(${of})`, withoutPeer.includes(stateName(number("state"))) ? "-1 ENOTCONN" : "0");
        return;
      case "name":
        told(`getsockname(${of}, ${ownAddressText(number("family"), number("port"))})`, "0");
        return;
      case "only6":
        told(`setsockopt(${of}, SOL_IPV6, IPV6_V6ONLY, [${number("value")}], 4)`, resultText(number("result")));
        return;
      case "outcome": {
        const error = number("error") || number("soft");
        told(`getsockopt(${of}, SOL_SOCKET, SO_ERROR, [${error === 0 ? "0" : errorName(error)}], [4])`, "0");
        return;
      }
      case "address":
        told("ioctl(?, SIOCGIFADDR)", resultText(number("result")));
        return;
      case "addresses":
        told("ioctl(?, SIOCGIFCONF)", "0");
        return;
      case "joins": {
        const group = inetText(number("group"));
        told(`setsockopt(${of}, SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=${group}}, 8)`, resultText(number("result")));
        return;
      }
      case "closes":
        told(`close(${[of, ...lastState(fields)].join(", ")})`, "0");
    }
  }
}

function callText({ name, args, socket, address }: Begun): string {
  const of = onSocket(String(args(0)), socket);
  return name === "socket"
    ? `socket(${domainName(args(0))}, ${typeName(args(1))}, ${protocolName(args(2))})`
    : `${name}(${of}, ${address ?? "NULL"}, ${args(2)})`;
}

/** By their numbers, from 1 (net/tcp_states.h). */
const tcpStates = [
  ...["TCP_ESTABLISHED", "TCP_SYN_SENT", "TCP_SYN_RECV", "TCP_FIN_WAIT1", "TCP_FIN_WAIT2", "TCP_TIME_WAIT"],
  ...["TCP_CLOSE", "TCP_CLOSE_WAIT", "TCP_LAST_ACK", "TCP_LISTEN", "TCP_CLOSING", "TCP_NEW_SYN_RECV"],
];

/** net/ipv4/af_inet.c, inet_getname. */
const withoutPeer = ["TCP_SYN_SENT", "TCP_CLOSE", "TCP_LISTEN"];

function stateName(number: number): string {
  return tcpStates[number - 1] ?? `${number}`;
}

/** How a socket is when nobody has it any more, and the error that nobody has asked it for; strace knows neither. */
function lastState(fields: ReadonlyMap<string, string>): string[] {
  const state = fields.get("state");
  const error = Number(fields.get("error") ?? 0);
  if (state === undefined) return [];
  return [stateName(Number(state)), ...(error > 0 ? [errorName(error)] : [])];
}

/** A file descriptor, with the kernel's number of its socket. */
function onSocket(descriptor: string, socket: string | undefined): string {
  return socket === undefined ? descriptor : `${descriptor}<socket:[${socket}]>`;
}

/** @param makes the kernel's number of the socket for which a new file descriptor stands. */
function resultText(value: number, makes?: string): string {
  return value < 0 ? `-1 ${errorName(-value)}` : onSocket(String(value), makes);
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/(\w+)=(\{[^}]*\}|\S+)/g)].map(([, name = "", value = ""]) => [name, value]));
}

/** `{0x…,0x…}`: words of 64 bits, as the processor has them: the lowest octet first (amd64 and arm64 alike). */
function octetsOf(words: string | undefined): Buffer {
  const values = [...(words ?? "").matchAll(/0x([0-9a-f]+)/g)].map(([, digits = "0"]) => BigInt(`0x${digits}`));
  const octets = Buffer.alloc(8 * values.length);
  for (const [index, value] of values.entries()) octets.writeBigUInt64LE(value, 8 * index);
  return octets;
}
