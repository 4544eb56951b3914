/** Programs in containers: traces of a lab's client with Docker and Podman, and who is in which network namespace. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { RunRequest } from "../../exec/run";
import type { ProgramEnd } from "../../exec/session";
import { readTrace } from "../../exec/trace/calls";
import { readProcesses } from "../../exec/trace/processes";
import { wholeTrace } from "../../exec/trace/whole";
import { reportText } from "../../exec/report/text";
import { judge, type Verdict } from "../../exec/verdict";
import { recorded, runOf } from "./recorded";

/** Of the threads that dockerd and containerd had on that client, those that are in the traces. */
const daemons = [
  ...[4890, 4891, 4893, 4895, 4906, 4907, 5245, 6135].map((thread) => `${thread} 4890 dockerd`),
  ...[617, 632, 633, 641].map((thread) => `${thread} 617 containerd`),
  "5771 5763 containerd-shim",
].join("\n");

const simulated: Partial<RunRequest> = {
  network: { name: "nat64", scenario: "ipv6-only-nat64", ipv4: "none", nat64Prefix: "2001:2:0:64::/96" },
};
const docker = (name: string, request = simulated, end: Partial<ProgramEnd> = {}) =>
  recorded(`containers/${name}`, request, { daemons, ...end });

function told(verdict: Verdict): string {
  if (verdict.kind !== "cause") return `${verdict.kind}: ${"words" in verdict ? verdict.words : ""}`;
  const { cause, confidence, words } = verdict.finding;
  return `${cause}, ${confidence}: ${words}`;
}

const inItsOwn = "It ran in a network of its own, as containers do,";
const given = "that was given IPv4 addresses and none of IPv6";
const asked = "it spoke to 8.8.8.8, 8.8.4.4 by IPv4, and to nobody by IPv6.";

const verdicts = [
  ["docker-run", `container-without-ipv6, certain: ${inItsOwn} ${given}: ${asked}`, 28],
  ["podman-run", `container-without-ipv6, certain: ${inItsOwn} ${given}: ${asked}`, 28],
  [
    "docker-own-network",
    `container-without-ipv6, certain: ${inItsOwn} that has no way by IPv6: it dialled [2001:2:0:64::c000:228]:80 (ENETUNREACH after 0.001 s), to which client-1 itself has one.`,
    7,
  ],
  [
    "docker-without-masquerade",
    `container-without-ipv6, possible: ${inItsOwn} from which nobody answered by IPv6: it dialled [2001:2:0:64::c000:228]:80 (given up after 11.682 s). An address that only its machine knows (fd00::/8) has to be masqueraded there.`,
    28,
  ],
  // Nobody was seen to give it an address: it has none, or was there before.
  [
    "docker-no-network",
    `container-without-ipv6, possible: ${inItsOwn} of which nobody saw an IPv6 address: ${asked}`,
    6,
  ],
  ["docker-exec", `container-without-ipv6, possible: ${inItsOwn} of which nobody saw an IPv6 address: ${asked}`, 28],
  // A literal is one in a container too, and where it has the machine's own network everything is as without one.
  [
    "docker-literal",
    "ipv4-literal, certain: It dialled 192.0.2.40, port 80, and no answer of a resolver held that address: ENETUNREACH after 0.020 s.",
    7,
  ],
  [
    "docker-host-literal",
    "ipv4-literal, certain: It dialled 192.0.2.40, port 80, and no answer of a resolver held that address: ENETUNREACH after 0.000 s.",
    7,
  ],
] as const;

describe("a program in a container", () => {
  it("is judged in every recorded trace", () => {
    const files = readdirSync(join(__dirname, "traces", "containers")).filter((file) => file.endsWith(".strace"));
    const judged = [...verdicts.map(([name]) => name), "docker-published-port"].map((name) => `${name}.strace`);
    expect(judged.sort()).toEqual(files.sort());
  });

  it.each(verdicts)("%s: %s", (name, expected, code) => {
    const run = docker(name, simulated, { code });
    const verdict = judge(run);
    expect(told(verdict)).toBe(expected);
    expect("remarks" in verdict ? verdict.remarks : []).toEqual([]);
    // What Docker's daemon does for a container it was asked for by that.
    expect(run.activity.unheard).toBe(0);
  });

  it("is not blamed for IPv6 that the client has not either", () => {
    const old: RunRequest["network"] = { name: "v4", scenario: "ipv4-only", ipv4: "native", nat64Prefix: undefined };
    expect(told(judge(docker("docker-own-network", { network: old }, { code: 7 })))).not.toMatch(/container/);
  });

  it("is reached by whom Docker passes on from either family, however late the container itself is there", () => {
    const knocks = [{ from: "the gateway", address: "2001:2:0:6400::2", result: "open", seconds: 0.01 } as const];
    const run = (...sockets: readonly string[]) =>
      recorded(
        "containers/docker-published-port",
        simulated,
        { daemons, code: 143, stopped: true },
        { port: 8080, patience: 90, sockets: [...sockets], knocks },
      );
    for (const sockets of [["0.0.0.0", "[::]"], ["0.0.0.0"]]) {
      const verdict = judge(run(...sockets));
      expect(verdict).toMatchObject({ kind: "works", remarks: [] });
    }
  });

  it("is named in the report where it goes on when its command has ended", () => {
    const run = docker("docker-run", simulated, { goingOn: ["python3 -m http.server"] });
    expect(reportText(run, judge(run))).toContain(
      "\n  Its container goes on, until somebody ends it (docker ps, docker stop): python3 -m http.server",
    );
  });
});

