/** The kernel's own record of calls (exec/client/watch.sh), beside strace's trace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readActivity } from "../../exec/activity";
import { readTrace } from "../../exec/trace/calls";
import { readKernelRecord, wasKept } from "../../exec/trace/kernel";
import { readProcesses } from "../../exec/trace/processes";
import { wholeTrace } from "../../exec/trace/whole";
import { runOf } from "./recorded";

/** @param event from its name on. */
function row(at: number, event: string, pid = 7, program = "python3"): string {
  return `${program.padStart(16)}-${String(pid).padEnd(7)} [000] ...1. ${at.toFixed(6).padStart(12)}: ${event}`;
}

const marks = (at: number, ahead: number): string[] => [
  row(at + 0.0004, `tracing_mark_write: ${(at - ahead).toFixed(6)}`, 3, "bash"),
  row(at + 0.7, `tracing_mark_write: ${(at + 0.1 - ahead).toFixed(6)}`, 3, "bash"),
];

/** struct sockaddr_in6 of [2001:db8::1]:80, in words as they are recorded. */
const there = "address={0x5000000a,0xb80d0120,0x100000000000000,0x0,0x0,0x0,0x0,0x0,0x0,0x0,0x0,0x0,0x0,0x0}";
const socketRows = (at: number, pid = 7): string[] => [
  row(at, "sys_socket(family: a, type: 80801, protocol: 6)", pid),
  row(at + 0.000001, "made: (__sys_socket+0xc0/0x110 <- sock_alloc_file) socket=99", pid),
  row(at + 0.000002, "sys_socket -> 0x3", pid),
];
const connectRows = (at: number, result: string | undefined, pid = 7): string[] => [
  row(at, "sys_connect(fd: 3, uservaddr: 7fff2fabb8c0, addrlen: 1c)", pid),
  row(at + 0.000001, `connects: (security_socket_connect+0x4/0x150) socket=99 octets=28 ${there}`, pid),
  ...(result === undefined ? [] : [row(at + 0.25, `sys_connect -> 0x${result}`, pid)]),
];
const started = '7     1.000000 execve("\\x61", ["\\x61"], 0x7 /* 1 vars */) = 0 <0.000100>';

function rowsOf(kernel: readonly string[], strace: readonly string[] = [started]): string[] {
  const { calls } = readKernelRecord(kernel.join("\n"));
  return wholeTrace(strace.join("\n"), calls).split("\n");
}

function activityOf(kernel: readonly string[], strace: readonly string[] = [started]) {
  const trace = readTrace(rowsOf(kernel, strace).join("\n"));
  expect(trace.unread).toBe(0);
  return readActivity(trace, readProcesses(trace), [], []);
}

