/** One measurement of plan.ts, in a process of its own: `plan-worker.ts plan|program CLIENTS qemu|vsphere`. */
import * as pulumi from "@pulumi/pulumi";
import { gatewayDocuments } from "../../cloud-init/gateway";
import { clientDocuments } from "../../cloud-init/client";
import { Ipv6OnlyLab } from "../../components/lab";
import { choosePlatform } from "../../components/platforms";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import type { LabPlan } from "../../plan/model";
import { gatewaySoftware, renderBundle } from "../../services";
import { bundleText } from "../../services/bundle";
import { median } from "./statistics";

const platforms: Readonly<Record<string, unknown>> = {
  qemu: "qemu",
  vsphere: {
    kind: "vsphere",
    datacenter: "dc1",
    placement: { cluster: "cluster1" },
    datastore: "ds1",
    template: "debian-13",
    uplinkNetwork: "VM Network",
    lanSegment: { distributedPortGroup: { switch: "dvs1", vlan: 1234 } },
  },
};

const identity = { hostKey: { privateKey: "private", publicKey: "public" }, authorizedKeys: ["key"] };

function makePlan(clients: number, platform: string): LabPlan {
  const config = parseConfig({ clients, platform: platforms[platform], dhcpv6: { mode: "stateful" } });
  return planLab(config, { project: "ipv6-only-lab", stack: "bench" });
}

/** From the configuration to every document and file, as one text each. */
function planAndRender(clients: number, platform: string): unknown {
  const plan = makePlan(clients, platform);
  const bundle = bundleText(renderBundle(plan));
  const documents = plan.clients.map((client) => clientDocuments(plan, client, identity));
  return { plan, bundle, documents: [gatewayDocuments(plan, identity, gatewaySoftware), ...documents] };
}

/** Plays the engine: every resource has every output. */
const engine: pulumi.runtime.Mocks = {
  newResource: ({ name, inputs }) => {
    const outputs = {
      ...{ privateKey: "private", publicKey: "public", digest: "d", disk: "/disk", format: "qcow2" },
      ...{ group: "239.1.1.1", port: 5000, sshHost: "127.0.0.1", sshPort: 22, consoleLog: "log" },
      ...{ powerOn: "on", report: "", summary: "", moid: `moid of ${name}`, address: "192.0.2.1", running: true },
    };
    return { id: `${name}-id`, state: { ...(inputs as Record<string, unknown>), ...outputs } };
  },
  call: () => ({
    ...{ id: "id", resourcePoolId: "pool", guestId: "debian12_64Guest", scsiType: "pvscsi", vappTransports: [] },
    disks: [{ label: "a", size: 8, thinProvisioned: true, eagerlyScrub: false, unitNumber: 0 }],
  }),
};

async function runProgram(clients: number, platform: string): Promise<unknown> {
  await pulumi.runtime.setMocks(engine, "ipv6-only-lab", "bench");
  pulumi.runtime.setAllConfig({ "vsphere:vsphereServer": "a", "vsphere:user": "b", "vsphere:password": "c" });
  const plan = { ...makePlan(clients, platform), warnings: [] };
  const lab = new Ipv6OnlyLab("lab", plan, await choosePlatform(plan));
  await pulumi.runtime.disconnect();
  return lab;
}

function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

async function main([what, count, platform = "qemu"]: readonly string[]): Promise<void> {
  const clients = Number(count);
  const job = what === "program" ? runProgram : planAndRender;
  const before = heap();
  const seconds: number[] = [];
  let made: unknown;
  for (let run = 0; run < (what === "program" ? 1 : 3); run += 1) {
    const started = process.cpuUsage();
    made = await job(clients, platform);
    const { user, system } = process.cpuUsage(started);
    seconds.push((user + system) / 1e6);
  }
  const result = { seconds: median(seconds), heap: heap() - before, peak: process.resourceUsage().maxRSS / 1024 };
  // Held until the heap has been measured.
  if (made !== undefined) console.log(JSON.stringify(result));
}

void main(process.argv.slice(2));
