/**
 * What a program did with the network, from its system calls: names it asked for, connections it tried, datagrams it
 * sent, sockets on which it listened. A socket is known by the kernel's number of it, whatever file descriptor and
 * whichever process has it.
 */
import type { Call, Trace } from "./trace/calls";
import type { Processes } from "./trace/processes";
import { bytesOf, fieldOf, itemsOf, socketAddressOf, socketOf, unixPathOf, type Value, wordOf } from "./trace/values";
import type { SocketAddress } from "./trace/values";
import { readDnsMessage } from "./dns";
import type { Overheard } from "./overheard";
import { readAnswer, readQuestion, resolvePath } from "./varlink";

/** Where something was seen. */
export interface Seen {
  /** Seconds since 1970. */
  readonly at: number;
  readonly process: number;
  /** Of the trace, from 1. */
  readonly line: number;
}

export interface Lookup extends Seen {
  readonly name: string;
  /** What was asked for with this question: `A`, `AAAA`, both. */
  readonly types: readonly string[];
  /** The server that was asked, or `systemd-resolved`. */
  readonly server: string;
  readonly answer:
    | { readonly at: number; readonly rcode: string; readonly addresses: readonly string[]; readonly cut: boolean }
    | undefined;
}

export type Outcome =
  | { readonly kind: "connected" }
  /** Datagrams left; nothing tells whether they arrived. */
  | { readonly kind: "sent" }
  | { readonly kind: "failed"; readonly error: string }
  /** The program closed the socket, or ended, before there was a result. */
  | { readonly kind: "abandoned" }
  /** A datagram socket was pointed there and nothing was sent: how libraries ask for the source address. */
  | { readonly kind: "unused" };

export interface Attempt extends Seen {
  readonly transport: "tcp" | "udp";
  /** Of the address, whatever the socket's is. */
  readonly family: "IPv4" | "IPv6";
  /** The family with which the socket was made, when the trace shows it. */
  readonly socketFamily: "IPv4" | "IPv6" | undefined;
  readonly address: string;
  readonly port: number;
  readonly outcome: Outcome;
  /** When the outcome was known. */
  readonly endedAt: number;
  readonly sent: Traffic;
  readonly received: Traffic;
  /** Octets of the smallest datagram that was too big for the path or the card (EMSGSIZE). */
  readonly tooBig: number | undefined;
  /** When something was sent or received last. */
  readonly lastTraffic: number | undefined;
}

/** Through the calls that tell of the network. What went by read(2) and write(2) is not in it. */
export interface Traffic {
  readonly octets: number;
  /** The beginning of the first message. */
  readonly head: string;
}

export interface Listener extends Seen {
  readonly transport: "tcp" | "udp";
  readonly family: "IPv4" | "IPv6";
  readonly address: string;
  readonly port: number;
  /** Takes IPv4 too, as IPv4-mapped addresses (ipv6(7), IPV6_V6ONLY). */
  readonly dualStack: boolean;
  readonly accepted: readonly SocketAddress[];
  readonly error: string | undefined;
}

