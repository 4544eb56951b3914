/** The machines of a lab in the simulated vCenter, made and unmade by the engine and the plugin; nothing boots. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { fullyQualifiedStackName, LocalWorkspace, type Stack } from "@pulumi/pulumi/automation";
import { Folder } from "@pulumi/vsphere";
import { stringify } from "yaml";
import { VspherePlatform } from "../../../components/vsphere";
import { lookUpSite } from "../../../components/vsphere-site";
import { parseConfig } from "../../../plan/config";
import { planLab } from "../../../plan/lab";
import type { ClientPlan, GatewayPlan } from "../../../plan/model";
import { projectRoot } from "../../../host/paths";
import { ensureToolchain } from "../../../toolchain";
import { reconnectCard } from "../../../vcenter/session";
import { withoutGo } from "./go";
import { inSession } from "./inventory";
import { pluginEnvironment } from "./plugin";
import { startVcenter, type Vcenter } from "./server";
import { lanOf } from "../../fixtures/plan";

jest.setTimeout(2 ** 31 - 1);

const project = "turns";
const documents = { metaData: "{}", userData: "#cloud-config\n", networkConfig: "{}" };

/** @param clients MiB of memory by name. */
interface Wanted {
  /** MiB of memory by name. */
  readonly clients: Readonly<Record<string, number>>;
  /** Name of the port group that is the LAN. */
  readonly lan?: string;
  /** Something fails once the machines are there, as a lab's checks do. */
  readonly fails?: boolean;
}

function program(login: Vcenter["login"], { clients, lan = "DC0_DVPG0", fails = false }: Wanted) {
  return async (): Promise<void> => {
    const config = parseConfig({
      platform: {
        kind: "vsphere",
        datacenter: "DC0",
        placement: { cluster: "DC0_C0" },
        spreadClients: true,
        datastore: "LocalDS_0",
        template: "debian-13",
        uplinkNetwork: "VM Network",
        lanSegment: { portGroup: lan },
      },
      clients: Object.entries(clients).map(([name, memory]) => ({ name, memory })),
    });
    const plan = planLab(config, { project, stack: "test" });
    if (plan.platform.kind !== "vsphere") throw new Error("The lab is not on vSphere.");
    const site = await lookUpSite(plan.platform, login);
    const opts = { parent: new pulumi.ComponentResource("test:index:Lab", "lab") };
    const platform = new VspherePlatform("lab", plan, plan.platform, { login, site }, opts);
    const segment = platform.segment("lab-lan", lanOf(plan), opts);
    const made = (machine: GatewayPlan | ClientPlan) =>
      platform.virtualMachine(
        `lab-${machine.name}`,
        {
          plan: machine,
          documents: pulumi.secret(documents),
          cards: [{ mac: machine.role === "client" ? machine.lanMac : lanOf(plan).gatewayMac, segment }],
        },
        opts,
      );
    const machines = { gateway: made(plan.gateway), clients: plan.clients.map(made) };
    if (fails) {
      const dependsOn = [machines.gateway, ...machines.clients].map(({ resource }) => resource);
      new Folder("fails", { path: "there/is/no/such", type: "vm", datacenterId: site.datacenterId }, { dependsOn });
    } else platform.complete("lab", machines, opts);
  };
}