/** strace's text for what a descriptor stands for. */
const opened = (text: string): string =>
  [...Buffer.from(text)].map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");

describe("the network namespace of a thread", () => {
  const own = "net:[4026531840]";
  const processesOf = (...lines: readonly string[]) =>
    readProcesses(readTrace(lines.map((line, index) => line.replace(/^\d+/, `$& ${index + 1}.0`)).join("\n")), {
      daemons: "70 7 dockerd\n7 7 dockerd",
      namespace: own,
    });

  it("is the client's own in the beginning, for all that comes of it", () => {
    const { namespaceAt, hasContainers } = processesOf("1 clone(flags=SIGCHLD) = 2", "2 socket(AF_INET) = 3");
    expect(namespaceAt(2, 2)).toBeUndefined();
    expect(hasContainers).toBe(true);
  });

  it.each([
    ["unshare(CLONE_NEWNS|CLONE_NEWNET) = 0", "namespace of line 1"],
    ["unshare(CLONE_NEWNS) = 0", undefined],
    ["unshare(CLONE_NEWNET) = -1 EPERM (Operation not permitted)", undefined],
    [`setns(3<${opened("/run/netns/one")}>, CLONE_NEWNET) = 0`, "/run/netns/one"],
    [`setns(3<${opened("net:[4026532000]")}>, 0) = 0`, "net:[4026532000]"],
    [`setns(3<${opened("mnt:[4026532000]")}>, 0) = 0`, undefined],
    [`setns(3<${opened("/run/netns/one")}>, CLONE_NEWNET) = -1 EPERM (Operation not permitted)`, undefined],
  ])("is another after %s", (call, expected) => {
    const { namespaceAt } = processesOf(`1 ${call}`, "1 clone(flags=SIGCHLD) = 2", "2 socket(AF_INET) = 3");
    expect([namespaceAt(1, 2), namespaceAt(2, 3)]).toEqual([expected, expected]);
    expect(namespaceAt(1, 0)).toBeUndefined();
  });

  it("is the one with which it was made", () => {
    const { namespaceAt } = processesOf(
      "1 clone(flags=CLONE_NEWNET|SIGCHLD) = 2",
      "1 clone3({flags=CLONE_NEWNET, exit_signal=SIGCHLD}, 88) = 3",
    );
    expect([1, 2, 3].map((thread) => namespaceAt(thread, 9))).toEqual([
      undefined,
      "namespace of line 1",
      "namespace of line 2",
    ]);
  });

  it("is the client's own again for a daemon's thread that has come back", () => {
    const { namespaceAt, isDaemon, of, programAt } = processesOf(
      `70 setns(3<${opened("/run/docker/netns/one")}>, CLONE_NEWNET) = 0`,
      `70 setns(4<${opened(own)}>, CLONE_NEWNET) = 0`,
    );
    expect([namespaceAt(70, 1), namespaceAt(70, 2)]).toEqual(["/run/docker/netns/one", undefined]);
    expect([of(70), isDaemon(of(70)), programAt(7, 2)?.program]).toEqual([7, true, "dockerd"]);
  });

  it("is that of its own move, though its maker's call was over only later", () => {
    const { namespaceAt } = processesOf(
      "1 clone(flags=SIGCHLD <unfinished ...>",
      "2 unshare(CLONE_NEWNET) = 0",
      "1 <... clone resumed>) = 2",
    );
    expect(namespaceAt(2, 3)).toBe("namespace of line 2");
  });

  it("is known of what a container's process makes, which has another number there", () => {
    const { namespaceAt, of, all } = processesOf(
      "1 clone(flags=CLONE_NEWNET|CLONE_NEWPID|SIGCHLD) = 20",
      "20 clone(flags=CLONE_VM|CLONE_THREAD) = 7 /* 21 in strace's PID NS */",
      "20 clone(flags=SIGCHLD <unfinished ...>",
      "20 <... clone resumed>) = 8 /* 22 in strace's PID NS */",
      "22 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1 /* 20 in strace's PID NS */, si_uid=0} ---",
      "22 +++ killed by SIGTERM +++",
    );
    expect([of(21), of(22)]).toEqual([20, 22]);
    expect([namespaceAt(21, 9), namespaceAt(22, 9)]).toEqual(["namespace of line 1", "namespace of line 1"]);
    expect(all.find(({ pid }) => pid === 22)).toMatchObject({ parent: 20, end: { signal: "SIGTERM", by: 20 } });
  });
});