describe("the kernel's record", () => {
  it("is told in strace's words, between strace's rows, in the order of time", () => {
    const rows = rowsOf(
      [
        ...marks(0.5, 0),
        ...socketRows(1.1),
        ...connectRows(1.2, "0"),
        row(1.9, "closes: (sock_close+0x4/0x20) socket=99"),
      ],
      [started, "7     1.500000 sendto(3<…>, 1) = 1 <0.000010>", "7     2.000000 +++ exited with 0 +++"],
    );
    expect(rows).toEqual([
      started,
      "7     1.100000 socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP) = 3<socket:[99]> <0.000002>",
      '7     1.200000 connect(3<socket:[99]>, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 0 <0.250000>',
      "7     1.500000 sendto(3<…>, 1) = 1 <0.000010>",
      "7     1.900000 close(?<socket:[99]>) = 0",
      "7     2.000000 +++ exited with 0 +++",
    ]);
  });

  it("has two rows for a call while which another thread did something, as strace has", () => {
    const made = "7     1.050000 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x1} => {parent_tid=[8]}, 88) = 8 <0.0>";
    const kernel = [...marks(0.5, 0), ...connectRows(1.2, "ffffffffffffff9b"), row(1.3, "closes: () socket=5", 8)];
    expect(rowsOf(kernel, [started, made]).slice(2)).toEqual([
      expect.stringMatching(/^7 {5}1\.200000 connect\(3<socket:\[99\]>, \{.*\}, 28 <unfinished \.\.\.>$/),
      "8     1.300000 close(?<socket:[5]>) = 0",
      "7     1.450000 <... connect resumed>) = -1 ENETUNREACH <0.250000>",
    ]);
    expect(activityOf(kernel, [started, made]).attempts).toMatchObject([
      { at: 1.2, endedAt: 1.45, outcome: { kind: "failed", error: "ENETUNREACH" } },
    ]);
  });

  it.each([0, 37])("has the time of day, where CLOCK_TAI is %d s ahead of it", (ahead) => {
    const record = readKernelRecord([...marks(1000, ahead), ...connectRows(1001, "0")].join("\n"));
    expect(record.calls[0]?.at).toBeCloseTo(1001 - ahead, 6);
  });

  it("tells nothing of threads that strace does not know: the recorder follows the tracer too", () => {
    expect(rowsOf([...marks(0.5, 0), ...socketRows(1.1, 6)])).toEqual([started]);
  });

  it("is read beside a program whose name looks like a row's end", () => {
    const kernel = [row(1.2, "closes: (sock_close+0x4/0x20) socket=99", 7, "a-1 [000] b: c")];
    expect(rowsOf(kernel).slice(1)).toEqual(["7     1.200000 close(?<socket:[99]>) = 0"]);
  });

  it("says nothing of a result that was not seen: killed in the middle, or by the door of 32-bit programs", () => {
    const killed = activityOf(
      [...socketRows(1.1), ...connectRows(1.2, undefined)],
      [started, "7     1.500000 +++ killed by SIGKILL +++"],
    );
    expect(killed.attempts).toMatchObject([{ address: "2001:db8::1", outcome: { kind: "open" }, endedAt: 1.5 }]);
    const [, inside = ""] = connectRows(1.2, "0");
    expect(activityOf([inside]).attempts).toMatchObject([{ address: "2001:db8::1", outcome: { kind: "open" } }]);
    expect(readKernelRecord(inside).withoutResult).toBe(1);
  });

  it("tells what a connection came to that did not wait", () => {
    const asked = (error: number, soft: number): string =>
      row(1.5, `outcome: (sk_getsockopt+0x4/0xff0) socket=99 level=1 option=4 error=${error} soft=${soft}`);
    const begun = [...socketRows(1.1), ...connectRows(1.2, "ffffffffffffff8d")];
    const outcomes = [asked(0, 0), asked(111, 0), asked(0, 113)].map(
      (each) => activityOf([...begun, each]).attempts[0]?.outcome,
    );
    expect(outcomes).toEqual([
      { kind: "connected" },
      { kind: "failed", error: "ECONNREFUSED" },
      { kind: "failed", error: "EHOSTUNREACH" },
    ]);
  });

  it("takes getpeername(2) for a sign of a connection only where it names somebody", () => {
    const begun = [...socketRows(1.1), ...connectRows(1.2, "ffffffffffffff8d")];
    const asked = (state: number): string =>
      row(1.5, `peer: (security_socket_getpeername+0x4/0xf0) socket=99 state=${state}`);
    const outcomes = [1, 2, 7, 8, 10].map((state) => activityOf([...begun, asked(state)]).attempts[0]?.outcome.kind);
    expect(outcomes).toEqual(["connected", "open", "open", "connected", "open"]);
  });

  it("knows by the state in which a socket is closed what nobody has asked it", () => {
    const begun = [...socketRows(1.1), ...connectRows(1.2, "ffffffffffffff8d")];
    const closed = (state: number, error: number): unknown =>
      activityOf([
        ...begun,
        row(4.5, `closes: (inet_release+0x4/0x80) socket=99 state=${state} error=${error}`),
      ]).attempts.map(({ outcome, endedAt }) => ({ ...outcome, endedAt }));
    expect(rowsOf([row(4.5, "closes: () socket=99 state=7 error=111")]).slice(1)).toEqual([
      "7     4.500000 close(?<socket:[99]>, TCP_CLOSE, ECONNREFUSED) = 0",
    ]);
    expect([closed(1, 0), closed(8, 0), closed(7, 104)]).toEqual(Array(3).fill([{ kind: "connected", endedAt: 4.5 }]));
    expect(closed(7, 111)).toEqual([{ kind: "failed", error: "ECONNREFUSED", endedAt: 4.5 }]);
    expect([closed(2, 0), closed(7, 0)]).toEqual(Array(2).fill([{ kind: "abandoned", endedAt: 4.5 }]));
  });

  it("tells who asks for addresses of the machine's own, by calls that strace is not told to follow", () => {
    const at = "(sock_ioctl+0x1a/0x320 <- devinet_ioctl)";
    const kernel = [
      row(1.1, `address: ${at} command=35093 result=-99`),
      row(1.2, "addresses: (inet_gifconf+0x4/0x190)"),
    ];
    expect(rowsOf(kernel).slice(1)).toEqual([
      "7     1.100000 ioctl(?, SIOCGIFADDR) = -1 EADDRNOTAVAIL",
      "7     1.200000 ioctl(?, SIOCGIFCONF) = 0",
    ]);
    expect(activityOf(kernel).ownAddressQuestions).toEqual([
      { at: 1.1, process: 7, line: 2, by: "SIOCGIFADDR", onlyIpv4: true },
      { at: 1.2, process: 7, line: 3, by: "SIOCGIFCONF", onlyIpv4: false },
    ]);
  });

  it("tells which IPv4 group could not be joined", () => {
    const joins = (result: number): string =>
      row(1.1, `joins: (do_ip_setsockopt+0xa32/0x1040 <- ip_mc_join_group) socket=99 group=0x30201ef result=${result}`);
    expect(activityOf([joins(-19)]).failedJoins).toEqual([
      { at: 1.1, process: 7, line: 2, group: "239.1.2.3", error: "ENODEV" },
    ]);
    expect(activityOf([joins(0)]).failedJoins).toEqual([]);
  });

  it("tells of servers what strace does not: for which families they are, and which port the kernel chose", () => {
    const any = '{sa_family=AF_INET6, sin6_port=htons(0), inet_pton(AF_INET6, "::", &sin6_addr)}';
    const strace = [
      started,
      `7     1.200000 bind(3<socket:[99]>, ${any}, 28) = 0 <0.000010>`,
      "7     1.300000 listen(3<socket:[99]>, 5) = 0 <0.000010>",
    ];
    const only6 = row(
      1.15,
      "only6: (do_sock_setsockopt+0x10/0x20 <- ipv6_setsockopt) socket=99 level=41 option=26 value=1 result=0",
    );
    const name = row(1.4, "name: (security_socket_getsockname+0x4/0xf0) socket=99 family=10 port=8080");
    const kernel = [...socketRows(1.1), only6, name];
    expect(rowsOf(kernel, strace).filter((each) => each.includes("sock"))).toEqual([
      expect.stringContaining("socket(AF_INET6"),
      "7     1.150000 setsockopt(?<socket:[99]>, SOL_IPV6, IPV6_V6ONLY, [1], 4) = 0",
      ...strace.slice(1),
      "7     1.400000 getsockname(?<socket:[99]>, {sa_family=AF_INET6, sin6_port=htons(8080)}) = 0",
    ]);
    const listeners = [kernel, socketRows(1.1)].map((each) => activityOf(each, strace).listeners);
    expect(listeners).toMatchObject([
      [{ transport: "tcp", address: "::", port: 8080, dualStack: false }],
      [{ transport: "tcp", address: "::", port: 0, dualStack: true }],
    ]);
    const other = row(1.4, "name: () socket=98 family=1 port=7");
    expect(rowsOf([other]).at(-1)).toBe("7     1.400000 getsockname(?<socket:[98]>, {sa_family=AF_UNIX}) = 0");
  });

  it("reads addresses of every kind as the kernel has them", () => {
    const words = (text: string): string => {
      const octets = Buffer.alloc(112);
      Buffer.from(text, "hex").copy(octets);
      const each = Array.from({ length: 14 }, (_, index) => `0x${octets.readBigUInt64LE(8 * index).toString(16)}`);
      return `octets=${text.length / 2} address={${each.join(",")}}`;
    };
    const told = (text: string): string | undefined =>
      /connect\(\?<socket:\[1\]>, (.*)\) = \?$/.exec(
        rowsOf([row(1.1, `connects: () socket=1 ${words(text)}`)])[1] ?? "",
      )?.[1];
    expect(told("0200003500000000c0000207")).toBe(
      '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("0.0.0.0")}',
    );
    expect(told("02000035c00002070000000000000000")).toBe(
      '{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("192.0.2.7")}',
    );
    expect(told("0a0001bb0000000000000000000000000000ffffc000020700000000")).toBe(
      '{sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "::ffff:192.0.2.7", &sin6_addr)}',
    );
    expect(told("01002f746d702f61005a")).toBe('{sa_family=AF_UNIX, sun_path="\\x2f\\x74\\x6d\\x70\\x2f\\x61"}');
    expect(told("0100006100")).toBe('{sa_family=AF_UNIX, sun_path="\\x00\\x61\\x00"}');
    expect(told("1000000000000000")).toBe("{sa_family=AF_NETLINK}");
    expect(told("0a0001bb")).toBe("{sa_family=AF_INET6}");
    expect(told("")).toBe("{sa_family=AF_UNSPEC}");
  });
});

it("events for which there was no room, and calls without a result, are said not to have been seen", () => {
  const [, inside = ""] = connectRows(1.2, "0");
  const kernel = [...marks(0.5, 0), "CPU:0 [LOST 12 EVENTS]", "CPU:1 [LOST 3 EVENTS]", inside].join("\n");
  expect(runOf(`${started}\n7     2.000000 +++ exited with 0 +++`, {}, { kernel }).activity.unseen).toEqual([
    "15 events of the kernel's record had no room: connections may be missing",
    "1 calls of 32-bit programs, or by io_uring(7): what became of them the kernel's record does not tell",
  ]);
});

it("a record was kept that has both its marks: that of its beginning, and that of its end", () => {
  const end = row(3, "tracing_mark_write: end", 3, "bash");
  const rows = [...marks(1, 0), ...socketRows(1)];
  const later = row(3.1, "closes: (inet_release+0x4/0x80) socket=99");
  const kept = [[...rows, end], [...rows, end, later], rows, [...socketRows(1), end], []];
  expect(kept.map((each) => wasKept(each.join("\n")))).toEqual([true, true, false, false, false]);
  expect(readKernelRecord([...rows, end].join("\n")).calls[0]?.at).toBeCloseTo(1, 5);
});

/**
 * Programs that were watched by both at once in a lab, on a client of ipv6-only-nat64: strace told every call on a socket,
 * and the kernel kept its record (`.kernel`).
 */
describe("strace without the calls that the kernel records, and its record, tell what strace alone tells of", () => {
  const read = (name: string): string => readFileSync(join(__dirname, "traces", "both", name), "latin1");
  const recorded =
    /^\d+ +\S+ (?:<\.\.\. )?(?:socket|connect|[gs]etsockopt|get(?:sock|peer)name|close|shutdown|socketpair)\b/;
  const toldBy = (text: string) => {
    const trace = readTrace(text);
    expect(trace.unread).toBe(0);
    const { attempts, listeners, lookups, familyChecks, ...rest } = readActivity(trace, readProcesses(trace), [], []);
    // By lines of texts that differ, and by clocks that are read at other moments.
    const plain = <T extends { line: number; at: number }>({ line: _line, at: _at, ...each }: T) => each;
    return {
      ...rest,
      attempts: attempts.map(plain).map(({ endedAt: _endedAt, lastTraffic: _lastTraffic, ...each }) => each),
      listeners: listeners.map(plain),
      familyChecks: familyChecks.map(plain),
      lookups: lookups.map(plain).map(({ answer, ...each }) => ({ ...each, answer: answer && { ...answer, at: 0 } })),
    };
  };

  it.each(["curl", "java", "node-fetch", "go-static", "udp-unconnected", "server", "refused"])("%s", (name) => {
    const strace = read(`${name}.strace`);
    const others = strace.split("\n").filter((row) => !recorded.test(row));
    expect(others.length).toBeLessThan(strace.split("\n").length);
    const whole = wholeTrace(others.join("\n"), readKernelRecord(read(`${name}.kernel`)).calls);
    const alone = toldBy(strace);
    expect(alone.attempts.length + alone.listeners.length).toBeGreaterThan(0);
    expect(toldBy(whole)).toEqual(alone);
  });
});
