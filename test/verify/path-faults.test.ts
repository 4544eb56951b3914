import { faultNamed, notOn } from "../../cli/commands/fault";
import { faultTable } from "../../services/path-faults";
import {
  type FaultOn,
  faultsOnLine,
  inTheWay,
  meetsNothingLine,
  onForOneOf,
  readFaultsOn,
  switchingOn,
  whose,
} from "../../verify/path-faults";
import { answeredTarget, questionTarget, targetOf } from "../../verify/fault-target";
import { SshConnection } from "../../ssh";
import { Client } from "ssh2";
import { formatReport, makeReport } from "../../verify/report";
import { parseSections } from "../../verify/sections";
import { access, labOf, printed } from "./fixtures";

/** A machine that no question reaches. */
const nobody = { connection: new SshConnection(new Client(), jest.fn()), signal: AbortSignal.abort() };

const client = { name: "client-1", mac: "8a:71:1e:21:42:7e" };

/** What nft prints, with other tables beside. */
function ruleset(...rules: readonly { table: string; comment?: string; packets?: number }[]): string {
  return JSON.stringify({
    nftables: [
      { metainfo: {} },
      { table: { family: "netdev", name: "of somebody else" } },
      ...rules.map(({ packets, ...rule }) => ({
        rule: {
          ...rule,
          chain: "one",
          expr: [{ match: {} }, ...(packets === undefined ? [] : [{ counter: { packets, bytes: 1 } }])],
        },
      })),
    ],
  });
}

function tableOf(name: string, affected: typeof client | undefined): string {
  return faultTable({ fault: faultNamed(name), affected, target: undefined });
}

function on(name: string, affected: typeof client | undefined, packets = 0): FaultOn {
  const table = tableOf(name, affected);
  return { name, client: affected?.name ?? "all", to: "everywhere", packets, table, atWork: true };
}

describe("which faults are on", () => {
  it("is read from the gateway's rules, each once, with the packets that they have met", () => {
    const table = tableOf("v4-blackhole", client);
    const sections = parseSections(
      printed({
        faults: ruleset(
          { table, comment: "v4-blackhole client-1 everywhere", packets: 3 },
          { table, comment: "v4-blackhole client-1 everywhere", packets: 4 },
          { table: tableOf("mobile", undefined), comment: "mobile all everywhere" },
          { table: "of somebody else", comment: "v6-loss client-1" },
          { table },
        ),
        answers: "",
      }),
    );
    expect(readFaultsOn(sections)).toEqual([on("mobile", undefined), on("v4-blackhole", client, 7)]);
  });

  it("and of answers is not at work when the faulty resolver does not know of it", () => {
    const faults = ["dns-nxdomain", "dns-no-a"].map((name) => ({
      table: tableOf(name, client),
      comment: `${name} client-1 everywhere`,
    }));
    const seen = (answers: string) => readFaultsOn(parseSections(printed({ faults: ruleset(...faults), answers })));
    const [noA, nxdomain] = [on("dns-no-a", client), on("dns-nxdomain", client)];
    expect(seen('"5300 dns-nxdomain client-1 everywhere"\n"5300 dns-no-a client-1 everywhere"')).toEqual([
      noA,
      nxdomain,
    ]);
    expect(seen('"5300 dns-nxdomain client-1 everywhere"')).toEqual([{ ...noA, atWork: false }, nxdomain]);
    expect(seen(";; communications error to ::1#5300: connection refused").map(({ atWork }) => atWork)).toEqual([
      false,
      false,
    ]);
    expect(faultsOnLine([nxdomain, { ...noA, atWork: false }], "dev")).toMatch(
      / What is not at work leads to the faulty/,
    );
    expect(faultsOnLine([{ ...noA, atWork: false }], "dev")).toMatch(
      /^Faults are on: dns-no-a for client-1 \(NOT at work\)\. What is not at work leads to the faulty resolver .* off all takes/,
    );
  });

  it("is never none because the gateway did not tell", () => {
    const sections = parseSections(printed({ faults: "no nft", answers: "" }, { faults: 127 }));
    expect(() => readFaultsOn(sections)).toThrow("does not tell which faults are on: no nft");
  });

  it("stands at the head of a report", () => {
    const faultsOn = faultsOnLine([on("mobile", undefined), on("v4-blackhole", client)], "dev");
    expect(faultsOn).toBe(
      "Faults are on: mobile for all clients, v4-blackhole for client-1. npm run fault -- --stack dev off all takes them away.",
    );
    const report = makeReport("lab", [], []);
    expect(formatReport({ ...report, faultsOn: faultsOn ?? "" }).split("\n")[0]).toBe(faultsOn);
    expect(formatReport(report)).not.toContain("Faults");
    expect(faultsOnLine([], "dev")).toBeUndefined();
  });
});

