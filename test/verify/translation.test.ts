import { createSocket } from "node:dgram";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { embedIpv4 } from "../../plan/rfc6052";
import { freePort } from "../../provider/lan-segment";
import type { CheckResult } from "../../verify/report";
import { Heard } from "../../verify/questions";
import { validatorsQuestion } from "../../verify/wire/dns";
import { judgeTranslation } from "../../verify/translation";
import { allScenarios } from "../fixtures/plan";
import { labOf } from "./fixtures";
import * as packets from "./packets";
import { canRunProbes, runProbe, runWithProbe } from "./python";

const lab = labOf({ ...allScenarios, internet: { kind: "simulated" } });

function networkNamed(name: string) {
  const network = lab.promised.networks.find((each) => each.name === name);
  if (network === undefined) throw new Error(`The fixture has no network ${name}.`);
  return network;
}

const inside = (ipv4: string): string => embedIpv4(lab.promised.nat64.prefix, ipv4);
const [first, second, router] = ["192.0.2.58", "192.0.2.59", "192.0.2.2"].map(inside);

/** What the probe says when all is as it should be. */
const right: Readonly<Record<string, string>> = {
  udp: `${first} 192.0.2.1 61001 40`,
  mapping: `${second} 30 192.0.2.1 61001 40`,
  unsummed: `${first} 30 192.0.2.1 61001 40`,
  large: `${first} 4000 192.0.2.1 61001 40`,
  fragments: `${first} 30 192.0.2.1 61001 4000`,
  filtering: `${second}`,
  hairpin: `${inside("192.0.2.1")} 61002 50000`,
  unreachable: `1 4 0 ${first}`,
  hop: `3 0 0 ${router}`,
  toobig: `2 0 1300 ${router}`,
};
const answers: Readonly<Record<string, string>> = {
  kept: packets.dns(0, "3fff:10:0:32::42"),
  validator: packets.dns(0),
};

const strictLab = labOf({
  ...allScenarios,
  internet: { kind: "simulated" },
  nat64: { addressDependentFiltering: true },
});

/** The rows that fail when one thing is otherwise; undefined: nothing came. */
function failures(change: Readonly<Record<string, string | undefined>> = {}, network = "nat64"): string[] {
  return judged(change, network)
    .filter(({ status }) => status === "fail")
    .map(({ check }) => check);
}

function judged(
  change: Readonly<Record<string, string | undefined>>,
  network: string,
  where = lab,
  mtu = networkNamed(network).mtu,
): CheckResult[] {
  const heard = (all: Readonly<Record<string, string>>): Heard => {
    const names = Object.keys(all).filter((name) => !(name in change) || change[name] !== undefined);
    return new Heard(names.map((name) => `${name} ${change[name] ?? all[name] ?? ""}`).join("\n"));
  };
  return judgeTranslation("client-1 @ nat64", {
    lab: where,
    network: { ...networkNamed(network), mtu },
    tried: heard(right),
    said: heard(answers),
  });
}