export interface Activity {
  readonly lookups: readonly Lookup[];
  readonly attempts: readonly Attempt[];
  readonly listeners: readonly Listener[];
  /** Ways to the network that system calls do not show. */
  readonly unseen: readonly string[];
  /** Questions to a resolver of which nobody knows what was asked. */
  readonly unheard: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

interface Socket {
  family: "IPv4" | "IPv6" | undefined;
  transport: "tcp" | "udp" | "unix" | undefined;
  v6only: boolean;
  bound: (SocketAddress & Seen) | undefined;
  /** Its own connection, or the peer of its datagrams. */
  attempt: Mutable<Attempt> | undefined;
  /** Datagrams by destination, of a socket without a peer. */
  readonly flows: Map<string, Mutable<Attempt>>;
  listener: (Mutable<Listener> & { accepted: SocketAddress[] }) | undefined;
  /** A varlink connection to systemd-resolved, and what is under way on it. */
  varlink: { sent: string; received: string; readonly open: Mutable<Lookup>[] } | undefined;
}

/**
 * @param resolvers their addresses, from the client's resolv.conf(5).
 * @param overheard what the client's own resolver says of its work at that time.
 */
export function readActivity(
  trace: Trace,
  processes: Processes,
  resolvers: readonly string[],
  overheard: readonly Overheard[],
): Activity {
  const activity = new Watcher(trace, processes).activity();
  const { told, unheard } = fillIn(activity, resolvers, overheard);
  return { ...activity, unheard, lookups: [...activity.lookups, ...told].sort((one, other) => one.at - other.at) };
}

/** Seconds that a resolver may take. */
const resolverPatience = 15;

/** A datagram socket that was pointed to a resolver and never seen to ask has asked by write(2), one question each. */
function fillIn({ attempts, lookups }: Activity, resolvers: readonly string[], overheard: readonly Overheard[]) {
  const silent = attempts.filter(
    ({ transport, port, address, sent }) =>
      transport === "udp" && port === 53 && sent.octets === 0 && resolvers.includes(address),
  );
  // What is known from the program's own calls is no news.
  const left = overheard.filter(
    (each) => !lookups.some(({ name, answer }) => name === each.name && Math.abs((answer?.at ?? 0) - each.at) < 0.5),
  );
  const told = silent.flatMap((attempt): Lookup[] => {
    const found = left.findIndex(({ at }) => at >= attempt.at && at < attempt.at + resolverPatience);
    const [heard] = found < 0 ? [] : left.splice(found, 1);
    if (heard === undefined) return [];
    const { name, types, rcode, addresses, at } = heard;
    const { process, line, address } = attempt;
    return [
      { at: attempt.at, process, line, name, types, server: address, answer: { at, rcode, addresses, cut: false } },
    ];
  });
  return { told, unheard: silent.length - told.length };
}

class Watcher {
  private readonly sockets = new Map<string, Socket>();
  private readonly lookups: Mutable<Lookup>[] = [];
  private readonly attempts: Mutable<Attempt>[] = [];
  private readonly listeners: Listener[] = [];
  private readonly unseen = new Set<string>();
  private readonly questions = new Map<string, Mutable<Lookup>>();

  constructor(
    private readonly trace: Trace,
    private readonly processes: Processes,
  ) {}

  activity(): Activity {
    let last = 0;
    for (const event of this.trace.events) {
      if (event.kind === "call") this.call(event.call);
      last = Math.max(last, event.kind === "call" ? event.call.at : event.at);
    }
    this.settle(last);
    return {
      lookups: this.lookups.sort((one, other) => one.at - other.at),
      attempts: this.attempts.sort((one, other) => one.at - other.at),
      listeners: this.listeners,
      unseen: [...this.unseen],
      unheard: 0,
    };
  }

  private call(call: Call): void {
    const { name, args } = call;
    const inode = socketOf(args[0]);
    switch (name) {
      case "socket": {
        this.made(call);
        return;
      }
      case "io_uring_setup":
        this.unseen.add("a process uses io_uring(7), whose calls no tracer sees");
        return;
      default:
        if (inode !== undefined) this.onSocket(call, inode);
    }
  }

  private made({ args, result }: Call): void {
    const inode = /^socket:\[(\d+)\]$/.exec(result.of ?? "")?.[1];
    if (inode === undefined) return;
    const domain = wordOf(args[0]);
    const type = wordOf(args[1]) ?? "";
    const socket = this.socket(inode);
    socket.family = domain === "AF_INET" ? "IPv4" : domain === "AF_INET6" ? "IPv6" : undefined;
    if (domain === "AF_UNIX") socket.transport = "unix";
    else if (socket.family !== undefined) socket.transport = transportOf(type);
  }

  private onSocket(call: Call, inode: string): void {
    const socket = this.socket(inode);
    switch (call.name) {
      case "connect": {
        this.connect(call, socket);
        return;
      }
      case "bind": {
        this.bind(call, socket);
        return;
      }
      case "listen": {
        this.listen(call, socket);
        return;
      }
      case "accept":
      case "accept4": {
        this.accept(call, socket);
        return;
      }
      case "getsockopt": {
        this.option(call, socket);
        return;
      }
      case "setsockopt":
        if (wordOf(call.args[2]) === "IPV6_V6ONLY") socket.v6only = wordOf(itemsOf(call.args[3])[0]) === "1";
        return;
      case "getsockname": {
        this.ownName(call, socket);
        return;
      }
      case "getpeername":
        if (call.result.error === undefined) connected(socket.attempt, returned(call));
        return;
      case "sendto":
      case "sendmsg":
      case "sendmmsg":
        for (const message of messagesOf(call)) this.send(call, socket, inode, message);
        return;
      case "recvfrom":
      case "recvmsg":
      case "recvmmsg":
        if (call.result.error !== undefined) failed(socket.attempt, call);
        else for (const message of messagesOf(call)) this.receive(call, socket, inode, message);
        return;
      case "close":
        if (socket.attempt?.process === this.processes.of(call.pid)) abandoned(socket.attempt, returned(call));
    }
  }