(withoutGo === "" ? describe : describe.skip)(`a plugin that bears one waiter at a time${withoutGo}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "ipv6lab-turns-"));
  const path = process.env.PATH;
  let vcenter: Vcenter;
  let stack: Stack;

  beforeAll(async () => {
    const { pulumi: cli, pulumiHome, searchPath } = await ensureToolchain();
    const plugin = await pluginEnvironment();
    vcenter = await startVcenter(join(__dirname, "guest.sh"));
    const plugins = { providers: [{ name: "lab", path: join(projectRoot, "provider") }] };
    writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: project, runtime: "nodejs", plugins }));
    process.env.PATH = [join(cli, ".."), plugin.PATH ?? searchPath].join(delimiter);
    stack = await LocalWorkspace.createOrSelectStack(
      {
        stackName: fullyQualifiedStackName("organization", project, "test"),
        projectName: project,
        program: program(vcenter.login, { clients: {} }),
      },
      {
        workDir: folder,
        ...(pulumiHome === undefined ? {} : { pulumiHome }),
        envVars: {
          PULUMI_BACKEND_URL: `file://${folder}`,
          PULUMI_CONFIG_PASSPHRASE: "",
          VSPHERE_SERVER: vcenter.login.server,
          VSPHERE_USER: vcenter.login.user,
          VSPHERE_PASSWORD: vcenter.login.password,
          VSPHERE_ALLOW_UNVERIFIED_SSL: "true",
        },
      },
    );
  });
  afterAll(async () => {
    process.env.PATH = path;
    await vcenter.stop();
    rmSync(folder, { recursive: true });
  });

  const up = async (wanted: Wanted) => {
    const { summary } = await stack.up({ program: program(vcenter.login, wanted) });
    return summary.resourceChanges;
  };
  const machines = () =>
    inSession(vcenter.login, async (session) => (await session.list("VirtualMachine")).map(({ name }) => name));

  it("clones a lab's machines", async () => {
    expect(await up({ clients: { a: 512, b: 512, c: 512, d: 512, e: 512 } })).toEqual({ create: 16 });
    expect(await machines()).toHaveLength(7);
  });

  it("changes two of them and removes two that are no neighbours", async () => {
    // The third that is changed is the rule that keeps them apart.
    expect(await up({ clients: { b: 768, d: 768, e: 512 } })).toMatchObject({ update: 3, delete: 4 });
    expect(await machines()).toEqual(["debian-13", ...["b", "d", "e", "gateway"].map((name) => `turns-test-${name}`)]);
  });

  it("adds one between others, which touches none of them", async () => {
    expect(await up({ clients: { b: 768, c: 512, d: 768, e: 512 } })).toEqual({ create: 2, update: 1, same: 11 });
  });

  /** The machines' ids, when they were powered on, and the networks of their cards, by name. */
  const cards = () =>
    inSession(vcenter.login, async (session) => {
      const networks = new Map((await session.list("Network")).map(({ id, name }) => [id, name]));
      const all = (await session.list("VirtualMachine")).filter(({ name }) => name.startsWith("turns-"));
      const each = all.map(async ({ id, name }) => {
        const on = (await session.networkCards(id)).map(({ network = "" }) => networks.get(network));
        const since = (await session.machine(id))?.bootTime;
        return [name.replace("turns-test-", ""), { id, since, on }] as const;
      });
      return Object.fromEntries(await Promise.all(each));
    });
  const four = { b: 768, c: 512, d: 768, e: 512 };

  it("sees that a machine has joined another network, and brings it home while it runs", async () => {
    const before = await cards();
    const moid = before.c?.id ?? "";
    const [card] = await inSession(vcenter.login, (session) => session.networkCards(moid));
    const networks = await inSession(vcenter.login, (session) => session.list("Network"));
    const network = networks.find(({ name }) => name === "VM Network")?.id ?? "";
    await reconnectCard(vcenter.login, { moid, mac: card?.mac ?? "", network }, new AbortController().signal);
    expect(await cards()).toEqual({ ...before, c: { ...before.c, on: ["VM Network"] } });
    await stack.refresh();
    // The machine, whose card is put back, and what lets its guest see that.
    expect(await up({ clients: four })).toEqual({ update: 2, same: 12 });
    expect(await cards()).toEqual(before);
  });

  it("puts all machines on another network while they run", async () => {
    const before = await cards();
    const changes = await up({ clients: four, lan: "DC0_DVPG1" });
    // Five machines; the guests of four are to see it.
    expect(changes).toMatchObject({ update: 9 });
    expect(Object.keys(changes ?? {})).not.toContain("replace");
    const to = (on: readonly (string | undefined)[]) => on.map((each) => each?.replace("DC0_DVPG0", "DC0_DVPG1"));
    const moved = Object.entries(before).map(([name, each]) => [name, { ...each, on: to(each.on) }]);
    expect(await cards()).toEqual(Object.fromEntries(moved));
  });

  it("removes all of them, those that a run has left that failed too", async () => {
    await expect(up({ clients: { c: 512, e: 512 }, fails: true })).rejects.toThrow(/error/);
    expect(await machines()).toHaveLength(6);
    await stack.destroy();
    expect(await machines()).toEqual(["debian-13"]);
  });
});
