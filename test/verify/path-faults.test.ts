import { pathFaults } from "../../plan/path-faults";
import { faultNamed } from "../../cli/commands/fault";
import { faultTable } from "../../services/path-faults";
import { type FaultOn, faultsOnLine, otherSlowOnes, readFaultsOn, switchingOn } from "../../verify/path-faults";
import { formatReport, makeReport } from "../../verify/report";
import { parseSections } from "../../verify/sections";
import { access, printed } from "./fixtures";

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
          expr: [{ match: {} }, ...(packets === undefined ? [] : [{ counter: { packets, bytes: 1 } }])],
        },
      })),
    ],
  });
}

function on(name: string, affected: typeof client | undefined, packets = 0): FaultOn {
  const table = faultTable(faultNamed(name), affected);
  return { name, client: affected?.name ?? "all", packets, table };
}

describe("which faults are on", () => {
  it("is read from the gateway's rules, each once, with the packets that they have met", () => {
    const table = faultTable(faultNamed("v4-blackhole"), client);
    const sections = parseSections(
      printed({
        faults: ruleset(
          { table, comment: "v4-blackhole client-1", packets: 3 },
          { table, comment: "v4-blackhole client-1", packets: 4 },
          { table: faultTable(faultNamed("mobile"), undefined), comment: "mobile all" },
          { table: "of somebody else", comment: "v6-loss client-1" },
          { table },
        ),
      }),
    );
    expect(readFaultsOn(sections)).toEqual([on("mobile", undefined), on("v4-blackhole", client, 7)]);
  });

  it("is never none because the gateway did not tell", () => {
    const sections = parseSections(printed({ faults: "no nft" }, { faults: 127 }));
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

describe("switching a fault on", () => {
  it("tells tc of the bands first where it is slow, counted, and then nft of the rules", () => {
    const [count, ...lines] = switchingOn(faultNamed("mobile"), client, access.promised).split("\n");
    expect(Number(count)).toBeGreaterThan(1);
    expect(lines.slice(0, Number(count)).every((line) => line.startsWith("qdisc replace dev lan "))).toBe(true);
    expect(lines[Number(count)]).toMatch(/^table netdev ipv6_only_lab_fault_/);
    expect(switchingOn(faultNamed("v6-loss"), client, access.promised)).toMatch(/^0\ntable netdev /);
  });

  it.each([
    ["mobile", client, [on("satellite", client)], ["satellite"]],
    ["mobile", client, [on("v4-delay-50", undefined)], ["v4-delay-50"]],
    ["v6-delay-50", undefined, [on("v6-delay-100", client)], ["v6-delay-100"]],
    ["v6-delay-50", client, [on("v4-delay-50", client)], []],
    ["v6-delay-50", client, [on("v6-delay-100", { ...client, name: "client-2" })], []],
    ["mobile", client, [on("mobile", client), on("slow-dns", client), on("v4-loss", client)], []],
    ["v4-loss", client, [on("mobile", client)], []],
  ] as const)("%s for %j beside %j is held up by %j", (name, affected, there, expected) => {
    expect(otherSlowOnes(faultNamed(name), affected, there, pathFaults).map((each) => each.name)).toEqual(expected);
  });

  it("that nobody knows lists the known ones", () => {
    expect(() => faultNamed("v6-blakhole")).toThrow(
      /^There is no fault v6-blakhole .* Did you mean v6-blackhole\? There are: v6-blackhole, v4-blackhole, /,
    );
    expect(() => faultNamed("")).toThrow(/^Which fault\? /);
  });
});
