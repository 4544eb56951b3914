import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import * as vsphere from "../../sdks/vsphere";

const sdk = join(__dirname, "..", "..", "sdks", "vsphere");

/** Tokens and input names of plugin 4.17.0, from its schema. */
const official = z
  .record(z.string(), z.array(z.string()))
  .parse(JSON.parse(readFileSync(join(__dirname, "vsphere-4.17.0.json"), "utf8")));

const virtualMachine: Required<vsphere.VirtualMachineArgs> = {
  resourcePoolId: "",
  name: "",
  annotation: "",
  clone: { templateUuid: "", timeout: 1 },
  datastoreClusterId: "",
  datastoreId: "",
  disks: [{ label: "", size: 1, thinProvisioned: true, eagerlyScrub: false, unitNumber: 0 }],
  extraConfig: {},
  extraConfigRebootRequired: false,
  firmware: "",
  folder: "",
  guestId: "",
  hostSystemId: "",
  memory: 1,
  networkInterfaces: [{ networkId: "", adapterType: "", useStaticMac: true, macAddress: "" }],
  numCpus: 1,
  scsiType: "",
  shutdownWaitTimeout: 1,
  tags: [],
  waitForGuestNetRoutable: false,
  waitForGuestNetTimeout: 0,
};
const folder: Required<vsphere.FolderArgs> = { path: "", type: "", datacenterId: "", tags: [] };
const hostPortGroup: Required<vsphere.HostPortGroupArgs> = {
  hostSystemId: "",
  virtualSwitchName: "",
  name: "",
  vlanId: 1,
};
const distributedPortGroup: Required<vsphere.DistributedPortGroupArgs> = {
  distributedVirtualSwitchUuid: "",
  name: "",
  description: "",
  vlanId: 1,
  tags: [],
};
const rule: Required<vsphere.ComputeClusterVmAntiAffinityRuleArgs> = {
  computeClusterId: "",
  virtualMachineIds: [],
  name: "",
  mandatory: false,
};
const tag: Required<vsphere.TagArgs> = { categoryId: "", name: "", description: "" };
const network: Required<vsphere.GetNetworkArgs> = {
  name: "",
  datacenterId: "",
  retryTimeout: 1,
};
const named: Required<vsphere.GetDatastoreArgs> = { name: "", datacenterId: "" };

interface Asked {
  readonly token: string;
  readonly names: readonly string[];
}

/** Everything that the package can ask for, with every property that it knows. */
async function askEverything(): Promise<Asked[]> {
  const asked: Asked[] = [];
  const note = (token: string, inputs: unknown) => {
    asked.push({ token, names: Object.keys(z.record(z.string(), z.unknown()).parse(inputs)).sort() });
  };
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      note(type, inputs);
      return { id: `${name}-id`, state: {} };
    },
    call: ({ token, inputs }) => {
      note(token, inputs);
      return { id: "" };
    },
  });
  new vsphere.VirtualMachine("a", virtualMachine);
  new vsphere.Folder("b", folder);
  new vsphere.HostPortGroup("c", hostPortGroup);
  new vsphere.DistributedPortGroup("d", distributedPortGroup);
  new vsphere.ComputeClusterVmAntiAffinityRule("e", rule);
  new vsphere.Tag("f", tag);
  await Promise.all([
    vsphere.getDatacenter({ name: "" }),
    vsphere.getDatastore(named),
    vsphere.getDatastoreCluster(named),
    vsphere.getHost(named),
    vsphere.getComputeCluster(named),
    vsphere.getResourcePool(named),
    vsphere.getNetwork(network),
    vsphere.getDistributedVirtualSwitch(named),
    vsphere.getVirtualMachine(named),
    vsphere.getTagCategory({ name: "" }),
  ]);
  await pulumi.runtime.disconnect();
  return asked;
}

describe("the local SDK of vSphere", () => {
  it("asks for official resources and look-ups only, by official names of their inputs", async () => {
    const asked = await askEverything();
    expect(asked.map(({ token }) => token).sort()).toEqual(
      Object.keys(official)
        .filter((token) => !token.startsWith("type "))
        .sort(),
    );
    for (const { token, names } of asked) {
      expect({ token, unknown: names.filter((name) => official[token]?.includes(name) !== true) }).toEqual({
        token,
        unknown: [],
      });
    }
  });

  it.each([
    ["VirtualMachineClone", virtualMachine.clone],
    ["VirtualMachineDisk", virtualMachine.disks],
    ["VirtualMachineNetworkInterface", virtualMachine.networkInterfaces],
  ])("gives %s official names", (type, value) => {
    const names = [value].flat().flatMap((each) => Object.keys(z.record(z.string(), z.unknown()).parse(each)));
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => official[`type ${type}`]?.includes(name) !== true)).toEqual([]);
  });

  it("calls everything that it exports as the published package does", () => {
    const named = Object.keys(official).map((token) => token.split(/[ :]/).at(-1) ?? "");
    const isFunction = (name: string) => name.startsWith("get");
    const title = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
    const names = {
      "resources.ts": named.filter((name) => !isFunction(name)).flatMap((name) => [name, `${name}Args`]),
      "functions.ts": named.filter(isFunction).flatMap((name) => [name, `${title(name)}Args`, `${title(name)}Result`]),
      "types/input.ts": named,
      "types/output.ts": named,
    };
    for (const [file, known] of Object.entries(names)) {
      const exported = [...readFileSync(join(sdk, file), "utf8").matchAll(/^export (?:\w+ )+?(\w+)\b(?=[ (<])/gm)];
      expect(exported.length).toBeGreaterThan(0);
      expect({ file, unknown: exported.map(([, name]) => name).filter((name) => !known.includes(name ?? "")) }).toEqual(
        {
          file,
          unknown: [],
        },
      );
    }
  });

  it("has the plugin's version and the published package's name", () => {
    const manifest = z
      .object({ name: z.string(), version: z.string() })
      .parse(JSON.parse(readFileSync(join(sdk, "package.json"), "utf8")));
    expect(manifest).toMatchObject({ name: "@pulumi/vsphere", version: "4.17.0" });
  });
});
