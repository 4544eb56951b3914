import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { cardsOf as platformCards } from "../../../cli/cards";
import { withWhereabouts } from "../../../cli/whereabouts";
import { lookUpSite } from "../../../components/vsphere-site";
import { vsphereGuestHandler } from "../../../provider/vsphere-guest";
import { freeTcpPort } from "../../../provider/qemu/ports";
import { VcenterError } from "../../../vcenter/errors";
import { reconnectCard, type VcenterLogin } from "../../../vcenter/session";
import { RecordingMocks } from "../../components/mocks";
import { z } from "zod";
import { planOf } from "../../fixtures/plan";
import { platformWith } from "../../plan/bad-vsphere";
import { labOf } from "../../verify/fixtures";
import { withoutGo } from "./go";
import { addPortGroup, call, clone, disconnect, inSession } from "./inventory";
import { startVcenter, type Vcenter } from "./server";

jest.setTimeout(600_000);

const folder = mkdtempSync(join(tmpdir(), "ipv6lab-vcenter-"));
const changes = join(folder, "changes");

let vcenter: Vcenter;
let login: VcenterLogin;
let stop = (): Promise<void> => Promise.resolve();
beforeAll(async () => {
  if (withoutGo !== "") return;
  vcenter = await startVcenter(join(__dirname, "guest.sh"), { VCENTER_CHANGES: changes });
  stop = () => vcenter.stop();
  ({ login } = vcenter);
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});
const describeVcenter = withoutGo === "" ? describe : describe.skip;

const nothing = (): void => undefined;
const context = { signal: new AbortController().signal, progress: nothing, info: nothing, warn: nothing };

async function problemOf(changed: Partial<VcenterLogin>): Promise<VcenterError> {
  const failure: unknown = await inSession({ ...login, ...changed }, () => Promise.resolve()).catch(
    (error: unknown) => error,
  );
  if (failure instanceof VcenterError) return failure;
  throw new Error(`Nothing failed: ${String(failure)}`);
}

describeVcenter(`a vCenter that cannot be used${withoutGo}`, () => {
  it("is told as unreachable where nobody answers", async () => {
    const server = `127.0.0.1:${await freeTcpPort()}`;
    expect(await problemOf({ server })).toMatchObject({
      problem: "unreachable",
      message: expect.stringMatching(/ECONNREFUSED.*vsphere:vsphereServer/s) as unknown,
    });
  });

  it("is told as untrusted where its certificate is, with both remedies", async () => {
    expect(await problemOf({ allowUnverifiedSsl: false })).toMatchObject({
      problem: "certificate",
      message: expect.stringMatching(/NODE_EXTRA_CA_CERTS[\s\S]*allowUnverifiedSsl true/) as unknown,
    });
  });

  it("is told as refusing the account where the password is wrong, and never repeats it", async () => {
    const failure = await problemOf({ password: "wrong & <wrong>" });
    expect(failure).toMatchObject({ problem: "credentials" });
    expect(failure.message).toMatch(/administrator@vsphere\.local.*vsphere:password/s);
    expect(failure.message).not.toContain("wrong");
  });
});