describe("two clients", () => {
  it("differ by the faults that one of them meets and the other does not", () => {
    const second = { ...client, name: "client-2" };
    const third = { ...client, name: "client-3" };
    const differing = (...there: FaultOn[]) => onForOneOf("client-1", "client-2", there);
    const [own, others] = [on("v4-blackhole", client), on("v4-blackhole", second)];
    expect(differing(own)).toEqual([own]);
    expect(differing(others)).toEqual([others]);
    expect(differing(own, others)).toEqual([]);
    expect(differing(own, on("v4-blackhole", undefined))).toEqual([]);
    expect(differing(on("mobile", undefined), on("v4-blackhole", third))).toEqual([]);
    expect(differing(own, on("v4-loss", second))).toHaveLength(2);
    expect(differing(own, { ...others, to: "dualstack.test" })).toHaveLength(2);
    expect(onForOneOf("client-1", "client-1", [own])).toEqual([]);
  });
});

describe("switching a fault on", () => {
  it("hands over the faulty resolver's program where it takes one, counted too", () => {
    const each = { fault: faultNamed("dns-nodata"), affected: client, target: undefined };
    expect(switchingOn(each, access.promised, "one\ntwo\n")).toMatch(/^0 2\none\ntwo\ntable netdev /);
  });

  it("tells tc of the bands first where it is slow, counted, and then nft of the rules", () => {
    const [counts = "", ...lines] = switchingOn(
      { fault: faultNamed("mobile"), affected: client, target: undefined },
      access.promised,
    ).split("\n");
    const [count, none] = counts.split(" ");
    expect(none).toBe("0");
    expect(Number(count)).toBeGreaterThan(1);
    expect(lines.slice(0, Number(count)).every((line) => line.startsWith("qdisc replace dev lan "))).toBe(true);
    expect(lines[Number(count)]).toMatch(/^table netdev ipv6_only_lab_fault_/);
    expect(switchingOn({ fault: faultNamed("v6-loss"), affected: client, target: undefined }, access.promised)).toMatch(
      /^0 0\ntable netdev /,
    );
  });

  it.each([
    ["mobile", client, [on("satellite", client)], ["satellite"]],
    ["mobile", client, [on("v4-delay-50", undefined)], ["v4-delay-50"]],
    ["v6-delay-50", undefined, [on("v6-delay-100", client)], ["v6-delay-100"]],
    ["v6-delay-50", client, [on("v4-delay-50", client)], []],
    ["v6-delay-50", client, [on("v6-delay-100", { ...client, name: "client-2" })], []],
    ["mobile", client, [on("mobile", client), on("slow-dns", client), on("v4-loss", client)], []],
    ["v4-loss", client, [on("mobile", client)], []],
    ["dns-nxdomain", client, [on("dns-servfail", client)], ["dns-servfail"]],
    ["dns-nxdomain", client, [on("dns-no-a", undefined)], ["dns-no-a"]],
    ["dns-no-aaaa", undefined, [on("dns-refused", client)], ["dns-refused"]],
    // Both are at work, whichever answers.
    ["dns-no-aaaa", client, [on("dns-no-a", client), on("dns-nodata", client)], []],
    ["dns-nxdomain", client, [on("dns-nxdomain", undefined)], []],
    ["dns-wrong-a", client, [on("dns-no-a", client), on("dns-no-aaaa", client)], ["dns-no-a"]],
    ["dns-nxdomain", client, [on("mobile", client)], []],
    ["mobile", client, [on("dns-nxdomain", client), { ...on("v4-loss", client), name: "of another version" }], []],
    ["dns-nxdomain", client, [on("dns-servfail", { ...client, name: "client-2" }), on("dns-silent", client)], []],
  ] as const)("%s for %j beside %j is held up by %j", (name, affected, there, expected) => {
    expect(
      inTheWay({ fault: faultNamed(name), affected, target: undefined }, there).map(({ other }) => other.name),
    ).toEqual(expected);
  });

  it("to another host than a slow one is not held up by it", () => {
    const there = [{ ...on("satellite", client), to: "v6only.test" }];
    const to = (name: string) => ({
      fault: faultNamed("mobile"),
      affected: client,
      target: { name, ipv6: ["::1"], ipv4: [] },
    });
    expect(inTheWay(to("dualstack.test"), there)).toEqual([]);
    // Each of the two has packets to everywhere.
    expect(inTheWay({ ...to("v6only.test"), target: undefined }, there)).toHaveLength(1);
    expect(inTheWay(to("v6only.test"), [on("satellite", client)])).toHaveLength(1);
    expect(inTheWay(to("v6only.test"), there)).toEqual([
      { other: there[0], why: "a packet can be late in one way only" },
    ]);
    expect(whose(there[0] ?? on("mobile", client))).toBe("client-1 to v6only.test");
  });

  it("of answers about another name is not held up, be it below or above", () => {
    const there = [{ ...on("dns-servfail", client), to: "api.example" }];
    const of = (name: string | undefined) =>
      inTheWay(
        {
          fault: faultNamed("dns-nxdomain"),
          affected: client,
          target: name === undefined ? undefined : questionTarget(name),
        },
        there,
      ).map(({ why }) => why);
    expect(of(undefined)).toEqual([]);
    expect(of("www.api.example")).toEqual([]);
    expect(of("API.example.")).toEqual(["a question has one answer"]);
  });

  it("of answers about a name asks nobody, and takes no address", () => {
    expect(questionTarget("_imaps._tcp.Example.ORG.")).toEqual({ name: "_imaps._tcp.example.org", ipv6: [], ipv4: [] });
    for (const name of ["a.b", "1.example", `${"x.".repeat(31)}x`])
      expect(questionTarget(name)).toMatchObject({ name });
    for (const words of ["192.0.2.1", "3fff:10::1", "a b", "", "x.".repeat(40), "Everywhere"])
      expect(() => questionTarget(words)).toThrow(`--to ${words}: answers are of names`);
  });

  it("to a name takes the addresses that a resolver with DNS64 answered, those that it synthesized left out", () => {
    const answer = "dualstack.test.\n192.0.2.42\n64:ff9b::c000:22a\n3fff:10:0:32::42\n";
    expect(answeredTarget("alias.test", answer, "64:ff9b::/96")).toEqual({
      name: "alias.test",
      ipv4: ["192.0.2.42"],
      ipv6: ["3fff:10:0:32::42"],
    });
  });

  it.each([
    ["3FFF:10::42", { name: "3fff:10::42", ipv6: ["3fff:10::42"], ipv4: [] }],
    ["3fff:10::/32", { name: "3fff:10::/32", ipv6: ["3fff:10::/32"], ipv4: [] }],
    ["192.0.2.42", { name: "192.0.2.42", ipv6: [], ipv4: ["192.0.2.42/32"] }],
    ["192.0.2.0/24", { name: "192.0.2.0/24", ipv6: [], ipv4: ["192.0.2.0/24"] }],
  ])("to %s asks nobody", async (words, target) => {
    expect(await targetOf(words, labOf().promised, nobody)).toEqual(target);
  });

  it("to a name asks a resolver that the lab has, and tells its silence from its ignorance", async () => {
    const { promised } = labOf({ networks: [{ name: "dual", scenario: "dual-stack", prefix: "2001:db8:1::/64" }] });
    const telling = (code: number, stdout: string) => {
      const connection = new SshConnection(new Client(), jest.fn());
      const exec = jest.spyOn(connection, "exec").mockResolvedValue({ code, signal: undefined, stdout, stderr: "" });
      return { connection, exec, signal: new AbortController().signal };
    };
    const knowing = telling(0, "192.0.2.7\n");
    expect(await targetOf("a.test", promised, knowing)).toMatchObject({ ipv4: ["192.0.2.7"], ipv6: [] });
    expect(knowing.exec.mock.calls[0]?.[0]).toContain(" @2001:db8:1::1 'a.test' A ");
    const both = telling(0, "192.0.2.7\n2001:db8::7\n");
    expect(await targetOf("a.test", promised, both)).toMatchObject({ ipv4: ["192.0.2.7"], ipv6: ["2001:db8::7"] });
    const ignorant = telling(0, "alias.test.\n");
    await expect(targetOf("a.test", promised, ignorant)).rejects.toThrow("knows no address of that name");
    const silent = telling(9, ";; communications error\n;; no servers could be reached\n");
    const why = "the gateway's resolver at 2001:db8:1::1 could not be asked: communications error";
    await expect(targetOf("a.test", promised, silent)).rejects.toThrow(`--to a.test: ${why}`);
  });

  it.each(["3fff:10::1/32", "192.0.2.300", "1.2.3", "a b", 'x"; drop', "-x"])("to %s is refused", async (words) => {
    await expect(targetOf(words, labOf().promised, nobody)).rejects.toThrow(`--to ${words}: it `);
  });

  it("that nobody knows lists the known ones", () => {
    expect(() => faultNamed("v6-blakhole")).toThrow(
      /^There is no fault v6-blakhole .* Did you mean v6-blackhole\? There are: v6-blackhole, v4-blackhole, /,
    );
    expect(() => faultNamed("")).toThrow(/^Which fault\? /);
  });

  it("of long packets is said to meet nothing where no packet is long enough", () => {
    const { promised } = labOf({
      uplink: { ipv6: "nat66" },
      networks: [
        { name: "usual", scenario: "ipv6-only-nat64", prefix: "2001:db8:1::/64" },
        { name: "short", scenario: "ipv6-only-nat64", prefix: "2001:db8:2::/64", mtu: 1280 },
        // Whose hosts send IPv4 packets as long as their card takes them.
        { name: "dual", scenario: "dual-stack", prefix: "2001:db8:3::/64", ipv4: "192.168.46.0/24", mtu: 1280 },
      ],
    });
    const said = (name: string) => meetsNothingLine(faultNamed(name), promised);
    expect(said("v6-mtu-silent")).toBe(
      "It meets nothing on dual, short: no IPv6 packet there is longer than 1280 octets.",
    );
    expect(said("v4-mtu-silent")).toBe("It meets nothing on short: no IPv6 packet there is longer than 1280 octets.");
    expect(said("v6-no-fragments")).toBeUndefined();
  });

  it.each<[string, Readonly<Record<string, unknown>>, string | undefined]>([
    ["has no IPv6 outside", {}, "It meets nothing: no IPv6 leads out of this lab (uplink.ipv6 is none). "],
    ["is routed", { uplink: { kind: "bridged", bridge: "br0", ipv6: "native" } }, undefined],
    ["is masqueraded", { uplink: { ipv6: "nat66" } }, undefined],
    ["has a simulated internet", { internet: { kind: "simulated" } }, undefined],
  ])("of IPv6 is said to meet nothing or not where the lab %s", (_lab, raw, words) => {
    const { promised } = labOf(raw);
    const said = (name: string) => meetsNothingLine(faultNamed(name), promised);
    const expected: unknown = words === undefined ? undefined : expect.stringContaining(words);
    expect(said("v6-blackhole")).toEqual(expected);
    expect(said("v6-mtu-silent")).toEqual(expected);
    for (const name of ["v4-blackhole", "mobile", "dns-no-a"]) expect(said(name)).toBeUndefined();
  });

  it.each<[string, readonly string[], readonly FaultOn[], string]>([
    ["where it is on for nobody", [], [], "v4-loss is not on. npm run fault -- --stack dev list tells what is."],
    [
      "where it is on for another client",
      ["client-1"],
      [lossFor("client-2")],
      "v4-loss is not on for client-1. npm run fault -- --stack dev list tells what is.",
    ],
    [
      "where it is on for all, whoever is meant",
      ["client-1"],
      [lossFor("all")],
      "v4-loss is on for all clients at once, and cannot be taken away from client-1 alone: npm run fault -- --stack dev off v4-loss takes it away.",
    ],
  ])("cannot be switched off %s", (_where, names, on, words) => {
    expect(notOn("v4-loss", names, on, "dev")).toBe(words);
  });
});

function lossFor(whom: string): FaultOn {
  return { name: "v4-loss", client: whom, to: "everywhere", packets: 0, table: "t", atWork: true };
}