describe("what a translator owes to a client", () => {
  it("is all there in a lab as it should be", () => {
    expect(judged({}, "nat64")).toHaveLength(12);
    expect(failures()).toEqual([]);
    // What has none is taken for the gateway's, and told once for all networks.
    expect(new Set(judged({}, "nat64").map(({ network }) => network))).toEqual(new Set(["nat64"]));
  });

  it.each([
    [1500, 1300],
    [1301, 1300],
    [1290, 1290],
    [1280, 1280],
  ])("is told of the MTU of the whole way, its own network's among them: %i, %i", (mtu, said) => {
    const rowOf = (told: number) =>
      judged({ toobig: `2 0 ${told} ${router}` }, "nat64", lab, mtu).find(({ check }) => check.includes("Too Big"));
    expect(rowOf(said)).toMatchObject({ status: "pass", check: expect.stringContaining(` ${said} behind`) as unknown });
    expect(rowOf(said - 1)?.status).toBe("fail");
  });

  it("has no rows on DNS64 where there is none", () => {
    expect(judged({}, "pref64")).toHaveLength(10);
  });

  it.each<[string, Readonly<Record<string, string | undefined>>, readonly RegExp[]]>([
    ["no answer comes", { udp: undefined }, [/datagrams/, /one socket/]],
    ["the answer comes from elsewhere", { udp: `${second} 192.0.2.1 61001 40` }, [/datagrams/]],
    ["another port for another server", { mapping: `${second} 30 192.0.2.1 61009 40` }, [/one socket/]],
    ["another address for another server", { mapping: `${second} 30 192.0.2.9 61001 40` }, [/one socket/]],
    ["the second server is out of reach", { mapping: undefined }, [/one socket/]],
    ["only the one who was asked may answer", { filtering: undefined }, [/whoever knows/]],
    ["who was asked answers where the other is to", { filtering: first }, [/whoever knows/]],
    ["nothing comes back in from inside", { hairpin: undefined }, [/hairpinning/]],
    ["it comes from inside without having been outside", { hairpin: "fc01::2 50000 50000" }, [/hairpinning/]],
    ["a datagram without checksum is dropped", { unsummed: undefined }, [/without checksum/]],
    ["fragments do not come", { large: undefined }, [/comes in fragments/]],
    ["fragments do not go", { fragments: undefined }, [/goes in fragments/]],
    ["nobody says that a port is closed", { unreachable: undefined }, [/closed/]],
    ["the gateway itself says so", { unreachable: `1 4 0 fc01:0:0:1::1` }, [/closed/]],
    ["it is called something else", { unreachable: `1 1 0 ${first}` }, [/closed/]],
    ["it is called out of time", { unreachable: `3 4 0 ${first}` }, [/closed/]],
    ["the router is not seen", { hop: `3 0 0 fc01:0:0:1::1` }, [/traceroute/]],
    ["the router lost a piece", { hop: `3 1 0 ${router}` }, [/traceroute/]],
    ["the router says something else", { hop: `1 0 0 ${router}` }, [/traceroute/]],
    ["no hop is seen", { hop: undefined }, [/traceroute/]],
    ["the IPv4 MTU is said as it is", { toobig: `2 0 1280 ${router}` }, [/Packet Too Big/]],
    ["nobody says too big", { toobig: undefined }, [/Packet Too Big/]],
    [
      "an address is made up beside the one that there is",
      { kept: packets.dns(0, "3fff:10:0:32::42", "64:ff9b::1") },
      [/keeps it/],
    ],
    [
      "an address is made up in the place of the one that there is",
      { kept: packets.dns(0, "64:ff9b::1") },
      [/keeps it/],
    ],
    ["the name is not found", { kept: packets.dns(2) }, [/keeps it/]],
    ["an address is made up for who validates", { validator: packets.dns(0, "64:ff9b::c000:228") }, [/validates/]],
    ["who validates gets no answer", { validator: undefined }, [/validates/]],
    ["who validates gets SERVFAIL", { validator: packets.dns(2) }, [/validates/]],
    ["who validates is refused", { validator: packets.dns(5) }, [/validates/]],
    ["who validates is told that the name is not there", { validator: packets.dns(3) }, [/validates/]],
  ])("is seen to be missing: %s", (_what, change, rows) => {
    const failed = failures(change);
    expect(failed).toHaveLength(rows.length);
    rows.forEach((row, index) => {
      expect(failed[index]).toMatch(row);
    });
  });

  it.each([
    ["of no answer", undefined, "no answer"],
    ["of an answer without an address", packets.dns(2), "dualstack.test: no AAAA (RCODE 2)"],
  ])("speaks %s as it was", (_what, kept, evidence) => {
    expect(judged({ kept }, "nat64").find(({ check }) => check.includes("keeps it"))).toMatchObject({ evidence });
  });

  it("is an answer from elsewhere that is dropped, where the configuration filters by address", () => {
    const of = (change: Readonly<Record<string, string | undefined>>) =>
      judged(change, "nat64", strictLab).find(({ check }) => check.includes("REQ-8"))?.status;
    expect(of({ filtering: undefined })).toBe("pass");
    expect(of({})).toBe("fail");
    expect(of({ filtering: undefined, mapping: undefined })).toBe("skipped");
  });

  it("is asked for with the CD bit, and DO in an OPT record of no options", () => {
    const question = validatorsQuestion("a.test", "AAAA");
    expect(question).toBe("6c6101100001000000000001" + "0161" + "0474657374" + "00001c0001" + "00002904d0000080000000");
  });
});