describeVcenter(`the inventory${withoutGo}`, () => {
  it.each([
    ["Datacenter", ["DC0"]],
    ["ClusterComputeResource", ["DC0_C0"]],
    ["Datastore", ["LocalDS_0"]],
    ["VirtualMachine", ["debian-13"]],
  ])("lists every %s", async (type, names) => {
    const found = await inSession(login, (session) => session.list(type));
    expect(found.map(({ name }) => name)).toEqual(names);
  });

  it("knows the cluster whose DRS may move a host's machines, and that a host by itself has none", async () => {
    const clusterOf = (name: string) =>
      inSession(login, async (session) => {
        const host = (await session.list("HostSystem")).find((each) => each.name === name);
        return session.automatedCluster(host?.id ?? "");
      });
    expect(await clusterOf("DC0_C0_H0")).toBe("DC0_C0");
    expect(await clusterOf("DC0_H0")).toBeUndefined();
  });

  it("gives the names that are there for one that is not, and a guess", async () => {
    const notFound = (what: string) => () => {
      throw new Error(`${what} not found`);
    };
    const byName = () => ({ id: "an id", resourcePoolId: "a pool" });
    const mocks = new RecordingMocks({
      "vsphere:index/getDatacenter:getDatacenter": byName,
      "vsphere:index/getDatastore:getDatastore": notFound("datastore"),
      "vsphere:index/getComputeCluster:getComputeCluster": byName,
      "vsphere:index/getNetwork:getNetwork": notFound("network"),
      "vsphere:index/getDistributedVirtualSwitch:getDistributedVirtualSwitch": byName,
      "vsphere:index/getVirtualMachine:getVirtualMachine": notFound("machine"),
    });
    await pulumi.runtime.setMocks(mocks, "ipv6-only-lab", "test");
    const plan = planOf(platformWith({ uplinkNetwork: "VM Netwerk", datastore: "LocalDS_1", template: "windows" }));
    if (plan.platform.kind !== "vsphere") throw new Error("The fixture is not on vSphere.");
    const failing = lookUpSite(plan.platform, login);
    await expect(failing).rejects.toThrow(/platform\.uplinkNetwork: VM Netwerk[\s\S]*Did you mean VM Network\?/);
    await expect(failing).rejects.toThrow(/platform\.datastore: LocalDS_1[\s\S]*There are: LocalDS_0/);
    await expect(failing).rejects.toThrow(/platform\.template: windows[\s\S]*There are: debian-13/);
  });
});

const networks = async () => {
  const all = await inSession(login, (session) => session.list("Network"));
  const idOf = (name: string): string => all.find((each) => each.name === name)?.id ?? `no ${name}`;
  return { portGroup: idOf("VM Network"), distributed: idOf("DC0_DVPG0"), another: idOf("DC0_DVPG1") };
};
const cardsOf = (moid: string) => inSession(login, (session) => session.networkCards(moid));
const move = (moid: string, mac: string, network: string, signal = context.signal) =>
  reconnectCard(login, { moid, mac, network }, signal);
const running = async (name: string) => {
  const moid = await clone(login, name);
  await inSession(login, (session) => session.powerOn(moid));
  const [{ mac } = { mac: "" }] = await cardsOf(moid);
  return { moid, mac };
};

const changesSchema = z.object({
  moid: z.string(),
  nics: z.array(z.object({ network: z.string(), connected: z.boolean() })),
});

