import { readAccess } from "../../cli/recorded-access";
import { tour } from "../../cli/tour";
import { networkNamed, type LabAccess } from "../../verify/access";
import { makeReport, type Report } from "../../verify/report";
import { all, breakAndMend, notPassed } from "./breaking";
import { type InternetBreakage, internetBreakages } from "./breakages-internet";
import { Stack } from "./harness";
import { story } from "./story";

/** One client with everything that can break, and one to talk to. */
const config = {
  internet: { kind: "simulated" },
  networks: [
    { name: "nat64", scenario: "ipv6-only-nat64" },
    { name: "strict", scenario: "ipv6-only-strict" },
    { name: "dual", scenario: "dual-stack", ipv4: "192.168.46.0/24" },
  ],
  clients: [
    { name: "client-1", network: "nat64", clat: true },
    { name: "client-2", network: "dual" },
  ],
  nat64: {
    prefix: "2001:db8:64::/96",
    // So that one is reached from the other by NAT64 too.
    allowedIpv4: ["192.168.46.0/24"],
    staticBindings: [
      { client: "client-1", port: 80, outsidePort: 61_080 },
      { client: "client-1", protocol: "UDP", port: 53, outsidePort: 61_053 },
    ],
  },
};

const title = "a lab that is broken on the way to its internet";
if (all) describe(title, brokenLab);
else test.skip(`${title} (skipped: IPV6LAB_BREAKAGES=all asks for it)`, () => undefined);

function brokenLab(): void {
  const lab = new Stack("e2e-breakages-internet");
  const step = story(lab);
  let access: LabAccess;

  step("is whole at first", async () => {
    lab.configure(config);
    await lab.succeed("up");
    access = await readAccess(lab.name);
    expect(notPassed(await look(access))).toEqual([]);
  });

  describe("is noticed, and mended by the first advice", () => {
    test.each(internetBreakages.map((each): [string, InternetBreakage] => [each.name, each]))(
      "when %s",
      (_name, breakage) => breakAndMend(lab, access, breakage, look),
    );
  });

  step("goes away", async () => {
    await lab.succeed("destroy");
  });
}

/** As `verify --network` looks, at few of all ways into the simulated internet: each takes its time. */
async function look(
  access: LabAccess,
  { from, proxies = false }: Pick<InternetBreakage, "from" | "proxies"> = { proxies: true },
  wait = 0,
): Promise<Report> {
  const [client] = access.clients;
  if (client === undefined) throw new Error("The lab has a client.");
  // One that works everywhere beside one that does not: where nothing works, a failure proves nothing.
  const ways = access.promised.faults.filter(
    ({ name, proxy }) => ["to-v4only", "to-v6only"].includes(name) || (proxies && proxy !== undefined),
  );
  const seen = { ...access, promised: { ...access.promised, faults: ways } };
  const context = { signal: new AbortController().signal, progress: () => undefined, wait };
  const { report } = await tour(seen, client, [networkNamed(access, from ?? client.network)], context);
  // Its static bindings lead to where it lives, which is told of each time that it is elsewhere.
  const told = report.results.filter(
    ({ evidence }) => from === undefined || !evidence.endsWith("lead to where it lives"),
  );
  return makeReport(report.lab, told, []);
}
