/** Traces as strace writes them (-f -ttt -T -xx -yy), call by call, of programs that are hard to come by. */
import { parseIpv4, parseIpv6 } from "../../plan/prefix";

const octets = (data: Buffer): string => `"${data.toString("hex").replace(/../g, "\\x$&")}"`;
const text = (value: string): string => octets(Buffer.from(value, "latin1"));

function address(of: string, port: number): string {
  return of.includes(":")
    ? `{sa_family=AF_INET6, sin6_port=htons(${port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, ${text(of)}, &sin6_addr), sin6_scope_id=0}`
    : `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr(${text(of)})}`;
}

function octetsOf(of: string): Buffer {
  const digits = of.includes(":")
    ? parseIpv6(of).toString(16).padStart(32, "0")
    : parseIpv4(of).toString(16).padStart(8, "0");
  return Buffer.from(digits, "hex");
}

export interface Answer {
  readonly addresses?: readonly string[];
  readonly rcode?: number;
}

/** A DNS message (RFC 1035 section 4.1): a question, or the answer to it. */
export function dnsMessage(id: number, name: string, type: "A" | "AAAA", answer?: Answer): Buffer {
  const { addresses = [], rcode = 0 } = answer ?? {};
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(answer === undefined ? 0x0100 : 0x8180 | rcode, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(addresses.length, 6);
  const number = type === "A" ? 1 : 28;
  const labels = name.split(".").map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  const records = addresses.map((each) => {
    const data = octetsOf(each);
    return Buffer.concat([Buffer.from([0xc0, 12, 0, number, 0, 1, 0, 0, 0, 60, 0, data.length]), data]);
  });
  return Buffer.concat([head, ...labels, Buffer.from([0, 0, number, 0, 1]), ...records]);
}

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  EINPROGRESS: "Operation now in progress",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
};

/** A program from its start; each method is a call of its process. Times are seconds. */
export class WrittenTrace {
  private readonly rows: string[] = [];
  private now = 1000;
  private sockets = 100;
  private process = 1;

  constructor(...args: readonly [string, ...string[]]) {
    this.call(`execve(${text(args[0])}, [${args.map(text).join(", ")}], 0x7ffc /* 20 vars */) = 0 <0.000200>`);
  }

  call(row: string): this {
    this.now += 0.001;
    this.rows.push(`${this.process} ${this.now.toFixed(6)} ${row}`);
    return this;
  }

  wait(seconds: number): this {
    this.now += seconds;
    return this;
  }

  /** The calls that follow are another thread's, which this makes, or the first one's again. */
  thread(number: number): this {
    if (number !== 1)
      this.call(
        `clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0}, 88) = ${number} <0.000100>`,
      );
    this.process = number;
    return this;
  }

  /** @returns the kernel's number of it. */
  socket(family: 4 | 6, type: "STREAM" | "DGRAM"): number {
    this.sockets += 1;
    const domain = family === 6 ? "AF_INET6" : "AF_INET";
    this.call(`socket(${domain}, SOCK_${type}|SOCK_CLOEXEC, IPPROTO_IP) = ${this.on(this.sockets)} <0.000020>`);
    return this.sockets;
  }

  private on(socket: number): string {
    return `3<socket:[${socket}]>`;
  }

  private result(error: string | undefined, value = "0"): string {
    return error === undefined ? value : `-1 ${error} (${meanings[error] ?? "?"})`;
  }

  connect(socket: number, to: string, port: number, error?: string, took = 0.0002): this {
    this.call(
      `connect(${this.on(socket)}, ${address(to, port)}, 28) = ${this.result(error)} <${took.toFixed(6)}>`,
    ).wait(took);
    return this;
  }

  /** Which never returns. */
  connectForEver(socket: number, to: string, port: number): this {
    return this.call(`connect(${this.on(socket)}, ${address(to, port)}, 28 <unfinished ...>`);
  }

  /** What `SO_ERROR` tells; without an error: 0. */
  outcome(socket: number, error = "0"): this {
    return this.call(`getsockopt(${this.on(socket)}, SOL_SOCKET, SO_ERROR, [${error}], [4]) = 0 <0.000010>`);
  }

  peer(socket: number, of: string, port: number): this {
    return this.call(`getpeername(${this.on(socket)}, ${address(of, port)}, [112 => 28]) = 0 <0.000008>`);
  }

  bind(socket: number, to: string, port: number): this {
    return this.call(`bind(${this.on(socket)}, ${address(to, port)}, 28) = 0 <0.000010>`);
  }

  listen(socket: number, on: string, port: number): this {
    return this.bind(socket, on, port).call(`listen(${this.on(socket)}, 511) = 0 <0.000010>`);
  }

  /** @param from undefined: it does not ask from whom. */
  accept(socket: number, from: string | undefined): this {
    this.sockets += 1;
    const peer = from === undefined ? "NULL, NULL" : `${address(from, 40_000)}, [128 => 28]`;
    return this.call(`accept(${this.on(socket)}, ${peer}) = ${this.on(this.sockets)} <0.000010>`);
  }

  send(socket: number, data: string | Buffer, to?: readonly [string, number]): this {
    const bytes = Buffer.from(data);
    const end = to === undefined ? "NULL, 0" : `${address(...to)}, 28`;
    return this.call(
      `sendto(${this.on(socket)}, ${octets(bytes)}, ${bytes.length}, MSG_NOSIGNAL, ${end}) = ${bytes.length} <0.000030>`,
    );
  }

  receive(socket: number, data: string | Buffer, from?: readonly [string, number]): this {
    const bytes = Buffer.from(data);
    const end = from === undefined ? "NULL, NULL" : `${address(...from)}, [28 => 28]`;
    return this.call(`recvfrom(${this.on(socket)}, ${octets(bytes)}, 65536, 0, ${end}) = ${bytes.length} <0.000020>`);
  }

  /** @param last its state, and the error that it had, as the kernel's record tells them. */
  close(socket: number, ...last: readonly string[]): this {
    return this.call(`close(${[this.on(socket), ...last].join(", ")}) = 0 <0.000010>`);
  }

  /** Asks the client's resolver, by a socket of its own. @param answer undefined: none comes. */
  ask(name: string, type: "A" | "AAAA", answer: Answer | undefined): this {
    const socket = this.socket(4, "DGRAM");
    this.connect(socket, "127.0.0.53", 53).send(socket, dnsMessage(socket, name, type));
    if (answer !== undefined) this.receive(socket, dnsMessage(socket, name, type, answer));
    return this.close(socket);
  }

  /** Asks for both. */
  resolve(name: string, ipv4: readonly string[], ipv6: readonly string[], rcode = 0): this {
    return this.ask(name, "A", { addresses: ipv4, rcode }).ask(name, "AAAA", { addresses: ipv6, rcode });
  }

  /** A connection over which something comes back. */
  talk(to: string, port: number, says: string, answer: string): this {
    const socket = this.socket(to.includes(":") ? 6 : 4, "STREAM");
    return this.connect(socket, to, port).send(socket, says).receive(socket, answer).close(socket);
  }

  exit(code: number): string {
    this.call(`+++ exited with ${code} +++`);
    return this.toString();
  }

  killed(signal: string): string {
    this.call(`--- ${signal} {si_signo=${signal}, si_code=SI_USER, si_pid=999, si_uid=0} ---`);
    this.call(`+++ killed by ${signal} +++`);
    return this.toString();
  }

  toString(): string {
    return `${this.rows.join("\n")}\n`;
  }
}
