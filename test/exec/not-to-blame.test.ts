/** Programs that work, or that fail of something else than what they did on the way. */
import { inTheLightOf } from "../../exec/counter";
import type { RunRequest } from "../../exec/run";
import type { ProgramEnd } from "../../exec/session";
import { targetsOf } from "../../exec/targets";
import { timeline } from "../../exec/timeline";
import { judge, type Verdict } from "../../exec/verdict";
import { runOf } from "./recorded";
import { dnsMessage, WrittenTrace } from "./written-trace";

const [ipv6, ipv4, translated] = ["2001:db8::80", "203.0.113.80", "64:ff9b::cb00:7150"];

const clat: RunRequest["network"] = {
  name: "lan",
  scenario: "ipv6-only-nat64",
  ipv4: "clat",
  nat64Prefix: "64:ff9b::/96",
};

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? `${verdict.finding.cause}, ${verdict.finding.confidence}` : verdict.kind;
}

function remarks(verdict: Verdict): string[] {
  return verdict.kind === "not-run" ? [] : verdict.remarks.map(({ cause }) => cause);
}

function judged(trace: string, end: Partial<ProgramEnd> = {}, request: Partial<RunRequest> = {}): Verdict {
  return judge(runOf(trace, request, end));
}

describe("a server that is reached by IPv6", () => {
  const server = (besides: (trace: WrittenTrace) => void, visitor: string | undefined = "2001:db8:1::7"): string => {
    const trace = new WrittenTrace("server");
    besides(trace);
    const socket = trace.socket(6, "STREAM");
    return trace.listen(socket, "::", 8000).wait(3).accept(socket, visitor).wait(5).killed("SIGINT");
  };
  const port = (trace: WrittenTrace, on: string): void => {
    trace.listen(trace.socket(4, "STREAM"), on, 9229);
  };

  it.each<[string, (trace: WrittenTrace) => void, string[]]>([
    ["nothing", () => undefined, []],
    [
      "a debugger's port on 127.0.0.1",
      (trace) => {
        port(trace, "127.0.0.1");
      },
      ["listens-on-loopback-ipv4"],
    ],
    [
      "another port on 0.0.0.0",
      (trace) => {
        port(trace, "0.0.0.0");
      },
      ["listens-on-ipv4-only"],
    ],
    [
      "a UDP socket on 0.0.0.0",
      (trace) => {
        trace.bind(trace.socket(4, "DGRAM"), "0.0.0.0", 1900);
      },
      ["listens-on-ipv4-only"],
    ],
  ])("works, with %s beside that", (_what, besides, expected) => {
    const verdict = judged(server(besides), { code: 130 });
    expect(told(verdict)).toBe("works");
    expect(remarks(verdict)).toEqual(expected);
  });

  it("is not told to have had nobody where it did not ask who came", () => {
    const trace = new WrittenTrace("broker");
    const socket = trace.socket(6, "STREAM");
    const text = trace.listen(socket, "::", 1883).wait(3).accept(socket, undefined).wait(9).killed("SIGTERM");
    const verdict = judged(text, { code: 143, timedOut: true });
    expect(told(verdict)).toBe("cannot-tell");
    expect(verdict.kind === "cannot-tell" ? verdict.words : "").toMatch(/who came was not seen: .*accept\(2\)/);
  });
});

it("a client with a debugger's port on 127.0.0.1 is no server", () => {
  const trace = new WrittenTrace("client");
  trace.listen(trace.socket(4, "STREAM"), "127.0.0.1", 9229).resolve("api.example", [ipv4], [ipv6]);
  const socket = trace.socket(6, "STREAM");
  const text = trace.connect(socket, ipv6, 443).send(socket, "x".repeat(1500)).wait(30).killed("SIGTERM");
  expect(told(judged(text, { code: 143, timedOut: true }))).toBe("path-mtu, possible");
});

