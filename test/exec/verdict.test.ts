/** Each cause has a program that earns it and one that nearly does; all of them are real programs' recorded traces. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProgramEnd } from "../../exec/session";
import type { RunRequest } from "../../exec/run";
import { targetsOf } from "../../exec/targets";
import { timeline } from "../../exec/timeline";
import { judge, type Verdict } from "../../exec/verdict";
import { exitCodeOf } from "../../exec/verdict/exit-code";
import { mappedRecord } from "../../exec/verdict/name-rules";
import { isIpv6Literal } from "../../exec/verdict/rule";
import { recorded, runOf } from "./recorded";

function told(verdict: Verdict): string {
  return verdict.kind === "cause" ? `${verdict.finding.cause}, ${verdict.finding.confidence}` : verdict.kind;
}

const simulated: Partial<RunRequest> = {
  network: { name: "nat64", scenario: "ipv6-only-nat64", ipv4: "none", nat64Prefix: "2001:2:0:64::/96" },
};

const causes: [cause: string, trace: string, request?: Partial<RunRequest>, end?: Partial<ProgramEnd>][] = [
  ["ipv4-literal, certain", "python-literal"],
  ["ipv4-literal, certain", "python-hosts-file"],
  ["ipv4-literal, certain", "python-own-address-by-literal"],
  ["ipv4-literal, certain", "python-icmp-literal"],
  // What nearly is a server that works: one that ends by itself, a client's own port, a helper whose parent ends it.
  ["ipv4-literal, certain", "python-dies-while-listening"],
  ["ipv4-literal, certain", "python-phone-on-literal"],
  ["ipv4-literal, certain", "python-phone-on-literal", {}, { code: 143, timedOut: true }],
  ["ipv4-literal, certain", "python-ends-its-helper"],
  ["ipv4-multicast, certain", "python-ssdp"],
  ["ipv4-multicast, probable", "python-joins-ipv4-group"],
  ["a-only, certain", "python-a-only"],
  ["a-only, certain", "node-family-4"],
  ["a-only, certain", "python-udp-a-only"],
  // What nearly is a literal: the address is in an answer that came by TCP. The first of them read it by read(2).
  ["a-only, probable", "python-answer-by-tcp"],
  ["a-only, certain", "python-asks-by-tcp"],
  ["ipv4-socket, certain", "python-ipv4-socket"],
  ["first-candidate-only, certain", "python-first-only"],
  ["first-candidate-only, certain", "java-default"],
  // What nearly is the library's look at the source address: the program goes there itself once the library has.
  ["first-candidate-only, certain", "ping-four-of-both"],
  ["first-candidate-only, certain", "python-udp-first-only"],
  ["first-candidate-only, certain", "python-udp-send-first-only"],
  ["attempt-delay-too-short, probable", "node-short-delay"],
  ["loopback-ipv4, certain", "python-without-loopback4", { loopback4: false }],
  ["loopback-ipv4, certain", "python-binds-without-loopback4", { loopback4: false }],
  ["listens-on-loopback-ipv4, certain", "python-listens-loopback"],
  ["listens-on-ipv4-only, certain", "python-listens-any"],
  ["ipv6-literal-misread, probable", "python-literal-split"],
  ["ipv6-literal-misread, possible", "python-literal-misread"],
  ["server-record-wrong, probable", "curl-wrong-record"],
  ["server-record-wrong, certain", "curl-mapped-record"],
  ["server-without-ipv6, certain", "curl-four"],
  ["third-party-without-ipv6, certain", "curl-third-party"],
  ["proxy, probable", "python-proxy-refuses"],
  // It reads the answer octet by octet.
  ["proxy, probable", "curl-proxy-refuses"],
  ["path-mtu, certain", "python-udp-too-big"],
  // What nearly is too big: a probe of what fits, and less after it.
  ["not-for-want-of-ipv4, probable", "python-probes-path-mtu"],
  ["dnssec, possible", "curl-bogus"],
  ["not-for-want-of-ipv4, probable", "fails-alone"],
  ["not-for-want-of-ipv4, certain", "curl-refused"],
  ["not-for-want-of-ipv4, certain", "curl-no-such-name"],
  ["not-for-want-of-ipv4, certain", "curl-loopback"],
  ["not-for-want-of-ipv4, certain", "go-refused"],
  // The answer is taken without asking from whom it is.
  ["not-for-want-of-ipv4, probable", "python-unconnected-answer"],
  // What nearly is an IPv6 literal: a clock's time, and a card's address.
  ["not-for-want-of-ipv4, probable", "python-clock-argument"],
  // What nearly is the reason: a name that is not there, beside a server behind NAT64 that does not answer.
  ["cannot-tell", "python-optional-name"],
  // What nearly is an answer: the datagram itself, with the error that it met.
  ["cannot-tell", "python-error-queue"],
  // What nearly is a proxy that does not get there: one that wants a password, and a gateway that nobody asked by CONNECT.
  ["not-for-want-of-ipv4, probable", "python-proxy-password"],
  ["not-for-want-of-ipv4, probable", "python-bad-gateway"],
  // What nearly is a third party without IPv6: what was wanted first, and a name that is not there at all.
  ["server-without-ipv6, certain", "python-main-without-ipv6"],
  ["not-for-want-of-ipv4, certain", "curl-third-party-no-such-name"],
  // The way to a resolver that is no other than an IPv4 address; the second one sends nothing.
  ["ipv4-literal, certain", "lab/python-resolver-literal"],
  ["ipv4-literal, certain", "lab/python-port-53-literal"],
  // An address of a name that was reached, dialled once more without the name.
  ["ipv4-literal, probable", "lab/python-name-then-literal", simulated],
  // What nearly is a literal: it goes on to a name, and ends with 1 for another reason.
  ["ipv4-literal, possible", "lab/python-literal-then-name-fails", simulated],
  ["proxy, probable", "lab/curl-socks-refuses", simulated],
  // What nearly is a server that refuses, whoever comes: its IPv4 address was not to be had.
  ["server-record-wrong, possible", "lab/curl-refused-by-ipv6", simulated],
  // What nearly is a server without IPv6: it has no address at all.
  ["not-for-want-of-ipv4, certain", "lab/curl-no-address", simulated],
  ["not-for-want-of-ipv4, probable", "lab/python-dies-of-ipv6"],
  // What nearly is not the network: it takes its peer's address for one of IPv4.
  ["not-for-want-of-ipv4, possible", "python-peer-is-ipv6"],
  ["own-ipv4-address, probable", "sh-own-ipv4-address"],
  // It asks for addresses of both families, and takes none of them; or has its own from elsewhere.
  ["own-ipv4-address, possible", "sh-own-addresses"],
  ["own-ipv4-address, possible", "lab/python-binds-own-ipv4"],
  // What nearly looks for one: getaddrinfo(3) does, to learn which families it may tell.
  ["not-for-want-of-ipv4, probable", "python-resolves-and-fails"],
  // What nearly is a server that somebody ended: it sends itself the signal.
  ["server-record-wrong, probable", "lab/python-ends-itself", simulated],
  // What nearly is a broken signature: it would keep A back too.
  ["server-without-ipv6, probable", "curl-lame-aaaa"],
];

it.each(causes)("%s: %s", (cause, name, request = {}, end = {}) => {
  expect(told(judge(recorded(name, request, end)))).toBe(cause);
});

const nearly: [trace: string, why: string, end?: Partial<ProgramEnd>][] = [
  ["python-both", "its IPv4 attempt fails too, and the next one works"],
  ["python-literal-then-name", "it dials a literal, and a name when that has failed"],
  ["python-literal-read", "it is given an IPv6 literal and reads it"],
  ["python-two-addresses", "its first address leads nowhere, and it goes on to the second"],
  ["python-udp-goes-on", "its first datagram socket leads nowhere, and it goes on to the second"],
  ["ping-answered", "it sends by ICMP, and is answered"],
  ["curl-both", "it points datagram sockets at IPv4 to learn the source address"],
  ["node-fetch", "it asks for AAAA only, and that is enough"],
  ["java-prefer-system", "it dials the first address, in the order of RFC 6724"],
  ["go-static", "nobody sees what it asks the resolver"],
  ["python-try-again", "a name's signatures do not hold, and the next name is reached"],
  ["python-tells-own-addresses", "it asks for its machine's addresses, and none of IPv4 is no failure"],
  ["lab/dig-a", "it looks a name up, and wants no more than the answer"],
  ["python-own-loopback", "it listens on 127.0.0.1 for itself only"],
  ["python-localhost-on-ipv4", "it is refused at ::1, and goes on to 127.0.0.1"],
];

it.each(nearly)("%s works: %s", (name, _why, end = {}) => {
  expect(told(judge(recorded(name, {}, end)))).toBe("works");
});

describe("a program that listened until it was ended", () => {
  const whole = recorded("python-listens-both", {}, { code: 143 });
  const [listener] = whole.activity.listeners;
  if (listener === undefined) throw new Error("The trace has no listener.");
  const visited = (...accepted: string[]) => ({
    ...whole,
    activity: {
      ...whole.activity,
      listeners: [
        { ...listener, accepted: accepted.map((address) => ({ family: "inet6" as const, address, port: 40000 })) },
      ],
    },
  });

  it("works where another machine came to it", () => {
    const verdict = judge(visited("2001:2:0:6400::1"));
    expect(verdict).toMatchObject({ kind: "works", words: "It served [2001:2:0:6400::1]:40000." });
  });

  it.each<[who: string, accepted: string[]]>([
    ["nobody came to", []],
    ["came to itself", ["::1", "127.0.0.1"]],
  ])("is not said to work where it %s: it may have hung", (_who, accepted) => {
    for (const end of [{ code: 143 }, { code: 137 }, { timedOut: true }]) {
      const run = visited(...accepted);
      const verdict = judge({ ...run, end: { ...run.end, ...end } });
      expect(told(verdict)).toBe("cannot-tell");
      expect("words" in verdict && verdict.words).toMatch(
        /^It listened on tcp \[::\]:(\d+) until it was ended \(.*\), and nobody came from another machine\. --listen \1 has other machines try it\.$/,
      );
      expect(exitCodeOf([verdict])).toBe(2);
    }
  });

  it("is not said to work where it came to itself by an address of the machine's own", () => {
    const address = "2001:2:0:6400::7";
    const run = visited(address);
    const [attempt] = recorded("curl-both").activity.attempts.filter(({ transport }) => transport === "tcp");
    if (attempt === undefined) throw new Error("The trace has no attempt.");
    const attempts = [{ ...attempt, address, port: listener.port }];
    expect(told(judge({ ...run, activity: { ...run.activity, attempts } }))).toBe("cannot-tell");
  });

  it("fails for what is certain where nobody else came to it, and works beside it where somebody did", () => {
    const literal = recorded("python-literal").activity.attempts;
    const judged = (...accepted: string[]) => {
      const run = visited(...accepted);
      return judge({ ...run, activity: { ...run.activity, attempts: literal } });
    };
    expect(told(judged("::1"))).toBe("ipv4-literal, certain");
    expect(told(judged("2001:2:0:6400::1"))).toBe("works");
  });
});

it("says of a program that had not begun when its time was over that this is why it was not run", () => {
  const verdict = judge(runOf("", {}, { code: 143, timedOut: true }));
  expect(verdict).toEqual({ kind: "not-run", words: "The time limit was over before program had begun on client-1." });
});

it("does not take a program's own exit code for a signal", () => {
  for (const code of [130, 139, 143]) {
    const text = `1 10.000000 execve("\\x73", ["\\x73"], 0x7f /* 3 vars */) = 0 <0.001>\n1 12.0 +++ exited with ${code} +++\n`;
    const verdict = judge(runOf(text));
    expect(told(verdict)).toBe("not-for-want-of-ipv4, probable");
    expect(verdict.kind === "cause" && verdict.finding.words).toContain(`It ended with ${code}.`);
  }
});

it("takes a shell's word for the signal that ended what it ran", () => {
  const text = [
    '1 10.000000 execve("\\x73", ["\\x73"], 0x7f /* 3 vars */) = 0 <0.001>',
    "1 10.100000 fork() = 2 <0.001>",
    "2 11.000000 +++ killed by SIGINT +++",
    "1 12.000000 +++ exited with 130 +++",
  ].join("\n");
  const verdict = judge(runOf(text));
  expect("words" in verdict && verdict.words).toContain("It was ended by SIGINT");
});

it("names the signal of which a program died, or what a shell ran, and has nobody to have ended it", () => {
  const start = '1 10.000000 execve("\\x73", ["\\x73"], 0x7f /* 3 vars */) = 0 <0.001>';
  const died = "12.000000 +++ killed by SIGSEGV (core dumped) +++";
  for (const lines of [
    [start, `1 ${died}`],
    [start, "1 10.100000 fork() = 2 <0.001>", `2 ${died}`, "1 13.0 +++ exited with 139 +++"],
  ]) {
    const verdict = judge(runOf(lines.join("\n"), {}, { code: 139 }));
    expect(told(verdict)).toBe("not-for-want-of-ipv4, probable");
    expect(verdict.kind === "cause" && verdict.finding.words).toContain("It died of SIGSEGV.");
  }
});

it("blames a record that leads nowhere on a strict network too, and not where IPv4 would have been next", () => {
  const network = { name: "net", nat64Prefix: undefined } as const;
  const strict = { ...network, scenario: "ipv6-only-strict", ipv4: "none" } as const;
  const dual = { ...network, scenario: "dual-stack", ipv4: "native" } as const;
  expect(told(judge(recorded("curl-wrong-record", { network: strict })))).toBe("server-record-wrong, probable");
  expect(told(judge(recorded("curl-wrong-record", { network: dual })))).toBe("cannot-tell");
});

describe("an IPv4-mapped address that a record holds", () => {
  const whole = recorded("curl-mapped-record");
  // As where there is no A record: what is dialled comes from the mapped address alone.
  const lookups = whole.activity.lookups.map(({ answer, ...lookup }) => {
    const addresses = answer?.addresses.filter((each) => each.startsWith("::ffff:")) ?? [];
    return { ...lookup, answer: answer && { ...answer, addresses } };
  });
  const run = { ...whole, activity: { ...whole.activity, lookups } };

  it("is where the IPv4 address that is dialled comes from: it is no literal", () => {
    expect(targetsOf(run).map(({ what, origin }) => `${what} ${origin}`)).toEqual(["mapped.test name"]);
    const verdict = judge(run);
    expect(told(verdict)).toBe("server-record-wrong, certain");
    expect(verdict.kind === "cause" && verdict.remarks).toEqual([]);
  });

  it("is another thing than the address of this machine, which a resolver makes up for localhost", () => {
    const [target] = targetsOf(run);
    if (target === undefined) throw new Error("The trace has no target.");
    const telling = (address: string) =>
      target.lookups.map((lookup) => ({
        ...lookup,
        answer: lookup.answer && { ...lookup.answer, addresses: [address] },
      }));
    expect(mappedRecord({ ...target, lookups: telling("::ffff:c633:6407") })?.cause).toBe("server-record-wrong");
    expect(mappedRecord({ ...target, lookups: telling("::1") })).toBeUndefined();
  });

  it("is told of beside a program that came through by it", () => {
    const attempts = run.activity.attempts.map((each) => ({ ...each, outcome: { kind: "connected" } as const }));
    const verdict = judge({ ...run, end: { ...run.end, code: 0 }, activity: { ...run.activity, attempts } });
    expect(told(verdict)).toBe("works");
    expect(verdict.kind === "works" && verdict.remarks.map(({ cause }) => cause)).toEqual(["server-record-wrong"]);
  });
});

it("blames a slow server that a program waits for, not the program", () => {
  const verdict = judge(recorded("python-slow-patient"));
  expect(told(verdict)).toBe("server-record-wrong, probable");
});

it("takes a refusal over IPv6 for the server's word where IPv4 was to be had too", () => {
  const network = {
    name: "nat64",
    scenario: "ipv6-only-nat64",
    ipv4: "clat",
    nat64Prefix: "2001:2:0:64::/96",
  } as const;
  expect(told(judge(recorded("lab/curl-refused-by-ipv6", { network })))).toBe("not-for-want-of-ipv4, possible");
});

it("takes the way to port 53 of an address of hosts(5) for a look at the source address, as Go's library has it", () => {
  const [inHosts, nowhere] = ["192.0.2.33", ""].map((address) => {
    const hosts = `127.0.0.1 localhost\n${address === "" ? "" : `${address} printer\n`}`;
    return targetsOf(recorded("lab/python-port-53-literal", {}, { hosts })).length;
  });
  expect([inHosts, nowhere]).toEqual([0, 1]);
});

it("takes no look at a source address for the program's own way, however often its library looks", () => {
  const { activity, ...rest } = recorded("python-both");
  const { lookups, attempts } = activity;
  const looks = attempts.filter(({ transport, port }) => transport === "udp" && port !== 53);
  expect(looks.map(({ outcome }) => outcome.kind)).toEqual(["failed", "unused"]);
  const again = [...attempts, ...looks.map((each) => ({ ...each, line: each.line + 1000 }))];
  // It asks again, of a name whose other address is another one by then; or it has kept the answer.
  const changed = lookups.map(({ answer, ...lookup }) => {
    const addresses = answer?.addresses.map((each) => (each.includes(":") ? "2001:db8::2" : each)) ?? [];
    return { ...lookup, answer: answer && { ...answer, addresses } };
  });
  const moved = again.map((each) =>
    each.line > 1000 && each.family === "IPv6" ? { ...each, address: "2001:db8::2" } : each,
  );
  for (const more of [
    { attempts: again, lookups },
    { attempts: moved, lookups: [...lookups, ...changed] },
  ]) {
    const run = { ...rest, activity: { ...activity, ...more } };
    expect(targetsOf(run).flatMap((target) => target.attempts.map(({ transport }) => transport))).not.toContain("udp");
  }
});

it("has a program itself for who goes to the only address of a name: a library has nothing to sort then", () => {
  const run = recorded("python-udp-a-only");
  const words = (each: typeof run) => {
    const verdict = judge(each);
    return verdict.kind === "cause" ? verdict.finding.words : verdict.kind;
  };
  expect(words(run)).toMatch(/ never for AAAA\. It dialled 198\.51\.100\.7: ENETUNREACH after /);
  // But c-ares looks there all the same: who ends with 0 wanted no more than the address.
  expect(words({ ...run, end: { ...run.end, code: 0 } })).toBe("works");
  // Another one may be in what was not seen.
  const cut = run.activity.lookups.map(({ answer, ...lookup }) => ({
    ...lookup,
    answer: answer && { ...answer, cut: true },
  }));
  for (const more of [{ lookups: cut }, { unheard: 1 }])
    expect(words({ ...run, activity: { ...run.activity, ...more } })).toMatch(/and then dialled nothing\.$/);
});

it("judges every recorded trace in some test above", () => {
  // Of `both/` test/exec/kernel.test.ts makes something, of `containers/` test/exec/containers.test.ts.
  const files = ["", "lab/"].flatMap((folder) =>
    readdirSync(join(__dirname, "traces", folder)).map((file) => `${folder}${file}`),
  );
  const names = files.flatMap((file) => /^(.*)\.strace$/.exec(file)?.[1] ?? []);
  const judged = [...causes.map(([, name]) => name), ...nearly.map(([name]) => name), "python-slow-patient"];
  // Of test/exec/listening.test.ts.
  judged.push("python-port-taken", "python-listens-both");
  expect([...new Set(judged)].sort()).toEqual(names.sort());
});

it("keeps a literal in mind as something beside it when the program works all the same", () => {
  const verdict = judge(recorded("python-literal-then-name"));
  expect(verdict.kind === "works" && verdict.remarks.map(({ cause }) => cause)).toEqual(["ipv4-literal"]);
});

it("cannot tell what a program would have come to that somebody ended, with Ctrl-C say", () => {
  const verdict = judge(recorded("fails-alone", {}, { code: 130 }));
  expect(verdict.kind === "cannot-tell" && verdict.words).toBe("It was ended by SIGINT.");
});

it.each([
  { name: "both", scenario: "dual-stack", ipv4: "native", nat64Prefix: undefined },
  { name: "lan", scenario: "ipv6-only-nat64", ipv4: "clat", nat64Prefix: "64:ff9b::/96" },
] as const)("does not blame a literal where there is IPv4: $ipv4", (network) => {
  expect(told(judge(recorded("python-literal", { network })))).toBe("cannot-tell");
});

it("blames a literal on a network with IPv4 that the client does without (RFC 8925)", () => {
  const network = { name: "mostly", scenario: "ipv6-mostly", ipv4: "none", nat64Prefix: "64:ff9b::/96" } as const;
  expect(told(judge(recorded("python-literal", { network })))).toBe("ipv4-literal, certain");
});

it.each([
  ["127.0.0.53", "of resolv.conf(5)"],
  ["127.0.0.99", "of the program's own configuration"],
])("blames no literal where a question to %s, %s, that nobody heard may have told the address", (resolver) => {
  const strict = { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined } as const;
  const text = readFileSync(join(__dirname, "traces", "go-refused.strace"), "utf8");
  const dialled = /sin6_port=htons\(9\)[^}]*inet_pton\(AF_INET6, "[^"]*"[^}]*/g;
  const octets = spelled("198.51.100.7");
  const trace = text
    .replaceAll(spelled("127.0.0.53"), spelled(resolver))
    .replace(dialled, `sin_port=htons(9), sin_addr=inet_addr("${octets}")`)
    .replace(/sa_family=AF_INET6, sin_port=htons\(9\)/g, "sa_family=AF_INET, sin_port=htons(9)")
    .replaceAll("ECONNREFUSED", "ENETUNREACH");
  // Many a program ends with 0 all the same.
  const verdict = judge(runOf(trace, { network: strict }, { code: 0 }));
  expect(verdict.kind === "cannot-tell" && verdict.words).toMatch(/198\.51\.100\.7:9 .*names that nobody here heard/);
});

function spelled(text: string): string {
  return Buffer.from(text, "latin1").toString("hex").replace(/../g, "\\x$&");
}

/** What the resolver says while `go-refused` asks it. */
function overheard(type: number, address: number[], name = "both.test"): string {
  const [question] = recorded("go-refused").activity.attempts.filter(({ port }) => port === 53);
  return `${(question?.at ?? 0) + 0.001} ${JSON.stringify({
    state: "success",
    question: [{ class: 1, type, name }],
    answer: address.length === 0 ? [] : [{ rr: { key: { class: 1, type, name }, address } }],
  })}`;
}

it("names the names that a program asked by write(2), as the resolver heard them", () => {
  const line = overheard;
  const embedded = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 198, 51, 100, 7];
  const resolver = [line(1, [198, 51, 100, 7]), line(28, embedded), "cut {"].join("\n");
  const verdict = judge(recorded("go-refused", {}, { resolver }));
  expect(verdict.kind === "cause" && verdict.finding.words).toBe(
    "both.test:9 was found over NAT64, so over IPv4, and refused the connection.",
  );
});

it("does not blame a program for names that others asked the resolver for meanwhile", () => {
  const resolver = [overheard(1, [162, 159, 200, 1], "ntp.test"), overheard(28, [], "ntp.test")].join("\n");
  const strict = { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined } as const;
  const run = recorded("go-refused", { network: strict }, { resolver });
  expect(run.activity).toMatchObject({ lookups: [], unheard: 2 });
});

it("is never sure of a name that the resolver told, where the program dialled nothing", () => {
  const resolver = [overheard(1, [162, 159, 200, 1], "ntp.test"), overheard(28, [], "ntp.test")].join("\n");
  const strict = { name: "strict", scenario: "ipv6-only-strict", ipv4: "none", nat64Prefix: undefined } as const;
  const asked = readFileSync(join(__dirname, "traces", "go-refused.strace"), "utf8")
    .split("\n")
    .filter((line) => !line.includes("htons(9)") && !/connect\(.*(ENETUNREACH|inet_pton)/.test(line));
  expect(told(judge(runOf(asked.join("\n"), { network: strict }, { resolver })))).toBe("server-without-ipv6, possible");
});

it.each([
  ["[64:ff9b::c633:6407]:443", true],
  ["fe80::1%eth0", true],
  ["db.example:5432", false],
  ["https://app.example", false],
  ["00:01:30", false],
  ["02:00:5e:10:00:01", false],
  ["8080", false],
])("%s is an IPv6 literal: %s", (text, literal) => {
  expect(isIpv6Literal(text)).toBe(literal);
});

it.each([
  ["missing", /is not on client-1.*--put/],
  ["not-executable", /is on client-1 and may not be run/],
  ["no-tracer", /strace is not on client-1/],
  ["refused", /refused.*Nothing was run/],
  ["loopback4", /could not be taken/],
] as const)("says that nothing was run when the client says %s", (problem, words) => {
  const verdict = judge(runOf("", {}, { problem, code: 127 }));
  expect(verdict).toEqual({ kind: "not-run", words: expect.stringMatching(words) as unknown });
});

it("cannot tell of a run whose record could not be read: the program did run", () => {
  const verdict = judge(recorded("curl-both", {}, { problem: "unrecorded", code: 0 }));
  expect(verdict).toMatchObject({ kind: "cannot-tell", words: expect.stringMatching(/could not be read/) as unknown });
});

it("says why nothing was run where the kernel would not start it", () => {
  const refused =
    '1 1.0 execve("/srv/app", ["app"], 0x1) = -1 ENOEXEC (Exec format error)\n1 1.1 +++ exited with 126 +++\n';
  const verdict = judge(runOf(refused, { command: ["/srv/app"] }, { code: 126 }));
  expect(verdict).toEqual({ kind: "not-run", words: "/srv/app could not be started on client-1: ENOEXEC." });
});

it("cannot tell what a program met whose client had not wholly come to the network", () => {
  const lacks = ["the end of the address 192.168.46.9, which nat64 does not give"];
  for (const code of [0, 1]) {
    const verdict = judge(recorded("python-literal", { lacks }, { code }));
    expect(verdict).toMatchObject({ kind: "cannot-tell", words: expect.stringContaining("192.168.46.9") as unknown });
  }
});

describe("where the gateway was not as it should be", () => {
  const gatewayLacks = ["unbound.service is inactive (dead)"];

  it("a program that fails is not blamed, and what it did stands beside that", () => {
    const run = recorded("python-literal");
    expect(judge({ ...run, gatewayLacks })).toMatchObject({
      kind: "cannot-tell",
      words: expect.stringContaining(
        "on the gateway unbound.service is inactive (dead). npm run verify -- --stack dev tells more",
      ) as unknown,
      remarks: [expect.objectContaining({ cause: "ipv4-literal" })],
    });
  });

  it("a program that works does, and it was not run if it was not", () => {
    const works = runOf('1 1.0 execve("/bin/true", ["true"], 0x1) = 0\n1 1.1 +++ exited with 0 +++\n', {}, { code: 0 });
    expect(judge(works).kind).toBe("works");
    expect(judge({ ...works, gatewayLacks })).toEqual(judge(works));
    const missing = runOf("", {}, { problem: "missing", code: 127 });
    expect(judge({ ...missing, gatewayLacks })).toEqual(judge(missing));
  });
});

it("cannot tell what a program met whose client was moved to another network meanwhile, however it ended", () => {
  for (const code of [0, 1]) {
    const verdict = judge(recorded("python-literal", {}, { problem: "moved", code }));
    expect(verdict).toMatchObject({
      kind: "cannot-tell",
      words: expect.stringMatching(/^client-1 lost its link/) as unknown,
    });
  }
});

it("cannot tell what a program that never ended waited for", () => {
  const sleeping =
    '1 10.000000 execve("\\x73\\x6c", ["\\x73\\x6c"], 0x7f /* 3 vars */) = 0 <0.001>\n1 12.0 +++ killed by SIGTERM +++\n';
  expect(told(judge(runOf(sleeping, {}, { code: 143, timedOut: true })))).toBe("cannot-tell");
});

it("says beside that it was not the network what was asked of the kernel, where everything that was dialled was reached", () => {
  const whole = recorded("curl-both", {}, { code: 1 });
  const questions = recorded("sh-own-addresses").activity.ownAddressQuestions;
  const verdict = judge({ ...whole, activity: { ...whole.activity, ownAddressQuestions: questions } });
  expect(told(verdict)).toBe("not-for-want-of-ipv4, possible");
  expect(verdict.kind === "cause" && verdict.finding.words).toMatch(
    /asked the kernel for this machine's addresses \(RTM_GETADDR\), and client-1 has none of IPv4 here but 127\.0\.0\.1\.$/,
  );
});

it("tells no port where there are none, and whose answer it was", () => {
  const verdict = judge(recorded("python-icmp-literal"));
  expect(verdict.kind === "cause" && verdict.finding.words).toMatch(/^It dialled 198\.51\.100\.7, and no answer /);
  const answered = recorded("ping-answered");
  const all = judge(answered);
  expect(all.kind === "works" && all.words).toBe("It ended with 0. Reached: both.test.");
  expect(timeline(answered, targetsOf(answered)).map(({ what }) => what)).toContainEqual(
    expect.stringMatching(/^sends to 64:ff9b::c633:6407 \(both\.test\) .*: connected after .*; 64 octets out, \d+ in$/),
  );
});

it("tells another way to the own address where a datagram socket was pointed at a literal, and nothing was to leave", () => {
  const words = (name: string) => {
    const verdict = judge(recorded(name));
    return verdict.kind === "cause" ? verdict.finding.words : verdict.kind;
  };
  const trick =
    /: ENETUNREACH after \S+ s\. That sends nothing \(udp\(7\)\): if it wanted no more than its own address, /;
  expect(words("python-own-address-by-literal")).toMatch(trick);
  // They connect, or send.
  for (const name of ["python-literal", "python-phone-on-literal", "lab/python-resolver-literal"])
    expect(words(name)).not.toMatch(/own address/);
});

it("says beside what works that ::1 refused what 127.0.0.1 took, and nothing of ::1 where nobody dialled it", () => {
  const words = (name: string) => {
    const verdict = judge(recorded(name));
    return "remarks" in verdict && verdict.remarks.map(({ cause, words: text }) => `${cause}: ${text}`);
  };
  expect(words("python-localhost-on-ipv4")).toEqual([
    expect.stringMatching(
      /^loopback-ipv4: It spoke to localhost at 127\.0\.0\.1, port 7000, and not at \[::1\]:7000: ECONNREFUSED after 0\.\d+ s\.$/,
    ),
  ]);
  expect(words("python-own-loopback")).toEqual([
    expect.stringMatching(/^loopback-ipv4: It spoke to localhost at 127\.0\.0\.1, port \d+\.$/),
  ]);
});

it("does not say of a name that all of it was reached where one of its addresses refused", () => {
  const words = (name: string) => {
    const verdict = judge(recorded(name, {}, { code: 1 }));
    return verdict.kind === "cause" ? verdict.finding.words : verdict.kind;
  };
  expect(words("python-localhost-on-ipv4")).toContain("dialled was reached, each by one address at least. Reached: ");
  expect(words("python-own-loopback")).toContain("dialled was reached. Reached: ");
});

it("says beside what works that an IPv4 group was not to be joined: the one of IPv6 may be enough", () => {
  const verdict = judge(recorded("python-joins-ipv4-group", {}, { code: 0 }));
  expect(verdict).toMatchObject({ kind: "works", remarks: [{ cause: "ipv4-multicast" }] });
  const words =
    "It wanted to join the group 239.1.2.3 (IP_ADD_MEMBERSHIP): ENODEV, client-1 has no way to IPv4 groups here.";
  expect("remarks" in verdict && verdict.remarks[0]?.words).toBe(words);
});

it("has an IPv4 group that was not to be joined for one possibility, where the program spoke to somebody", () => {
  const whole = recorded("python-peer-is-ipv6");
  const { failedJoins } = recorded("python-joins-ipv4-group").activity;
  const judged = (joins: typeof failedJoins) =>
    told(judge({ ...whole, activity: { ...whole.activity, failedJoins: joins } }));
  expect(judged(failedJoins)).toBe("ipv4-multicast, possible");
  // Of a group that was joined before, or of no group.
  for (const error of ["EADDRINUSE", "EINVAL"])
    expect(judged(failedJoins.map((each) => ({ ...each, error })))).toBe(judged([]));
});

describe("the IPv6 address of a peer, of which a program may fail in itself", () => {
  const words = (verdict: Verdict) => (verdict.kind === "cause" ? verdict.finding.words : verdict.kind);
  const peerIsIpv6 = recorded("python-peer-is-ipv6");
  const { attempts } = peerIsIpv6.activity;

  it("is told of beside that everything was reached, where the program asked for it", () => {
    expect(words(judge(peerIsIpv6))).toMatch(
      / It was told the address of both\.test:80 \(getpeername\(2\)\): of IPv6\. What it made of that was not seen, and with IPv4 it may work\.$/,
    );
  });

  it("is nothing that the program fails of when it has heard an answer from there", () => {
    const received = { octets: 5, head: "hello" };
    const answered = attempts.map((each) => ({ ...each, received }));
    const verdict = judge({ ...peerIsIpv6, activity: { ...peerIsIpv6.activity, attempts: answered } });
    expect(told(verdict)).toBe("not-for-want-of-ipv4, probable");
  });

  it("is nothing that is peculiar to a network with IPv4", () => {
    const network = { ...peerIsIpv6.network, ipv4: "native" as const };
    expect(told(judge({ ...peerIsIpv6, network }))).toBe("not-for-want-of-ipv4, probable");
  });

  it("is told to a server by whoever comes from another machine", () => {
    const died = recorded("lab/python-dies-of-ipv6");
    const from = (address: string) => {
      const accepted = [{ family: "inet6" as const, address, port: 57750 }];
      const listeners = died.activity.listeners.map((each) => ({ ...each, accepted }));
      return words(judge({ ...died, activity: { ...died.activity, listeners } }));
    };
    expect(from("2001:db8::2")).toMatch(/ It was told the address of who came \(\[2001:db8::2\]:57750\): of IPv6\./);
    for (const other of ["::1", "::ffff:192.0.2.1"]) expect(from(other)).not.toContain("who came");
  });
});

it("cannot tell what a program wanted with rights that it was not given", () => {
  const verdict = judge(recorded("fails-alone", {}, { withoutRights: ["/usr/bin/sudo"] }));
  expect(verdict.kind === "cannot-tell" && verdict.words).toContain("/usr/bin/sudo takes rights from its file");
});

describe("a server that took a connection and was not seen to answer", () => {
  const whole = recorded("curl-both");
  const [attempt] = whole.activity.attempts.filter(({ transport }) => transport === "tcp");
  const over = whole.processes.all.find(({ pid }) => pid === attempt?.process)?.end?.at ?? 0;

  /** @param waited seconds, from the last that was sent. */
  const judged = (
    octets: number,
    waited: number,
    end: Partial<ProgramEnd> = {},
    more: Partial<typeof attempt> = {},
  ) => {
    const silent = {
      sent: { octets, head: "" },
      received: { octets: 0, head: "" },
      lastTraffic: over - waited,
      // It tells who is at the other end: here it is the silence alone that counts.
      askedForPeer: false,
      ...more,
    };
    const attempts = whole.activity.attempts.map((each) => (each.transport === "udp" ? each : { ...each, ...silent }));
    return judge({ ...whole, end: { ...whole.end, code: 28, ...end }, activity: { ...whole.activity, attempts } });
  };
  const words = (verdict: Verdict) => (verdict.kind === "cause" ? verdict.finding.words : verdict.words);
  const outOfTime = { code: 143, timedOut: true };

  it("may lie behind a path that carries no such packets, where more was sent than fits every path", () => {
    for (const verdict of [judged(1221, 0, outOfTime), judged(1221, 1), judged(1221, 1, { code: 137 })])
      expect(told(verdict)).toBe("path-mtu, possible");
    expect(words(judged(1221, 5))).toMatch(
      /^\S+:80 took the connection, was sent 1221 octets, and no answer was seen in 5\.000 s\.$/,
    );
  });

  it("is no reason to say that it was not the network, where its answer may be what was lost", () => {
    for (const end of [{}, outOfTime, { code: 137 }]) {
      const verdict = judged(1220, 2, end);
      expect(told(verdict)).toBe("cannot-tell");
      expect(words(verdict)).toMatch(
        / took the connection, was sent 1220 octets, and no answer was seen in 2\.000 s\.$/,
      );
    }
  });

  it("may have been waited for where nobody saw what it was sent: less is certain then, and the words say why", () => {
    const unseen = judged(0, 0, {}, { lastTraffic: undefined, endedAt: over - 1 });
    expect(told(unseen)).toBe("not-for-want-of-ipv4, possible");
    expect(words(unseen)).toMatch(
      / What went to and from \S+:80 was not seen: nothing, or by read\(2\) and write\(2\)\.$/,
    );
    const short = judged(0, 0, {}, { lastTraffic: undefined, endedAt: over - 0.999 });
    expect(told(short)).toBe("not-for-want-of-ipv4, probable");
  });

  it("waited for nobody knows how long, where the end of the program was not seen", () => {
    const all = whole.processes.all.map((each) => ({ ...each, end: undefined }));
    const processes = { ...whole.processes, all };
    const attempts = whole.activity.attempts.map((each) => ({ ...each, received: { octets: 0, head: "" } }));
    const verdict = judge({
      ...{ ...whole, processes, end: { ...whole.end, ...outOfTime } },
      activity: { ...whole.activity, attempts },
    });
    expect(words(verdict)).toMatch(/no answer was seen\.$/);
  });

  it.each<[cause: string, when: string, second: { after?: number; sent?: number; received?: number }]>([
    ["not-for-want-of-ipv4, probable", "as much was sent to it once more, and answered", {}],
    ["cannot-tell", "the other connection was there already", { after: 1 }],
    ["cannot-tell", "less was sent to it later, which may have fitted the path", { sent: 799 }],
    ["cannot-tell", "it took the next connection as silently", { received: 0 }],
  ])("%s: %s", (cause, _when, { after = 2, sent = 800, received = 1 }) => {
    if (attempt === undefined) throw new Error("curl-both has no connection");
    const { at } = attempt;
    const connection = (begun: number, out: number, back: number) => ({
      ...{ ...attempt, at: begun, lastTraffic: at + 1 },
      ...{ sent: { octets: out, head: "" }, received: { octets: back, head: "" } },
    });
    const all = whole.processes.all.map((each) => each.end && { ...each, end: { ...each.end, at: at + 9 } });
    const processes = { ...whole.processes, all: all.flatMap((each) => each ?? []) };
    const attempts = [connection(at, 800, 0), connection(at + after, sent, received)];
    const end = { ...whole.end, code: 28 };
    expect(told(judge({ ...whole, end, processes, activity: { ...whole.activity, attempts } }))).toBe(cause);
  });

  it.each<[string, Verdict]>([
    ["ended before TCP would have sent it again", judged(3000, 0.999)],
    ["sent nothing that was seen", judged(0, 5)],
    ["was answered", judged(3000, 5, {}, { received: { octets: 1, head: "" } })],
    ["spoke to its own machine", judged(3000, 5, {}, { address: "::1" })],
  ])("is none where the program %s", (_what, verdict) => {
    expect(words(verdict)).not.toMatch(/no answer was seen/);
  });

  it("does not count where the program went on and ended with 0", () => {
    expect(judged(3000, 5, { code: 0 })).toMatchObject({ kind: "works", remarks: [] });
  });
});