/** What the guest of a machine saw of its card last, as "network connected": told a moment after it was done. */
async function expectSeen(moid: string, last: readonly string[]): Promise<void> {
  const seen = (): string[] =>
    (existsSync(changes) ? readFileSync(changes, "utf8") : "")
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => changesSchema.parse(JSON.parse(line)))
      .flatMap((each) => (each.moid === moid ? each.nics : []))
      .map(({ network, connected }) => `${network} ${connected ? "connected" : "disconnected"}`)
      .slice(-last.length);
  for (let tries = 0; tries < 50 && seen().join() !== last.join(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(seen()).toEqual(last);
}

describeVcenter(`a network card in vCenter${withoutGo}`, () => {
  it("is put from a port group on a distributed one and back while its machine runs, and is itself still", async () => {
    const moid = await clone(login, "mute-joins");
    await inSession(login, (session) => session.powerOn(moid));
    const { portGroup, distributed } = await networks();
    const [{ mac } = { mac: "" }] = await cardsOf(moid);
    for (const network of [portGroup, distributed, portGroup, distributed]) {
      await move(moid, mac, network);
      expect(await cardsOf(moid)).toEqual([{ mac, network, connected: true }]);
      expect(await move(moid, mac.toUpperCase(), network)).toBe(false);
    }
    expect(await inSession(login, (session) => session.machine(moid))).toMatchObject({ running: true });
  });

  it("is put on another network while its machine is off, too", async () => {
    const moid = await clone(login, "mute-off");
    const { portGroup, distributed } = await networks();
    const [{ mac } = { mac: "" }] = await cardsOf(moid);
    for (const network of [portGroup, distributed]) {
      await move(moid, mac, network);
      expect((await cardsOf(moid)).map((card) => card.network)).toEqual([network]);
    }
  });

  it("that was disconnected by somebody is connected again", async () => {
    const moid = await clone(login, "mute-pulled");
    await inSession(login, (session) => session.powerOn(moid));
    const { portGroup } = await networks();
    const [{ mac } = { mac: "" }] = await cardsOf(moid);
    await move(moid, mac, portGroup);
    await disconnect(login, moid, mac, portGroup);
    expect((await cardsOf(moid)).map(({ connected }) => connected)).toEqual([false]);
    expect(await move(moid, mac, portGroup)).toBe(true);
    expect(await cardsOf(moid)).toEqual([{ mac, network: portGroup, connected: true }]);
  });

  it("stays where it is when there is no such network, no such card, or somebody interrupts before the first step", async () => {
    const moid = await clone(login, "mute-stays");
    await inSession(login, (session) => session.powerOn(moid));
    const { distributed, portGroup } = await networks();
    const [{ mac } = { mac: "" }] = await cardsOf(moid);
    await move(moid, mac, distributed);
    await expect(move(moid, mac, "network-4711")).rejects.toThrow(VcenterError);
    await expect(move(moid, "00:50:56:ff:ff:ff", portGroup)).rejects.toThrow(
      `${moid} has no network card with the address 00:50:56:ff:ff:ff.`,
    );
    expect(() => move(moid, mac, portGroup, AbortSignal.abort(new Error("interrupted")))).toThrow("interrupted");
    expect(await cardsOf(moid)).toEqual([{ mac, network: distributed, connected: true }]);
  });
});

describeVcenter(`a change of a network card that vCenter refuses${withoutGo}`, () => {
  it("to a network that its host does not have leaves it connected where it was", async () => {
    const { moid, mac } = await running("mute-refused");
    const { distributed } = await networks();
    await move(moid, mac, distributed);
    await addPortGroup(login, "elsewhere", { apartFrom: moid });
    const elsewhere = (await inSession(login, (session) => session.list("Network"))).find(
      ({ name }) => name === "elsewhere",
    );
    await expect(move(moid, mac, elsewhere?.id ?? "")).rejects.toThrow(/InvalidDeviceSpec/);
    expect(await cardsOf(moid)).toEqual([{ mac, network: distributed, connected: true }]);
    await expectSeen(moid, [`${distributed} disconnected`, `${distributed} connected`]);
  });
});

describeVcenter(`a client that joins networks in vCenter${withoutGo}`, () => {
  const prepare = async (name: string) => {
    const { moid, mac } = await running(name);
    const { distributed, another } = await networks();
    const lab = labOf({
      ...platformWith({ lanSegment: { portGroup: "a" } }),
      networks: [
        { name: "nat64", scenario: "ipv6-only-nat64", portGroup: "a" },
        { name: "strict", scenario: "ipv6-only-strict", portGroup: "b" },
      ],
      clients: [{ name: "client-1", network: "nat64" }],
    });
    const [client, [nat64, strict]] = [lab.clients[0], lab.promised.networks];
    if (client === undefined || nat64 === undefined || strict === undefined) throw new Error("The fixture has them.");
    const access = {
      ...lab,
      clients: [{ ...client, lanMac: mac }],
      segments: { nat64: { networkId: distributed }, strict: { networkId: another } },
      platformAccess: { vcenter: login, moids: { "client-1": moid } },
    };
    const join = (network: typeof nat64) =>
      platformCards(access).move(access, { ...client, lanMac: mac }, network, context);
    const whereIs = async () => (await withWhereabouts(access)).clients[0]?.network;
    return { moid, access, join, whereIs, nat64, strict };
  };

  it("is seen where it is, and loses its carrier on the way", async () => {
    const { moid, join, whereIs, nat64, strict } = await prepare("mute-client");
    const { distributed, another } = await networks();
    for (const network of [strict, nat64, strict]) {
      await join(network);
      expect(await whereIs()).toBe(network.name);
    }
    await expectSeen(moid, [
      ...[`${another} disconnected`, `${distributed} connected`],
      ...[`${distributed} disconnected`, `${another} connected`],
    ]);
  });

  it("is where it lives when it is on no network of the lab, is gone, or nobody can ask", async () => {
    const { moid, access, whereIs } = await prepare("mute-lost-silent");
    expect(await whereIs()).toBe("nat64");
    await call(login, "PowerOffVM_Task", moid);
    await call(login, "Destroy_Task", moid);
    expect(await whereIs()).toBe("nat64");
    const nobody = { ...access, platformAccess: { ...access.platformAccess, vcenter: { ...login, password: "old" } } };
    expect((await withWhereabouts(nobody)).clients[0]?.network).toBe("nat64");
  });

  it("joins none while it is off, or is gone", async () => {
    const { moid, join, strict } = await prepare("mute-off-silent");
    await call(login, "PowerOffVM_Task", moid);
    await expect(join(strict)).rejects.toThrow("client-1 does not run: only a running machine can join");
    await call(login, "Destroy_Task", moid);
    await expect(join(strict)).rejects.toThrow("client-1 is gone");
  });
});

describeVcenter(`a machine in vCenter${withoutGo}`, () => {
  const uplinkOf = async (moid: string): Promise<string> => {
    await inSession(login, (session) => session.powerOn(moid));
    for (;;) {
      const [nic] = (await inSession(login, (session) => session.machine(moid)))?.nics ?? [];
      if (nic !== undefined) return nic.mac;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  const inputsOf = (moid: string, addressOf: string, addressTimeout = 30) => ({
    vcenter: login,
    moid,
    place: `labs/${moid}`,
    hostName: "gateway",
    addressOf,
    addressTimeout,
  });

  it("gives the IPv4 address of its uplink card, and never a link-local one", async () => {
    const moid = await clone(login, "told");
    const { outputs } = await vsphereGuestHandler.create(inputsOf(moid, await uplinkOf(moid)), context);
    expect(outputs).toMatchObject({ address: "127.9.8.7", running: true });
  });

  it("that was powered off in vCenter is seen by a refresh, and powered on by the next up", async () => {
    const moid = await clone(login, "healed");
    const inputs = inputsOf(moid, await uplinkOf(moid));
    const { id, outputs } = await vsphereGuestHandler.create(inputs, context);
    expect(vsphereGuestHandler.diff({ id, properties: outputs }, inputs)).toEqual({ changed: [], replaces: [] });

    await call(login, "PowerOffVM_Task", moid);
    const seen = await vsphereGuestHandler.read({ id, properties: outputs }, context);
    expect(seen).toMatchObject({ running: false });
    const state = { id, properties: seen ?? {} };
    expect(vsphereGuestHandler.diff(state, inputs)).toEqual({ changed: ["running"], replaces: [] });

    const healed = await vsphereGuestHandler.update(state, inputs, context);
    expect(healed).toMatchObject({ running: true, address: "127.9.8.7" });
    expect(healed.powerOn).not.toBe(outputs.powerOn);
    expect(await vsphereGuestHandler.read({ id, properties: healed }, context)).toEqual(healed);
  });

  it("that tells no address in time fails with what to check and where its console is", async () => {
    const moid = await clone(login, "mute-silent");
    await expect(vsphereGuestHandler.create(inputsOf(moid, "00:50:56:00:00:01", 1), context)).rejects.toThrow(
      /labs\/vm-\d+ has not said within 1 s[\s\S]*open-vm-tools[\s\S]*Launch Web Console/,
    );
  });

  it("in which cloud-init did nothing fails with its host name and with what to check in the template", async () => {
    const moid = await clone(login, "other");
    const inputs = { ...inputsOf(moid, await uplinkOf(moid), 1), hostName: "client-1" };
    await expect(vsphereGuestHandler.create(inputs, context)).rejects.toThrow(
      /host name is gateway\.lab\.example, and not client-1[\s\S]*datasource_list lacks VMware/,
    );
  });

  it("whose uplink gets no address fails with the cards and addresses that it has", async () => {
    const moid = await clone(login, "unaddressed");
    await uplinkOf(moid);
    await expect(vsphereGuestHandler.create(inputsOf(moid, "00:50:56:00:00:01", 1), context)).rejects.toThrow(
      /00:50:56:00:00:01 has no IPv4 address \(.* has fe80::1, .*127\.9\.8\.7\)[\s\S]*DHCP/,
    );
  });

  it("cannot be looked at with an old password, which a refresh tells and an update with the new one mends", async () => {
    const moid = await clone(login, "rotated");
    const inputs = inputsOf(moid, await uplinkOf(moid));
    const { id, outputs } = await vsphereGuestHandler.create(inputs, context);
    const old = { id, properties: { ...outputs, vcenter: { ...login, password: "of last month" } } };
    const warnings: string[] = [];
    const seen = await vsphereGuestHandler.read(old, { ...context, warn: (line) => warnings.push(line) });
    expect(seen).toEqual(old.properties);
    expect(warnings).toEqual([expect.stringMatching(/login of the last update.*does not accept/s)]);
    expect(vsphereGuestHandler.diff(old, inputs)).toEqual({ changed: ["vcenter"], replaces: [] });
    expect(await vsphereGuestHandler.update(old, inputs, context)).toEqual(outputs);
  });

  it("that has joined another network is seen by a refresh, and its guest sees it come home, whoever moved the card", async () => {
    const { moid, mac } = await running("mute-home");
    const { distributed, another } = await networks();
    await move(moid, mac, distributed);
    const inputs = {
      ...{ vcenter: login, moid, place: "labs/mute-home", addressTimeout: 1 },
      cards: [{ mac, network: distributed }],
    };
    const { id, outputs } = await vsphereGuestHandler.create(inputs, context);
    expect(await vsphereGuestHandler.read({ id, properties: outputs }, context)).toEqual(outputs);

    await move(moid, mac, another);
    const seen = (await vsphereGuestHandler.read({ id, properties: outputs }, context)) ?? {};
    expect(seen.cards).toEqual([{ mac, network: another }]);
    const state = { id, properties: seen };
    expect(vsphereGuestHandler.diff(state, inputs)).toEqual({ changed: ["cards"], replaces: [] });

    // As the plugin does it, which is the first to change the machine.
    await move(moid, mac, distributed);
    expect(await vsphereGuestHandler.update(state, inputs, context)).toEqual(outputs);
    await expectSeen(moid, [
      ...[`${another} disconnected`, `${distributed} connected`],
      ...[`${distributed} disconnected`, `${distributed} connected`],
    ]);
    expect(await cardsOf(moid)).toEqual([{ mac, network: distributed, connected: true }]);
  });

  it("that was recorded by an earlier version keeps its carrier", async () => {
    const { moid, mac } = await running("mute-earlier");
    const { distributed, another } = await networks();
    await move(moid, mac, distributed);
    const inputs = {
      ...{ vcenter: login, moid, place: "labs/mute-earlier", addressTimeout: 1 },
      cards: [{ mac, network: distributed }],
    };
    const properties = { ...inputs, cards: undefined };
    await vsphereGuestHandler.update({ id: moid, properties }, inputs, context);
    // What comes after it comes right behind what was before it.
    await move(moid, mac, another);
    await expectSeen(moid, [`${distributed} connected`, `${distributed} disconnected`, `${another} connected`]);
  });

  it("that was removed is gone for a refresh", async () => {
    const moid = await clone(login, "removed");
    await call(login, "Destroy_Task", moid);
    const properties = inputsOf(moid, "00:50:56:00:00:01");
    expect(await vsphereGuestHandler.read({ id: moid, properties }, context)).toBeUndefined();
  });
});
