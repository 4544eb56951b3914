import * as fc from "fast-check";
import { sessionsOf } from "../../exec";
import { readActivity } from "../../exec/activity";
import { DnsStream } from "../../exec/activity/dns-stream";
import { readDnsMessage } from "../../exec/dns";
import { readQuestion } from "../../exec/varlink";
import { readTrace } from "../../exec/trace/calls";
import { readProcesses } from "../../exec/trace/processes";
import { readValues } from "../../exec/trace/values";
import { redact } from "../../report/redact";
import { labOf } from "../verify/fixtures";
import { recorded } from "./recorded";
import { targetsOf } from "../../exec/targets";
import { timeline } from "../../exec/timeline";

const hex = (text: string): string =>
  [...Buffer.from(text)].map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
const socket = `3<${hex("socket:[7]")}>`;
const there = `{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "${hex("2001:db8::1")}", &sin6_addr), sin6_scope_id=0}`;

function activityOf(rows: readonly string[]) {
  const trace = readTrace(rows.join("\n"));
  return readActivity(trace, readProcesses(trace), [], []);
}

describe("a trace", () => {
  it("joins a call that another process interrupted", () => {
    const { attempts } = activityOf([
      `1 1.000000 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = ${socket} <0.000010>`,
      `1 1.100000 connect(${socket}, ${there}, 28 <unfinished ...>`,
      "2 1.200000 close(4) = 0 <0.000010>",
      "1 1.600000 <... connect resumed>) = -1 ECONNREFUSED (Connection refused) <0.500000>",
    ]);
    expect(attempts).toMatchObject([{ outcome: { kind: "failed", error: "ECONNREFUSED" }, at: 1.1, endedAt: 1.6 }]);
  });

  it("gives a connection that did not wait the result that SO_ERROR tells later", () => {
    const { attempts } = activityOf([
      `1 1.0 socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = ${socket} <0.0>`,
      `1 1.1 connect(${socket}, ${there}, 28) = -1 EINPROGRESS (Operation now in progress) <0.1>`,
      `1 2.0 getsockopt(${socket}, SOL_SOCKET, SO_ERROR, [ETIMEDOUT], [4]) = 0 <0.0>`,
    ]);
    expect(attempts).toMatchObject([{ outcome: { kind: "failed", error: "ETIMEDOUT" }, endedAt: 2 }]);
  });

  it("does not take a UDP socket for a server's that is connected to somebody: it hears nobody else", () => {
    const any = `{sa_family=AF_INET6, sin6_port=htons(5000), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "${hex("::")}", &sin6_addr), sin6_scope_id=0}`;
    const bound = [
      `1 1.0 socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = ${socket} <0.0>`,
      `1 1.1 bind(${socket}, ${any}, 28) = 0 <0.0>`,
    ];
    const connected = [...bound, `1 1.2 connect(${socket}, ${there}, 28) = 0 <0.0>`];
    expect([bound, connected].map((rows) => activityOf(rows).listeners.length)).toEqual([1, 0]);
  });

  it("calls a connection abandoned whose socket is closed before there is a result, and open whose process ends", () => {
    const begin = [
      `1 1.0 socket(AF_INET6, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = ${socket} <0.0>`,
      `1 1.0 connect(${socket}, ${there}, 28) = -1 EINPROGRESS (Operation now in progress) <0.1>`,
    ];
    const closed = activityOf([...begin, `1 1.25 close(${socket}) = 0 <0.0>`]);
    const ended = activityOf([...begin, "1 1.5 +++ killed by SIGKILL +++"]);
    expect([closed, ended].map(({ attempts }) => attempts[0])).toMatchObject([
      { outcome: { kind: "abandoned" }, endedAt: 1.25 },
      { outcome: { kind: "open" }, endedAt: 1.5 },
    ]);
  });

  it("counts a thread's calls to its process, and a child's to the child", () => {
    const trace = readTrace(
      [
        "1 1.0 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x1} => {parent_tid=[2]}, 88) = 2 <0.0>",
        "1 1.1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x1) = 3 <0.0>",
      ].join("\n"),
    );
    const { of, all } = readProcesses(trace);
    expect([of(2), of(3)]).toEqual([1, 3]);
    expect(all.map(({ pid, parent }) => [pid, parent])).toEqual([
      [1, undefined],
      [3, 1],
    ]);
  });

  it("takes an IPv4-mapped address for IPv4, through whichever socket", () => {
    const mapped = there.replace(hex("2001:db8::1"), hex("::ffff:192.0.2.1"));
    const { attempts } = activityOf([`1 1.0 connect(${socket}, ${mapped}, 28) = -1 ENETUNREACH (no) <0.0>`]);
    expect(attempts).toMatchObject([{ family: "IPv4", address: "192.0.2.1" }]);
  });

  it("says how many lines it could not read", () => {
    expect(readTrace("strace: Process 4 attached\n1 1.0 close(1) = 0 <0.0>\n1 1.0 cut of").unread).toBe(2);
  });

  it("comes to an end with any text", () => {
    const marks = ["[", "]", "{", "}", "(", ")", "<", ">", "=", '"', ",", ".", " ", "a", "1", "|"];
    fc.assert(
      fc.property(fc.string(), fc.array(fc.constantFrom(...marks)), (one, each) => {
        const other = each.join("");
        expect(Array.isArray(readValues(one))).toBe(true);
        expect(Array.isArray(readValues(other))).toBe(true);
        expect(readTrace(`1 1.0 connect(${other}) = ${one}`).events.length).toBeLessThan(2);
      }),
    );
  });
});