  private connect(call: Call, socket: Socket): void {
    if (socket.transport === "unix" || unixPathOf(call.args[1]) !== undefined) {
      if (unixPathOf(call.args[1]) === resolvePath) socket.varlink = { sent: "", received: "", open: [] };
      return;
    }
    const to = socketAddressOf(call.args[1]);
    if (to === undefined) return;
    const { error } = call.result;
    const again = socket.attempt?.address === plain(to).address && socket.attempt.port === to.port;
    if (again && socket.transport === "tcp") {
      // Asking once more how it is (connect(2), EALREADY and EISCONN).
      if (error === undefined || error === "EISCONN") connected(socket.attempt, returned(call));
      else failed(socket.attempt, call);
      return;
    }
    const attempt = this.attempt(call, socket, to);
    socket.attempt = attempt;
    if (error === undefined) attempt.outcome = { kind: socket.transport === "udp" ? "unused" : "connected" };
    else if (!underWay.has(error)) attempt.outcome = { kind: "failed", error };
    attempt.endedAt = returned(call);
  }

  private attempt(call: Call, socket: Socket, to: SocketAddress): Mutable<Attempt> {
    const attempt: Mutable<Attempt> = {
      ...this.seen(call),
      ...plain(to),
      port: to.port,
      transport: socket.transport === "udp" ? "udp" : "tcp",
      socketFamily: socket.family,
      outcome: pending,
      endedAt: call.at,
      sent: { octets: 0, head: "" },
      received: { octets: 0, head: "" },
      tooBig: undefined,
      lastTraffic: undefined,
    };
    this.attempts.push(attempt);
    return attempt;
  }

  private bind(call: Call, socket: Socket): void {
    const to = socketAddressOf(call.args[1]);
    if (to === undefined) return;
    socket.bound = { ...to, ...this.seen(call) };
    if (call.result.error !== undefined) {
      this.listeners.push(this.listener(call, socket, socket.bound, call.result.error));
    } else if (socket.transport === "udp" && to.port !== 0) {
      socket.listener = this.listener(call, socket, socket.bound, undefined);
      this.listeners.push(socket.listener);
    }
  }

  private listen(call: Call, socket: Socket): void {
    // Without bind(2) the kernel takes every address and a port of its own choice (ip(7)).
    const any: SocketAddress =
      socket.family === "IPv6"
        ? { family: "inet6", address: "::", port: 0 }
        : { family: "inet", address: "0.0.0.0", port: 0 };
    if (socket.transport !== "tcp" || socket.listener !== undefined) return;
    socket.listener = this.listener(call, socket, socket.bound ?? any, call.result.error);
    this.listeners.push(socket.listener);
  }

  private listener(call: Call, socket: Socket, on: SocketAddress, error: string | undefined) {
    const { family, address } = plain(on);
    return {
      ...this.seen(call),
      ...{ family, address, port: on.port, error },
      transport: socket.transport === "udp" ? ("udp" as const) : ("tcp" as const),
      dualStack: on.family === "inet6" && on.address === "::" && !socket.v6only,
      accepted: [],
    };
  }

  private accept(call: Call, socket: Socket): void {
    const from = socketAddressOf(call.args[1]);
    const inode = /^socket:\[(\d+)\]$/.exec(call.result.of ?? "")?.[1];
    if (inode !== undefined) this.socket(inode).transport = "tcp";
    if (from !== undefined && call.result.error === undefined) socket.listener?.accepted.push(from);
  }

  private option(call: Call, socket: Socket): void {
    if (wordOf(call.args[2]) !== "SO_ERROR" || call.result.error !== undefined || socket.attempt === undefined) return;
    const error = wordOf(itemsOf(call.args[3])[0]);
    if (error === "0") connected(socket.attempt, returned(call));
    else if (error !== undefined) {
      socket.attempt.outcome = { kind: "failed", error };
      socket.attempt.endedAt = returned(call);
    }
  }