describe("a datagram that nobody has to answer", () => {
  it("is no failure of who ends well, whatever addresses there are", () => {
    const trace = new WrittenTrace("logger").resolve("log.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "DGRAM");
    const verdict = judged(trace.connect(socket, ipv6, 514).send(socket, "<13>hello").close(socket).exit(0));
    expect([told(verdict), remarks(verdict)]).toEqual(["works", []]);
    const two = new WrittenTrace("statsd").ask("stats.example", "AAAA", {
      addresses: [translated, "64:ff9b::cb00:7151"],
    });
    const to = two.socket(6, "DGRAM");
    expect(told(judged(two.send(to, "a:1|c", [translated, 8125]).close(to).exit(0)))).toBe("works");
  });

  it("is one of who ends otherwise", () => {
    const trace = new WrittenTrace("asks").resolve("ntp.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "DGRAM");
    const text = trace.connect(socket, ipv6, 123).send(socket, "time?").wait(5).close(socket).exit(1);
    expect(told(judged(text))).toBe("server-record-wrong, probable");
  });

  it("is not connected because it has a peer", () => {
    const trace = new WrittenTrace("go").resolve("ntp.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "DGRAM");
    const text = trace.connect(socket, ipv6, 123).peer(socket, ipv6, 123).wait(0.03).close(socket).exit(0);
    const run = runOf(text);
    expect(run.activity.attempts.at(-1)?.outcome.kind).toBe("unused");
    expect(remarks(judge(run))).toEqual([]);
  });

  it("may be answered from another port (RFC 1350)", () => {
    const trace = new WrittenTrace("tftp").resolve("tftp.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "DGRAM");
    trace.send(socket, "\0\x01x\0octet\0", [ipv6, 69]).receive(socket, "\0\x05\0\x01no file\0", [ipv6, 40_001]);
    expect(told(judged(trace.close(socket).exit(68)))).toBe("not-for-want-of-ipv4, probable");
  });
});

it("who goes back to IPv4 because IPv6 has failed the second time does not dial a literal", () => {
  const trace = new WrittenTrace("app").resolve("db.example", [ipv4], [ipv6]).talk(ipv6, 5432, "hello", "world");
  trace.wait(5).resolve("db.example", [ipv4], [ipv6]);
  const [six, four] = [trace.socket(6, "STREAM"), trace.socket(4, "STREAM")];
  trace.connect(six, ipv6, 5432, "ECONNREFUSED").close(six).connect(four, ipv4, 5432, "ENETUNREACH").close(four);
  expect(told(judged(trace.exit(1)))).not.toMatch(/ipv4-literal/);
});

describe("an attempt whose result nobody saw", () => {
  it("is not given up by a program that ends meanwhile", () => {
    const trace = new WrittenTrace("tool", "--version").thread(2).resolve("updates.example", [ipv4], [translated]);
    trace.connectForEver(trace.socket(6, "STREAM"), translated, 443).wait(0.3).call("+++ exited with 0 +++");
    expect(told(judged(trace.thread(1).exit(0)))).toBe("works");
  });

  it("says nothing of a server that had no time to answer", () => {
    const trace = new WrittenTrace("tool").resolve("updates.example", [ipv4], [ipv6]);
    trace.connect(trace.socket(6, "STREAM"), ipv6, 443, "EINPROGRESS").wait(0.3);
    const verdict = judged(trace.exit(1));
    expect(told(verdict)).toBe("cannot-tell");
    expect(verdict.kind === "cannot-tell" ? verdict.words : "").toMatch(
      /updates\.example:443 \(no result in 0\.3\d\d s\)/,
    );
  });

  it("is not given up because its socket is closed later, where no record tells of a result", () => {
    const trace = new WrittenTrace("old").resolve("api.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "STREAM");
    const begun = trace
      .connect(socket, ipv6, 80)
      .toString()
      .replace(/ = 0 <[\d.]+>\n$/, " = ?\n");
    const text = `${begun}1 1000.9 close(3<socket:[${socket}]>) = 0 <0.0>\n1 1001.0 +++ exited with 0 +++\n`;
    expect(told(judged(text))).toBe("works");
  });
});

describe("a connection whose result nobody asks for", () => {
  const closedWith = (...last: readonly string[]): string => {
    const trace = new WrittenTrace("probe").resolve("db.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "STREAM");
    trace
      .connect(socket, ipv6, 5432, "EINPROGRESS")
      .wait(3)
      .close(socket, ...last);
    return told(judged(trace.wait(1).exit(0)));
  };

  it("is there, where the kernel says so when its socket is closed", () => {
    expect(closedWith("TCP_ESTABLISHED")).toBe("works");
    expect(closedWith("TCP_CLOSE", "ECONNRESET")).toBe("works");
  });

  it("is none, where the kernel says that", () => {
    expect(closedWith("TCP_CLOSE", "ECONNREFUSED")).toBe("server-record-wrong, possible");
    expect(closedWith("TCP_SYN_SENT")).toBe("server-record-wrong, probable");
  });
});

it("what was not seen to be sent is not told as nothing", () => {
  const rowsOf = (trace: WrittenTrace): string[] => {
    const run = runOf(trace.exit(0));
    return timeline(run, targetsOf(run)).map(({ what }) => what);
  };
  const heard = new WrittenTrace("wget").resolve("api.example", [ipv4], [ipv6]);
  const socket = heard.socket(6, "STREAM");
  heard.connect(socket, ipv6, 80).receive(socket, "HTTP/1.1 200 OK").close(socket);
  expect(rowsOf(heard).at(-1)).toMatch(/connected after 0\.000 s; 15 octets in$/);
  const said = new WrittenTrace("logger").resolve("log.example", [ipv4], [ipv6]);
  const to = said.socket(6, "DGRAM");
  said.connect(to, ipv6, 514).send(to, "x").close(to);
  expect(rowsOf(said).at(-1)).toMatch(/sent, no answer; 1 octet out$/);
});

it("a connection that breaks after an answer was reached", () => {
  const trace = new WrittenTrace("proxy").resolve("api.example", [ipv4], [ipv6]);
  const socket = trace.socket(6, "STREAM");
  trace
    .connect(socket, ipv6, 443, "EINPROGRESS")
    .outcome(socket)
    .send(socket, "GET /")
    .receive(socket, "HTTP/1.1 200 OK");
  const text = (code: number) => trace.wait(3).outcome(socket, "ECONNRESET").close(socket).exit(code);
  expect(told(judged(text(0)))).toBe("works");
});

describe("what is refused or not there beside what was reached", () => {
  it("is not what a program failed of that wanted an IPv4 address of its own", () => {
    const wanted =
      "ioctl(3<socket:[90]>, SIOCGIFADDR, {}) = -1 EADDRNOTAVAIL (Cannot assign requested address) <0.000010>";
    const trace = new WrittenTrace("app").call(wanted).talk("::1", 80, "ready?", "yes");
    const socket = trace.socket(6, "STREAM");
    expect(told(judged(trace.connect(socket, "::1", 8126, "ECONNREFUSED").close(socket).exit(1)))).toBe(
      "own-ipv4-address, probable",
    );
  });

  it("does not explain the silence of a server", () => {
    const trace = new WrittenTrace("app").resolve("api.example.lan", [], [], 3).resolve("api.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "STREAM");
    const text = trace.connect(socket, ipv6, 443).send(socket, "x".repeat(1000)).wait(10).close(socket).exit(1);
    const verdict = judged(text);
    expect(told(verdict)).toBe("cannot-tell");
    expect(remarks(verdict)).toEqual(["not-for-want-of-ipv4"]);
  });
});

describe("a question for A alone", () => {
  it("is no reason where the answer is this machine", () => {
    const trace = new WrittenTrace("worker").ask("client-1", "A", { addresses: ["127.0.1.1"] });
    trace.resolve("api.example", [ipv4], [ipv6]).talk(ipv6, 443, "GET /", "HTTP/1.1 403 Forbidden");
    expect(told(judged(trace.exit(1)))).not.toMatch(/a-only/);
  });

  it("is hardly one where nothing was dialled for it, and something else was reached", () => {
    const trace = new WrittenTrace("worker").ask("other.example", "A", { addresses: [ipv4] });
    trace.resolve("api.example", [ipv4], [ipv6]).talk(ipv6, 443, "GET /", "HTTP/1.1 403 Forbidden");
    expect(told(judged(trace.exit(1)))).toBe("a-only, possible");
  });

  it("is none where no resolver answers", () => {
    const trace = new WrittenTrace("dig", "@2001:db8::53", "x.example", "A");
    const socket = trace.socket(6, "DGRAM");
    trace.send(socket, dnsMessage(5, "x.example", "A"), ["2001:db8::53", 53]).wait(5);
    expect(told(judged(trace.close(socket).exit(9)))).toBe("cannot-tell");
  });
});

it("who looked for addresses before it started the program that failed, and ends as that does, is not the program", () => {
  const row = (name: string, code: number) => {
    const trace = new WrittenTrace("sudo", "app").call(
      "ioctl(3<socket:[90]>, SIOCGIFADDR, {}) = -1 EADDRNOTAVAIL (?) <0.1>",
    );
    trace.call("clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD) = 2 <0.000110>");
    const child = `2 1000.5 execve("${name}", ["${name}"], 0x1) = 0 <0.1>\n2 1000.6 +++ exited with ${code} +++\n`;
    return told(judged(`${trace.toString()}${child}1 1000.7 +++ exited with 1 +++\n`));
  };
  expect(row("app", 1)).toBe("not-for-want-of-ipv4, probable");
  expect(row("helper", 0)).toBe("own-ipv4-address, probable");
});

describe("addresses that a resolver told", () => {
  it("are tried where they are asked as name servers", () => {
    const trace = new WrittenTrace("dns").resolve("ns.example", [ipv4], [ipv6]);
    const [six, four] = [trace.socket(6, "DGRAM"), trace.socket(4, "DGRAM")];
    trace
      .send(six, dnsMessage(7, "example", "AAAA"), [ipv6, 53])
      .wait(2)
      .close(six);
    expect(told(judged(trace.connect(four, ipv4, 53, "ENETUNREACH").exit(1)))).not.toMatch(/first-candidate/);
  });

  it("are cut at their first colon as those are that a program is given", () => {
    const named = new WrittenTrace("app").resolve("dual.test", ["192.0.2.42"], ["3fff:10:0:32::42"]);
    expect(told(judged(named.resolve("3fff", [], [], 3).exit(1)))).toBe("ipv6-literal-misread, probable");
    const dialled = new WrittenTrace("app").ask("v4only.test", "AAAA", { addresses: ["2001:2:0:64::c000:228"] });
    const socket = dialled.socket(4, "STREAM");
    const text = dialled.connect(socket, "0.0.7.209", 80, "ENETUNREACH").close(socket).exit(1);
    expect(told(judged(text))).toBe("ipv6-literal-misread, probable");
  });

  it("are no candidates of a family that its network does not have", () => {
    const v4: RunRequest["network"] = { name: "v4", scenario: "ipv4-only", ipv4: "native", nat64Prefix: undefined };
    const trace = new WrittenTrace("app").resolve("dual.test", [ipv4], [ipv6]);
    const socket = trace.socket(4, "STREAM");
    const verdict = judged(trace.connect(socket, ipv4, 81, "ECONNREFUSED").close(socket).exit(1), {}, { network: v4 });
    expect(told(verdict)).toBe("not-for-want-of-ipv4, certain");
    expect(verdict.kind === "cause" ? verdict.finding.words : "").toMatch(/found over IPv4 and refused/);
  });
});

describe("who looks which families there are, as getaddrinfo(3) does, and then asks for no name", () => {
  const row =
    "sendto(3, [{nlmsg_len=20, nlmsg_type=RTM_GETADDR, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, nlmsg_seq=1, nlmsg_pid=0}, {ifa_family=AF_UNSPEC, ...}], 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20 <0.0001>";
  const looks = (): WrittenTrace => new WrittenTrace("getent", "ahostsv4", "api.example").call(row);

  it("may have wanted IPv4 alone, and was told at once that there is none", () => {
    const verdict = judged(looks().exit(2));
    expect(told(verdict)).toBe("a-only, possible");
    expect(verdict.kind === "cause" ? verdict.finding.words : "").toMatch(/AI_ADDRCONFIG.*then for no name/);
  });

  it("is told so beside that where it ends well all the same", () => {
    const verdict = judged(looks().exit(0));
    expect([told(verdict), remarks(verdict)]).toEqual(["works", ["a-only"]]);
  });

  it("is probably what a CLAT made up for", () => {
    const [one, two] = [runOf(looks().exit(2)), runOf(looks().exit(0), { network: clat })];
    const { verdict } = inTheLightOf({ run: one, verdict: judge(one) }, { run: two, verdict: judge(two) });
    expect(told(verdict)).toBe("a-only, probable");
  });

  it("is none where it asks for one, listens, ends well, or has IPv4", () => {
    const asked = looks().resolve("api.example", [ipv4], [ipv6]).talk(ipv6, 443, "GET", "HTTP/1.1 404").exit(1);
    const server = looks();
    const port = server.listen(server.socket(6, "STREAM"), "::", 8000).exit(1);
    const sorted = looks();
    const hosts = sorted
      .connect(sorted.socket(6, "DGRAM"), "::1", 80)
      .connect(sorted.socket(4, "DGRAM"), "127.0.0.1", 80);
    const verdicts = [asked, port, hosts.exit(3)].map((text) => judged(text));
    verdicts.push(judged(looks().exit(0)), judged(looks().exit(2), {}, { network: clat }));
    expect(verdicts.map(told)).toEqual([
      "not-for-want-of-ipv4, probable",
      "not-for-want-of-ipv4, probable",
      "not-for-want-of-ipv4, probable",
      "works",
      "not-for-want-of-ipv4, probable",
    ]);
  });
});

it.each(["0.0.0.0", "172.17.0.1"])("who refuses at %s, where there is no IPv4, is this machine", (address) => {
  const trace = new WrittenTrace("curl");
  const socket = trace.socket(4, "STREAM");
  const verdict = judged(trace.connect(socket, address, 8000, "ECONNREFUSED").close(socket).exit(7));
  expect(told(verdict)).toBe("not-for-want-of-ipv4, certain");
  expect(verdict.kind === "cause" ? verdict.finding.words : "").toMatch(/by IPv4, on the client itself, and refused/);
});

describe("one socket's questions", () => {
  const resolver = ["127.0.0.53", 53] as const;

  it("are asked again after a failure, and the later answer counts", () => {
    const trace = new WrittenTrace("wget");
    const socket = trace.socket(4, "DGRAM");
    const question = dnsMessage(9, "api.example", "AAAA");
    trace.send(socket, question, resolver);
    trace.receive(socket, dnsMessage(9, "api.example", "AAAA", { rcode: 2 }), resolver);
    trace.send(socket, question, resolver);
    trace.receive(socket, dnsMessage(9, "api.example", "AAAA", { addresses: [ipv6] }), resolver).close(socket);
    const run = runOf(trace.talk(ipv6, 80, "GET", "HTTP/1.1 404").exit(1));
    expect(run.activity.lookups).toMatchObject([{ answer: { rcode: "NOERROR", addresses: [ipv6] } }]);
    expect(told(judge(run))).toBe("not-for-want-of-ipv4, probable");
  });

  it("are told apart by their names where they have one number", () => {
    const trace = new WrittenTrace("app");
    const socket = trace.socket(4, "DGRAM");
    trace.connect(socket, ...resolver);
    for (const [name, address] of [
      ["a.example", "203.0.113.1"],
      ["b.example", "203.0.113.2"],
    ] as const)
      trace.send(socket, dnsMessage(1, name, "A")).receive(socket, dnsMessage(1, name, "A", { addresses: [address] }));
    const dialled = trace.socket(4, "STREAM");
    const verdict = judged(trace.connect(dialled, "203.0.113.2", 80, "ENETUNREACH").close(dialled).exit(1));
    const findings = verdict.kind === "cause" ? [verdict.finding, ...verdict.remarks] : [];
    expect(findings.map(({ cause }) => cause)).toEqual(["a-only", "a-only"]);
    expect(findings[1]?.words).toMatch(/b\.example .* 203\.0\.113\.2: ENETUNREACH/);
  });
});

describe("a counter-experiment in which something else went by IPv4", () => {
  const silent = (): string => {
    const trace = new WrittenTrace("app").resolve("api.example", [ipv4], [ipv6]);
    const socket = trace.socket(6, "STREAM");
    return trace.connect(socket, ipv6, 443).send(socket, "x".repeat(1500)).wait(10).close(socket).exit(1);
  };
  const withClat = (name: string): string =>
    new WrittenTrace("app")
      .resolve(name, [ipv4], [])
      .talk(ipv4, 443, "x", "y")
      .resolve("api.example", [ipv4], [ipv6])
      .talk(ipv6, 443, "x".repeat(1500), "ok")
      .exit(0);

  it("makes no other cause certain", () => {
    const [one, two] = [runOf(silent()), runOf(withClat("ads.example"), { network: clat })];
    const { verdict, words } = inTheLightOf({ run: one, verdict: judge(one) }, { run: two, verdict: judge(two) });
    expect(told(verdict)).toBe("path-mtu, possible");
    expect(words).toMatch(/what that has to do with api\.example is not known\.$/);
  });
});

describe("a program that somebody ends, and that has heard a datagram", () => {
  const mdns = 5353;
  const peer = ["fe80::581f:79ff:fe3f:4b03", mdns] as const;
  const ended = { code: 143, timedOut: true };
  const hung = (trace: WrittenTrace, more: (trace: WrittenTrace, socket: number) => unknown): WrittenTrace => {
    const socket = trace.socket(6, "DGRAM");
    trace.bind(socket, "::", mdns);
    more(trace, socket);
    return trace;
  };
  const never = (trace: WrittenTrace): string =>
    trace
      .resolve("both.example", [ipv4], [ipv6])
      .connectForEver(trace.socket(6, "STREAM"), ipv6, 443)
      .killed("SIGTERM");

  it("has served nobody whom it did not answer, where it waits for somebody", () => {
    const heard = hung(new WrittenTrace("app"), (trace, socket) => trace.receive(socket, "x", peer));
    const verdict = judged(never(heard), ended);
    expect(told(verdict)).toBe("cannot-tell");
    expect(verdict).toMatchObject({
      words: expect.stringMatching(/\[fe80::.*\]:5353 sent something there, which/) as unknown,
    });
    const answered = hung(new WrittenTrace("app"), (trace, socket) =>
      trace.receive(socket, "x", peer).send(socket, "y", peer),
    );
    expect(told(judged(never(answered), ended))).toBe("works");
  });

  it("has asked whoever answers its question to a group, and fails for the cause that is certain", () => {
    const asked = hung(new WrittenTrace("app"), (trace, socket) =>
      trace.send(socket, "x", ["ff02::fb", mdns]).receive(socket, "x", peer),
    );
    const four = asked.socket(4, "STREAM");
    const text = asked.connect(four, ipv4, 443, "ENETUNREACH").close(four).killed("SIGTERM");
    expect(told(judged(text, ended))).toBe("ipv4-literal, certain");
  });

  it("works where it waits for nobody else: nobody has to answer what is logged", () => {
    const heard = hung(new WrittenTrace("syslogd"), (trace, socket) => trace.receive(socket, "x", peer));
    expect(told(judged(heard.killed("SIGTERM"), ended))).toBe("works");
  });
});
