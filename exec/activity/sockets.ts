/**
 * Connections, datagrams and listening sockets, from the calls of whichever process has them: a socket is known by the
 * kernel's number of it, whatever file descriptor stands for it.
 */
import type { Call, Trace } from "../trace/calls";
import type { Processes } from "../trace/processes";
import {
  groupOf,
  itemsOf,
  type SocketAddress,
  socketAddressOf,
  socketOf,
  socketPortOf,
  unixPathOf,
  type Value,
  wordOf,
} from "../trace/values";
import { isLoopback } from "../targets";
import { resolvePath } from "../varlink";
import type { Activity, Attempt, FailedJoin, Listener, Mutable, Seen, Traffic } from "./facts";
import { LookupWatcher, type VarlinkTalk } from "./lookups";
import { type Message, messagesOf } from "./messages";
import { readAddressRequests } from "./own-addresses";
import { abandoned, connected, failed, neverReturned, pending, returned, underWay } from "./outcomes";
import { seenBy } from "./seen";

interface Socket {
  family: "IPv4" | "IPv6" | undefined;
  transport: "tcp" | "udp" | "unix" | undefined;
  /** Of ICMP: what an address has in a port's place is the kernel's (icmp(7)). */
  icmp: boolean;
  v6only: boolean;
  bound: (SocketAddress & Seen) | undefined;
  /** Its own connection, or the peer of its datagrams. */
  attempt: Mutable<Attempt> | undefined;
  /** Datagrams by destination, of a socket without a peer. */
  readonly flows: Map<string, Mutable<Attempt>>;
  /** Of these, where something was sent last. */
  lastFlow: Mutable<Attempt> | undefined;
  listener: (Mutable<Listener> & { accepted: SocketAddress[]; answered: SocketAddress[] }) | undefined;
  /** A varlink connection to systemd-resolved, and what is under way on it. */
  varlink: VarlinkTalk | undefined;
}