  private ownName(call: Call, socket: Socket): void {
    const own = socketAddressOf(call.args[1]);
    if (own !== undefined && socket.listener?.port === 0) socket.listener.port = own.port;
  }

  private send(call: Call, socket: Socket, inode: string, { data, address, octets }: Message): void {
    if (socket.varlink !== undefined) {
      this.asked(call, socket.varlink, data);
      return;
    }
    if (socket.transport === "unix") return;
    const to = socketAddressOf(address);
    const attempt = to === undefined ? socket.attempt : this.flow(call, socket, to);
    if (attempt === undefined) return;
    const { error } = call.result;
    if (error === "EMSGSIZE") attempt.tooBig = Math.min(attempt.tooBig ?? Infinity, octets);
    else if (error !== undefined) failed(attempt, call);
    else {
      if (attempt.transport === "tcp") connected(attempt, returned(call));
      else if (attempt.outcome.kind !== "connected") attempt.outcome = { kind: "sent" };
      attempt.sent = traffic(attempt.sent, octets, data);
      attempt.lastTraffic = returned(call);
    }
    this.question(call, inode, attempt, data);
  }

  private receive(call: Call, socket: Socket, inode: string, { data, address, octets }: Message): void {
    if (socket.varlink !== undefined) {
      this.told(call, socket.varlink, data);
      return;
    }
    if (socket.transport === "unix") return;
    const from = socketAddressOf(address);
    const attempt = (from === undefined ? undefined : socket.flows.get(flowKey(from))) ?? socket.attempt;
    if (attempt !== undefined) {
      connected(attempt, returned(call));
      attempt.received = traffic(attempt.received, octets, data);
      attempt.lastTraffic = returned(call);
    } else if (from !== undefined && octets > 0) socket.listener?.accepted.push(from);
    this.answered(call, inode, data);
  }

  /** Datagrams to one destination. */
  private flow(call: Call, socket: Socket, to: SocketAddress): Mutable<Attempt> {
    const key = flowKey(to);
    const known = socket.flows.get(key);
    if (known !== undefined) return known;
    const attempt = this.attempt(call, socket, to);
    socket.flows.set(key, attempt);
    return attempt;
  }

  private question(call: Call, inode: string, { address, port }: Attempt, data: Buffer): void {
    const message = port === 53 ? readDnsMessage(data) : undefined;
    if (message === undefined || message.isAnswer) return;
    const { name, type } = message.question;
    const key = `${inode} ${message.id} ${type}`;
    // The same question once more, after no answer.
    if (this.questions.has(key)) return;
    const lookup = { ...this.seen(call), name, types: [type], server: address, answer: undefined };
    this.questions.set(key, lookup);
    this.lookups.push(lookup);
  }

  private answered(call: Call, inode: string, data: Buffer): void {
    const message = readDnsMessage(data);
    if (message?.isAnswer !== true) return;
    const lookup = this.questions.get(`${inode} ${message.id} ${message.question.type}`);
    const { rcode, addresses, cut } = message;
    if (lookup !== undefined) lookup.answer ??= { at: returned(call), rcode, addresses, cut };
  }

  private asked(call: Call, varlink: NonNullable<Socket["varlink"]>, data: Buffer): void {
    const texts = (varlink.sent + data.toString("utf8")).split("\0");
    varlink.sent = texts.pop() ?? "";
    for (const text of texts) {
      const question = readQuestion(text);
      if (question === undefined) continue;
      const lookup = { ...this.seen(call), ...question, server: "systemd-resolved", answer: undefined };
      varlink.open.push(lookup);
      this.lookups.push(lookup);
    }
  }

  private told(call: Call, varlink: NonNullable<Socket["varlink"]>, data: Buffer): void {
    const texts = (varlink.received + data.toString("utf8")).split("\0");
    varlink.received = texts.pop() ?? "";
    for (const text of texts) {
      const answer = readAnswer(text);
      const lookup = varlink.open.shift();
      if (lookup === undefined) continue;
      lookup.answer =
        answer === undefined
          ? { at: returned(call), rcode: "unreadable", addresses: [], cut: true }
          : { at: returned(call), ...answer, cut: false };
    }
  }