describe("a container's lack of IPv6", () => {
  /** What a program did in a namespace of its own, the last call being at fault. */
  const inside = (...calls: readonly string[]): string =>
    ['execve("\\x2f\\x78", ["\\x78"], 0) = 0', "unshare(CLONE_NEWNET) = 0", ...calls, "+++ exited with 1 +++"]
      .map((call, index) => `1 ${10 + index}.0 ${call}${call.startsWith("+++") ? "" : " <0.001>"}`)
      .join("\n");
  const message = (id: number, name: string, type: number, answer?: Buffer, rcode = 0): string => {
    const flags = answer === undefined ? 0x0100 : 0x8180 | rcode;
    const count = answer === undefined || answer.length === 0 ? 0 : 1;
    const head = Buffer.from([0, id, flags >> 8, flags & 255, 0, 1, 0, count, 0, 0, 0, 0]);
    const labels = name.split(".").map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
    const question = Buffer.concat([...labels, Buffer.of(0, 0, type, 0, 1)]);
    const record = Buffer.concat([
      Buffer.of(0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, answer?.length ?? 0),
      answer ?? Buffer.of(),
    ]);
    const whole = Buffer.concat([head, question, ...(count === 0 ? [] : [record])]);
    return [...whole].map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
  };
  /** A question for A to Docker's resolver, and its answer. */
  const asks = (answer: readonly number[], rcode = 0): string[] => {
    const [question, told] = [message(7, "db.test", 1), message(7, "db.test", 1, Buffer.from(answer), rcode)];
    const [out, back] = [question.length / 4, told.length / 4];
    return [
      "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3<socket:[30]>",
      `connect(3<socket:[30]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("${opened("127.0.0.11")}")}, 16) = 0`,
      `sendto(3<socket:[30]>, "${question}", ${out}, 0, NULL, 0) = ${out}`,
      `recvfrom(3<socket:[30]>, "${told}", 2048, 0, NULL, NULL) = ${back}`,
    ];
  };
  const dials = (address: string, error: string): string[] => [
    "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 4<socket:[40]>",
    `connect(4<socket:[40]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("${opened(address)}")}, 16) = -1 ${error}`,
  ];
  const gives = (family: string, octets: string): string =>
    `sendto(9<socket:[90]>, [{nlmsg_type=0x14 /* NLMSG_??? */}, "${family}\\x10\\x00\\x00\\x0c\\x00\\x00\\x00${octets}"], 48, 0, NULL, 0) = 48`;
  const local = "\\x08\\x00\\x02\\x00\\xac\\x11\\x00\\x02";

  it.each([
    [
      "where what an answer told cannot be reached",
      [gives("\\x02", local), ...asks([192, 0, 2, 40]), ...dials("192.0.2.40", "ENETUNREACH")],
      /^container-without-ipv6, certain/,
    ],
    [
      "not where it was given an IPv6 address too",
      [gives("\\x02", local), gives("\\x0a", ""), ...asks([192, 0, 2, 40]), ...dials("192.0.2.40", "ENETUNREACH")],
      /^a-only/,
    ],
    [
      "not where whoever is there refused",
      [gives("\\x02", ""), ...asks([172, 17, 0, 9]), ...dials("172.17.0.9", "ECONNREFUSED")],
      /^not-for-want-of-ipv4, certain: db\.test:80 was found by IPv4, from a container's network, and refused/,
    ],
    [
      "not where another container is not there",
      [gives("\\x02", local), ...asks([172, 17, 0, 2]), ...dials("172.17.0.2", "EHOSTUNREACH")],
      /^cannot-tell: It ended with 1\. Not reached: db\.test:80 \(EHOSTUNREACH/,
    ],
    [
      "not where there is no such name",
      [gives("\\x02", local), ...asks([], 3), ...dials("192.0.2.40", "ENETUNREACH")],
      /^ipv4-literal/,
    ],
  ])("is the cause %s", (_, calls, expected) => {
    expect(told(judge(runOf(inside(...calls))))).toMatch(expected);
  });
});

describe("what daemons did", () => {
  const program = "1 10.0 execve(0) = 0\n1 12.0 +++ exited with 0 +++";

  it("stands between the program's calls, from its beginning on", () => {
    const daemon = [
      "7 9.0 clone(flags=SIGCHLD) = 8",
      "9 9.5 connect(3 <unfinished ...>",
      "7 11.0 clone(flags=SIGCHLD <unfinished ...>",
      "9 11.1 <... connect resumed>) = 0",
      "7 11.2 <... clone resumed>) = 10",
      "10 13.0 +++ exited with 0 +++",
    ];
    expect(wholeTrace(program, [], daemon.join("\n")).split("\n")).toEqual([
      "1 10.0 execve(0) = 0",
      "7 11.0 clone(flags=SIGCHLD <unfinished ...>",
      "7 11.2 <... clone resumed>) = 10",
      "1 12.0 +++ exited with 0 +++",
      "10 13.0 +++ exited with 0 +++",
    ]);
  });

  it("is nothing where no program began", () => {
    expect(wholeTrace("", [], "7 9.0 clone(flags=SIGCHLD) = 8")).toBe("");
  });

  const dump = "sendto(3<socket:[9]>, [{nlmsg_type=RTM_GETADDR}, {ifa_family=AF_INET}], 20, 0, NULL, 0) = 20";
  const trace = (path: string, ...more: readonly string[]): string =>
    [
      '1 10.0 execve("\\x2f", ["\\x78"], 0) = 0 <0.1>',
      `1 10.5 connect(4<socket:[8]>, {sa_family=AF_UNIX, sun_path="${opened(path)}"}, 20) = 0 <0.1>`,
      ...more,
      "1 12.0 +++ exited with 1 +++",
    ].join("\n");

  it("is not asked for the machine's addresses by the program", () => {
    const run = runOf(trace("/run/docker.sock"), {}, { daemons: "7 7 dockerd", containers: `7 11.0 ${dump} <0.1>` });
    expect(told(judge(run))).toMatch(/^not-for-want-of-ipv4/);
    expect(told(judge(runOf(trace("/run/dbus.sock", `1 11.0 ${dump} <0.1>`))))).toMatch(/^own-ipv4-address/);
  });

  it("is missed where nobody was there to watch", () => {
    const { activity } = runOf(trace("/run/podman/podman.sock"));
    expect(activity.unseen).toEqual([
      "it asked a daemon for containers that nobody watched: what these did is not known",
    ]);
    const watched = { daemons: "7 7 dockerd", containers: "7 11.0 unshare(CLONE_NEWNS) = 0" };
    expect(runOf(trace("/run/docker.sock"), {}, watched).activity.unseen).toEqual([]);
  });

  it("is missed where a tracer was not let near them", () => {
    const { activity } = runOf(trace("/run/docker.sock"), {}, { daemons: "7 7 dockerd", containers: "" });
    expect(activity.unseen).toHaveLength(1);
  });

  it("is no container of the program's that goes on where it has asked for none", () => {
    const goingOn = ["nginx"];
    expect(runOf(trace("/run/dbus.sock"), {}, { goingOn }).end.goingOn).toEqual([]);
    expect(runOf(trace("/run/docker.sock"), {}, { goingOn }).end.goingOn).toEqual(goingOn);
  });

  it.each([
    ["/run/docker.sock", 1],
    ["/run/containerd/containerd.sock", 1],
    ["/run/user/1000/podman/podman.sock", 1],
    ["/run/dbus/system_bus_socket", 0],
    ["/srv/docker.socket", 0],
  ])("is a program's business where that has spoken to one: %s", (path, attempts) => {
    const dialled =
      'connect(3<socket:[9]>, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("\\x31\\x2e\\x31\\x2e\\x31\\x2e\\x31")}, 16)';
    const containers = `8 11.0 socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3<socket:[9]> <0.1>\n8 11.2 ${dialled} = 0 <0.1>`;
    const run = runOf(trace(path), {}, { daemons: "7 7 dockerd", containers });
    expect(run.activity.attempts).toHaveLength(attempts);
    expect(run.processes.hasContainers).toBe(attempts > 0);
  });
});