export class SocketWatcher {
  private readonly sockets = new Map<string, Socket>();
  private readonly lookups = new LookupWatcher((call) => this.seen(call));
  private readonly attempts: Mutable<Attempt>[] = [];
  private readonly listeners: Listener[] = [];
  private readonly failedJoins: FailedJoin[] = [];
  private readonly unseen = new Set<string>();

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
      lookups: this.lookups.all(),
      attempts: this.attempts.filter((each) => !this.isAnswer(each)).sort((one, other) => one.at - other.at),
      // What a daemon serves it does not serve for the program.
      listeners: this.listeners.filter(({ process }) => !this.processes.isDaemon(process)),
      failedJoins: this.failedJoins,
      ...readAddressRequests(this.trace, this.processes),
      unseen: [...this.unseen],
      unheard: 0,
    };
  }

  /** Docker's daemon is a resolver for containers, inside of their networks. */
  private isAnswer({ process, namespace, address }: Attempt): boolean {
    return this.processes.isDaemon(process) && (namespace !== undefined || isLoopback(address));
  }

  private call(call: Call): void {
    const { name, args } = call;
    const inode = socketOf(args[0]);
    // What never returned has come to nothing; of a connection it is told that it was tried.
    if (neverReturned(call) && name !== "connect") return;
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
    else if (socket.family !== undefined) {
      socket.icmp = /^IPPROTO_ICMP(V6)?$/.test(wordOf(args[2]) ?? "");
      socket.transport = socket.icmp ? "udp" : transportOf(type);
    }
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
        if (wordOf(call.args[2]) === "IP_ADD_MEMBERSHIP") this.join(call);
        return;
      case "getsockname": {
        this.ownName(call, socket);
        return;
      }
      case "getpeername":
        if (call.result.error !== undefined) return;
        // A datagram socket has a peer as soon as it is pointed there.
        if (socket.transport !== "udp") connected(socket.attempt, returned(call));
        if (socket.attempt !== undefined) socket.attempt.askedForPeer = true;
        return;
      case "sendto":
      case "sendmsg":
      case "sendmmsg":
        for (const message of messagesOf(call)) this.send(call, socket, inode, message);
        return;
      case "recvfrom":
      case "recvmsg":
      case "recvmmsg":
        // Errors, with the datagram that was sent (ip(7), IP_RECVERR): nobody has answered.
        if (call.args.some((arg) => wordOf(arg)?.includes("MSG_ERRQUEUE") === true)) return;
        if (call.result.error !== undefined) failed(socket.attempt, call);
        else for (const message of messagesOf(call)) this.receive(call, socket, inode, message);
        return;
      case "close":
        if (socket.attempt !== undefined) this.close(call, socket.attempt);
    }
  }

  private connect(call: Call, socket: Socket): void {
    if (socket.transport === "unix" || unixPathOf(call.args[1]) !== undefined) {
      if (unixPathOf(call.args[1]) === resolvePath) socket.varlink = { sent: "", received: "", open: [] };
      return;
    }
    const to = peerOf(socket, call.args[1]);
    if (to === undefined) return;
    const { error } = call.result;
    const again = socket.attempt?.address === plain(to).address && socket.attempt.port === to.port;
    if (again && socket.transport === "tcp") {
      // Asking once more how it is (connect(2), EALREADY and EISCONN).
      if (error === undefined || error === "EISCONN") connected(socket.attempt, returned(call));
      else failed(socket.attempt, call);
      return;
    }
    // It hears nobody else any more (udp(7)): browsers ask their resolver so, from a port of their own choice.
    if (socket.transport === "udp" && error === undefined && socket.listener !== undefined) {
      this.listeners.splice(this.listeners.indexOf(socket.listener), 1);
      socket.listener = undefined;
    }
    const attempt = this.attempt(call, socket, to);
    socket.attempt = attempt;
    if (neverReturned(call)) attempt.outcome = { kind: "open" };
    else if (error === undefined) attempt.outcome = { kind: socket.transport === "udp" ? "unused" : "connected" };
    else if (!underWay.has(error)) attempt.outcome = { kind: "failed", error };
    attempt.endedAt = returned(call);
  }

  private attempt(call: Call, socket: Socket, to: SocketAddress): Mutable<Attempt> {
    const attempt: Mutable<Attempt> = {
      ...this.seen(call),
      ...plain(to),
      port: to.port,
      transport: socket.transport === "udp" ? "udp" : "tcp",
      pointed: call.name === "connect",
      socketFamily: socket.family,
      outcome: pending,
      endedAt: call.at,
      sent: { octets: 0, head: "" },
      received: { octets: 0, head: "" },
      tooBig: undefined,
      lastTraffic: undefined,
      askedForPeer: false,
    };
    this.attempts.push(attempt);
    return attempt;
  }

  private bind(call: Call, socket: Socket): void {
    const to = peerOf(socket, call.args[1]);
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
      ...{ accepted: [], answered: [] },
      unnamed: 0,
    };
  }

  private accept(call: Call, socket: Socket): void {
    const from = socketAddressOf(call.args[1]);
    const inode = /^socket:\[(\d+)\]$/.exec(call.result.of ?? "")?.[1];
    if (inode !== undefined) this.socket(inode).transport = "tcp";
    if (socket.listener === undefined || call.result.error !== undefined) return;
    if (from !== undefined) socket.listener.accepted.push(from);
    else if (inode !== undefined) socket.listener.unnamed += 1;
  }

  private option(call: Call, socket: Socket): void {
    if (wordOf(call.args[2]) !== "SO_ERROR" || call.result.error !== undefined || socket.attempt === undefined) return;
    const error = wordOf(itemsOf(call.args[3])[0]);
    if (error === "0") connected(socket.attempt, returned(call));
    else if (error !== undefined) failed(socket.attempt, { ...call, result: { ...call.result, error } });
  }

  private join(call: Call): void {
    const { error } = call.result;
    const group = groupOf(call.args[3]);
    if (error !== undefined && group !== undefined) this.failedJoins.push({ ...this.seen(call), group, error });
  }

  private ownName(call: Call, socket: Socket): void {
    if (socket.listener?.port === 0) socket.listener.port = socketPortOf(call.args[1]);
  }

  /** Nobody may have asked for the result; then the kernel's record, where there is one, tells what it would have been. */
  private close(call: Call, attempt: Mutable<Attempt>): void {
    const [state, error] = call.args.slice(1).map(wordOf);
    if (state !== undefined && attempt.transport === "tcp" && attempt.outcome === pending) {
      if (wasEstablished(state, error)) connected(attempt, returned(call));
      else failed(attempt, { ...call, result: { ...call.result, error } });
    }
    if (state !== undefined || attempt.process === this.processes.of(call.pid)) abandoned(attempt, returned(call));
  }

  private send(call: Call, socket: Socket, inode: string, message: Message): void {
    const { data, address, octets } = message;
    if (socket.varlink !== undefined) {
      this.lookups.asked(call, socket.varlink, data);
      return;
    }
    if (socket.transport === "unix") return;
    const to = peerOf(socket, address);
    // An answer to whom it has heard.
    if (to !== undefined && socket.listener?.accepted.some((each) => flowKey(each) === flowKey(to)) === true) {
      socket.listener.answered.push(to);
      return;
    }
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
      // It has found out what fits (RFC 8899).
      if (octets < (attempt.tooBig ?? 0)) attempt.tooBig = undefined;
    }
    // What did not leave asks nobody.
    if (error === undefined) this.lookups.question(call, inode, attempt, message);
  }

  private receive(call: Call, socket: Socket, inode: string, message: Message): void {
    const { data, address, octets } = message;
    if (socket.varlink !== undefined) {
      this.lookups.told(call, socket.varlink, message);
      return;
    }
    if (socket.transport === "unix") return;
    const from = peerOf(socket, address);
    // Who did not want to know from whom it is takes the next that comes for an answer.
    const flow = from === undefined ? socket.lastFlow : flowFrom(socket, from);
    const attempt = from === undefined ? (socket.attempt ?? flow) : (flow ?? socket.attempt);
    if (attempt !== undefined) {
      connected(attempt, returned(call));
      attempt.received = traffic(attempt.received, octets, data);
      attempt.lastTraffic = returned(call);
      attempt.tooBig = undefined;
    } else if (from !== undefined && octets > 0) socket.listener?.accepted.push(from);
    this.lookups.answered(call, inode, attempt, message);
  }

  /** Datagrams to one destination. */
  private flow(call: Call, socket: Socket, to: SocketAddress): Mutable<Attempt> {
    const key = flowKey(to);
    const attempt = socket.flows.get(key) ?? this.attempt(call, socket, to);
    socket.flows.set(key, attempt);
    socket.lastFlow = attempt;
    return attempt;
  }

  /** What has no result when the trace ends never gets one. */
  private settle(at: number): void {
    for (const attempt of this.attempts) {
      const end = this.processes.all.find(({ pid }) => pid === attempt.process)?.end?.at;
      if (attempt.outcome.kind === "open") attempt.endedAt = end ?? at;
    }
  }

  private socket(inode: string): Socket {
    const known = this.sockets.get(inode);
    if (known !== undefined) return known;
    const socket: Socket = {
      ...{ family: undefined, transport: undefined, icmp: false, v6only: false, bound: undefined, attempt: undefined },
      ...{ flows: new Map<string, Mutable<Attempt>>(), lastFlow: undefined, listener: undefined, varlink: undefined },
    };
    this.sockets.set(inode, socket);
    return socket;
  }

  private seen(call: Call): Seen {
    return seenBy(this.processes, call);
  }
}