// 127.0.0.2 is this machine's on Linux alone; an IPv4-mapped address leads there as one inside a NAT64 prefix would.
const canTry = canRunProbes("the two ends of the translation's probe");
(canTry ? it : it.skip)(
  "the two ends of the probe understand each other",
  async () => {
    const port = freePort(new Set());
    const servers = runProbe("reflector.py", ["127.0.0.2", "127.0.0.3"], port, "secret", 30);
    const ended = once(servers, "exit");
    const pool = { prefix: "ffff00000000".padStart(32, "0"), length: 96 };
    const places = {
      first: "::ffff:127.0.0.2",
      second: "::ffff:127.0.0.3",
      narrow: "::ffff:127.0.0.4",
      port,
      pool,
      patience: 0.2,
    };
    const said = new Heard(await text(runProbe("translation.py", places, "secret").stdout));
    const [outer = "none"] = /127\.0\.0\.1 \d+/.exec(said.of("udp")[0] ?? "") ?? [];
    expect(said.of("udp")[0]).toBe(`::ffff:127.0.0.2 ${outer} ${"secret 1 same ".length}`);
    expect(said.of("mapping")[0]).toMatch(new RegExp(`^::ffff:127\\.0\\.0\\.3 \\d+ ${outer} \\d+$`));
    expect(said.of("unsummed")[0]).toMatch(/^::ffff:127\.0\.0\.2 /);
    expect(said.of("large")[0]).toMatch(/^::ffff:127\.0\.0\.2 4000 /);
    expect(said.of("fragments")[0]).toMatch(/ 4000$/);
    expect(said.of("filtering")).toEqual(["::ffff:127.0.0.3"]);
    expect(said.of("hairpin")[0]).toMatch(/^::ffff:127\.0\.0\.1 (\d+) \1$/);
    expect(await ended).toEqual([0, null]);
  },
  60_000,
);

(canTry ? it : it.skip)("the probe tells why it could send nothing, where there is no way", async () => {
  // The kernel has no way there for whoever has not asked for broadcasts.
  const nowhere = "::ffff:255.255.255.255";
  const places = { first: nowhere, second: nowhere, narrow: nowhere, port: 7, pool: {}, patience: 0.1 };
  const tried = new Heard(await text(runProbe("translation.py", places, "secret").stdout));
  expect(tried.of("unsent")).toEqual([expect.stringMatching(/unreachable|Permission denied/)]);
  const [row] = judgeTranslation("client-1", {
    ...{ lab, network: networkNamed("nat64"), tried },
    said: new Heard(""),
  });
  expect(row).toMatchObject({ status: "fail", evidence: `no answer from ${first}: ${tried.of("unsent")[0] ?? ""}` });
});

(canTry ? it : it.skip)(
  "the probe asks again where nobody listened at first, and the error of that is no answer",
  async () => {
    const port = freePort(new Set());
    const child = runWithProbe(
      "translation.py",
      `tell("asks")\ntell(*Reflector(${port}, 20, "secret").ask(new_socket(), "::1", "same"))`,
    );
    const said = text(child.stdout);
    await once(child.stdout, "readable");
    // Some questions are refused meanwhile.
    await sleep(1200);
    const server = createSocket("udp6");
    server.on("message", (question, { port: asker }) => {
      server.send(`${question.toString().split(" ")[1]} here 1 2 `, asker, "::1");
    });
    server.bind(port, "::1");
    expect(await said).toContain("::1");
    server.close();
  },
  60_000,
);