describe("a DNS message", () => {
  it("is read with whatever octets it has", () => {
    const head = [0, 1, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
        expect(() => readDnsMessage(Buffer.from([...head, ...octets]))).not.toThrow();
      }),
    );
  });

  it("does not lead around in a circle", () => {
    const message = Buffer.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 0xc0, 12, 0, 1, 0, 1]);
    expect(readDnsMessage(message)).toBeUndefined();
  });
});

describe("DNS over TCP", () => {
  const framed = (text: string): Buffer => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
  const whole = Buffer.concat([framed("one"), framed("second"), framed("3")]);

  it("has its messages whatever the pieces are", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: whole.length })), (cuts) => {
        const borders = [0, ...cuts.sort((one, other) => one - other), whole.length];
        const stream = new DnsStream();
        const messages = borders.slice(1).flatMap((end, index) => {
          const piece = whole.subarray(borders[index], end);
          return stream.push(piece, piece.length);
        });
        expect(messages.map(String)).toEqual(["one", "second", "3"]);
      }),
    );
  });

  it("tells what there is of one that the tracer did not show whole, and goes on behind it", () => {
    const stream = new DnsStream();
    expect(stream.push(whole.subarray(0, 9), 11).map(String)).toEqual(["one", "se"]);
    expect(stream.push(whole.subarray(11), whole.length - 11).map(String)).toEqual(["3"]);
    expect(stream.push(whole.subarray(0, 4), 9).map(String)).toEqual(["on"]);
    expect(stream.push(whole, whole.length)).toEqual([]);
  });
});

it("an answer of systemd-resolved that the tracer cut is told as cut", () => {
  const path = `{sa_family=AF_UNIX, sun_path="${hex("/run/systemd/resolve/io.systemd.Resolve")}"}`;
  const question = hex('{"method":"io.systemd.Resolve.ResolveHostname","parameters":{"name":"many.test"}}\0');
  const { lookups } = activityOf([
    `1 1.0 socket(AF_UNIX, SOCK_STREAM, 0) = ${socket} <0.0>`,
    `1 1.1 connect(${socket}, ${path}, 42) = 0 <0.0>`,
    `1 1.2 sendto(${socket}, "${question}", 84, MSG_DONTWAIT, NULL, 0) = 84 <0.0>`,
    `1 1.3 recvfrom(${socket}, "${hex('{"parameters":{"addresses":[{"ifindex":2')}"..., 131080, MSG_DONTWAIT, NULL, NULL) = 5000 <0.0>`,
  ]);
  expect(lookups).toMatchObject([{ name: "many.test", answer: { cut: true, addresses: [] } }]);
});

it.each([
  [{ name: "A.test", family: 2 }, ["A"]],
  [{ name: "a.test", family: 10 }, ["AAAA"]],
  [{ name: "a.test", flags: 0 }, ["A", "AAAA"]],
])("systemd-resolved asked with %j is asked for %j", (parameters, types) => {
  const text = JSON.stringify({ method: "io.systemd.Resolve.ResolveHostname", parameters });
  expect(readQuestion(text)).toEqual({ name: "a.test", types });
});

it("the timeline tells of names and connections in their order, and of the way", () => {
  const run = recorded("curl-both");
  const words = timeline(run, targetsOf(run)).map(({ what }) => what.replaceAll(/\d+\.\d{3} s/g, "… s"));
  expect(words.slice(-3)).toEqual([
    "asks 127.0.0.53 for A of both.test: 198.51.100.7 (… s)",
    "asks 127.0.0.53 for AAAA of both.test: 64:ff9b::c633:6407 (… s)",
    expect.stringMatching(
      /^dials \[64:ff9b::c633:6407\]:80 \(both\.test\) by NAT64 to 198\.51\.100\.7: connected after … s; /,
    ),
  ]);
});

function session(address: string, port = "40000") {
  return {
    protocol: "TCP",
    client: { address, id: port },
    serverIpv6: { address: "64:ff9b::c633:6407", id: "80" },
    ipv4: { address: "192.0.2.1", id: "61234" },
    server: { address: "198.51.100.7", id: "80" },
    expiresIn: "00:03:59",
    state: "ESTABLISHED",
  };
}

it("the timeline tells of the gateway's session where there is one that it can be", () => {
  const run = recorded("curl-both");
  const own = "2001:db8:1::5";
  const told = (...sessions: ReturnType<typeof session>[]) =>
    timeline({ ...run, sessions }, targetsOf(run)).at(-1)?.what;
  const words = "(the gateway's session: 192.0.2.1#61234 -> 198.51.100.7#80 ESTABLISHED)";
  expect(told(session(own))).toContain(words);
  expect(told(session(own), session(own, "40001"))).not.toContain("session");
  expect(told({ ...session(own), protocol: "UDP" })).not.toContain("session");
});

it("sessions of a program are those of its client, whoever else talks to the same server", () => {
  const access = labOf();
  const [client] = access.clients;
  if (client === undefined) throw new Error("The lab has a client.");
  const own = client.addresses[client.network]?.ipv6 ?? "";
  expect(sessionsOf(access, client, [session("2001:db8:1::5"), session(own)])).toEqual([session(own)]);
});

describe("a report", () => {
  it("leaves addresses of the user's own network out, and keeps the others", () => {
    const text = "10.0.2.15 -> 203.0.113.80, 2001:db8:1::5, fe80::1, 64:ff9b::1, 12:30:45, 2001:db8:2::5";
    expect(redact(text, { lan: ["2001:db8:1::/64"], nat64: "64:ff9b::/96", outside: [] })).toBe(
      "[own IPv4] -> 203.0.113.80, [own IPv6], [own IPv6], 64:ff9b::1, 12:30:45, 2001:db8:2::5",
    );
  });
});