/** The address that a call has, with port 0 where there are no ports. */
function peerOf({ icmp }: Socket, value: Value | undefined): SocketAddress | undefined {
  const address = socketAddressOf(value);
  return icmp && address !== undefined ? { ...address, port: 0 } : address;
}

/** By the state in which a socket was closed, or the error which it had: who is reset (RFC 9293 section 3.5.3) had a connection. */
function wasEstablished(state: string, error: string | undefined): boolean {
  if (error !== undefined) return error === "ECONNRESET" || error === "EPIPE";
  return state !== "TCP_SYN_SENT" && state !== "TCP_CLOSE";
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

/** Some answer from a port of their own for each who asks (RFC 1350 section 4). */
function flowFrom({ flows }: Socket, from: SocketAddress): Mutable<Attempt> | undefined {
  return flows.get(flowKey(from)) ?? [...flows.values()].find(({ address }) => address === plain(from).address);
}

function flowKey({ address, port }: SocketAddress): string {
  return `${address} ${port}`;
}

/** Characters of what was sent or received that are kept. */
const headLength = 256;

function traffic({ octets, head }: Traffic, more: number, data: Buffer): Traffic {
  const next = data.subarray(0, headLength - head.length).toString("latin1");
  return { octets: octets + more, head: `${head}${next}` };
}