  /** What has no result when the trace ends never gets one. */
  private settle(at: number): void {
    for (const attempt of this.attempts) {
      const end = this.processes.all.find(({ pid }) => pid === attempt.process)?.end?.at;
      abandoned(attempt, end ?? at);
    }
  }

  private socket(inode: string): Socket {
    const known = this.sockets.get(inode);
    if (known !== undefined) return known;
    const socket: Socket = {
      ...{ family: undefined, transport: undefined, v6only: false, bound: undefined, attempt: undefined },
      ...{ flows: new Map<string, Mutable<Attempt>>(), listener: undefined, varlink: undefined },
    };
    this.sockets.set(inode, socket);
    return socket;
  }

  private seen({ at, pid, line }: Call): Seen {
    return { at, process: this.processes.of(pid), line };
  }
}

/** Without a result yet. It is one object, so that it can be told from an abandoned one. */
const pending: Outcome = { kind: "abandoned" };

/** Of connect(2) on a socket that does not wait, and of calls that a signal interrupted. */
const underWay = new Set(["EINPROGRESS", "EALREADY", "EAGAIN", "EINTR", "ERESTARTSYS", "ERESTARTNOINTR"]);

function connected(attempt: Mutable<Attempt> | undefined, at: number): void {
  if (attempt === undefined || attempt.outcome.kind === "connected") return;
  attempt.outcome = { kind: "connected" };
  attempt.endedAt = at;
}

function failed(attempt: Mutable<Attempt> | undefined, call: Call): void {
  const { error } = call.result;
  if (attempt === undefined || error === undefined || underWay.has(error) || error === "ENOTCONN") return;
  // What breaks a connection that was there is no failed attempt.
  if (attempt.transport === "tcp" && attempt.outcome.kind === "connected") return;
  attempt.outcome = { kind: "failed", error };
  attempt.endedAt = returned(call);
}

function abandoned(attempt: Mutable<Attempt>, at: number): void {
  if (attempt.outcome !== pending) return;
  attempt.outcome = { kind: "abandoned" };
  attempt.endedAt = at;
}

function returned({ at, took = 0 }: Call): number {
  return at + took;
}

function transportOf(type: string): "tcp" | "udp" | undefined {
  if (type.startsWith("SOCK_STREAM")) return "tcp";
  return type.startsWith("SOCK_DGRAM") ? "udp" : undefined;
}

/** An IPv4-mapped address (RFC 4291 section 2.5.5.2) leads to IPv4, through whichever socket. */
function plain({ family, address }: SocketAddress): { family: "IPv4" | "IPv6"; address: string } {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1];
  if (mapped !== undefined) return { family: "IPv4", address: mapped };
  return { family: family === "inet" ? "IPv4" : "IPv6", address };
}

function flowKey({ address, port }: SocketAddress): string {
  return `${address} ${port}`;
}

interface Message {
  readonly data: Buffer;
  readonly address: Value | undefined;
  readonly octets: number;
}

/** The data that a call sent or received, with the address beside it. */
function messagesOf({ name, args, result }: Call): Message[] {
  const value = result.value ?? 0;
  switch (name) {
    case "sendto":
    case "recvfrom": {
      const octets = value < 0 ? Number(wordOf(args[2]) ?? 0) : value;
      return [{ data: bytesOf(args[1]) ?? Buffer.alloc(0), address: args[4], octets }];
    }
    case "sendmsg":
    case "recvmsg":
      return [ofHeader(args[1], value)];
    default:
      return itemsOf(args[1])
        .slice(0, value < 0 ? 1 : value)
        .map((each) => ofHeader(fieldOf(each, "msg_hdr"), Number(wordOf(fieldOf(each, "msg_len")) ?? 0)));
  }
}

function ofHeader(header: Value | undefined, value: number): Message {
  const parts = itemsOf(fieldOf(header, "msg_iov"));
  const data = Buffer.concat(parts.map((part) => bytesOf(fieldOf(part, "iov_base")) ?? Buffer.alloc(0)));
  const whole = parts.reduce((sum, part) => sum + Number(wordOf(fieldOf(part, "iov_len")) ?? 0), 0);
  return { data, address: fieldOf(header, "msg_name"), octets: value < 0 ? whole : value };
}

function traffic({ octets, head }: Traffic, more: number, data: Buffer): Traffic {
  return { octets: octets + more, head: head === "" ? data.subarray(0, 256).toString("latin1") : head };
}
