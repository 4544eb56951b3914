import * as pulumi from "@pulumi/pulumi";
import * as vsphere from "@pulumi/vsphere";
import type { VspherePlatformPlan } from "../plan/model";
import { nearest } from "../plan/nearest";
import { formatProblem, type ConfigProblem } from "../plan/problem";
import { messageOf } from "../host/messages";
import { VcenterError } from "../vcenter/errors";
import { type Named, type VcenterLogin, withVcenter } from "../vcenter/session";
import { warnOf } from "./warning";

/** What a lab on vSphere stands on, by vCenter's own ids. */
export interface VsphereSite {
  readonly datacenterId: string;
  readonly resourcePoolId: string;
  /** With `placement: host`. */
  readonly hostSystemId: string | undefined;
  readonly storage: { readonly datastoreId: string } | { readonly datastoreClusterId: string };
  readonly template: vsphere.GetVirtualMachineResult;
  readonly uplinkNetworkId: string;
  /** With an existing port group, or with one to be made on a distributed switch. */
  readonly segmentNetworkId: string | undefined;
  readonly switchUuid: string | undefined;
  /** With `placement: cluster`. */
  readonly clusterId?: string;
  readonly tagCategoryId: string | undefined;
}

/** Milliseconds for a conversation with vCenter beside the plugin's. */
const questionTimeout = 60_000;

/** A name of the configuration that has to be in vCenter. */
interface Wanted {
  readonly key: string;
  readonly name: string;
  /** Managed type whose names are listed when it is not there; undefined: the VIM API does not list them. */
  readonly type: string | undefined;
}

/**
 * Looks everything up by its name.
 * @throws pulumi.RunError with every name that vCenter does not know and the names that it does.
 */
export async function lookUpSite(platform: VspherePlatformPlan, login: VcenterLogin): Promise<VsphereSite> {
  const missing: Missing[] = [];
  const find = async <T>(wanted: Wanted, look: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      missing.push({ ...wanted, said: pluginWords(error) });
      return undefined;
    }
  };
  const site = await lookUp(platform, find);
  const problems = missing.length > 0 ? await explain(missing, login) : templateProblems(platform, site?.template);
  if (problems.length > 0 || site === undefined) {
    throw new pulumi.RunError(["The vCenter is not as configured.", ...problems.map(formatProblem)].join("\n\n"));
  }
  await warnOfMoves(platform, site, login);
  return site;
}

/** A machine that DRS moves to another host loses a LAN that one host has. */
async function warnOfMoves({ segment }: VspherePlatformPlan, site: VsphereSite, login: VcenterLogin): Promise<void> {
  const { hostSystemId } = site;
  if (segment.kind !== "hostPortGroup" || hostSystemId === undefined) return;
  const cluster = await withVcenter(login, AbortSignal.timeout(questionTimeout), (session) =>
    session.automatedCluster(hostSystemId),
  ).catch((error: unknown) => {
    if (!(error instanceof VcenterError)) throw error;
    return undefined;
  });
  if (cluster === undefined) return;
  warnOf({
    key: "platform.lanSegment.hostPortGroup",
    value: segment.switch,
    why: `is a switch of ${segment.host} alone, and DRS of its cluster ${cluster} may move machines away from it.`,
    remedy: "Write distributedPortGroup, or set DRS of that cluster to partially automated or manual",
  });
}

/** Without the tokens of the look-up, which Pulumi puts before them twice, and as one sentence of a list of one. */
function pluginWords(error: unknown): string {
  return messageOf(error)
    .replace(/^.*(?:returned an error|invoking \S+): /s, "")
    .replace(/^1 error occurred:\s*\* /, "")
    .trim();
}

type Find = <T>(wanted: Wanted, look: () => Promise<T>) => Promise<T | undefined>;

async function lookUp(platform: VspherePlatformPlan, find: Find): Promise<VsphereSite | undefined> {
  const { datacenter: name } = platform;
  const datacenter = await find({ key: "platform.datacenter", name, type: "Datacenter" }, () =>
    vsphere.getDatacenter({ name }),
  );
  if (datacenter === undefined) return undefined;
  const within = { datacenterId: datacenter.id };
  const network = (key: string, name: string) =>
    find({ key, name, type: "Network" }, () => vsphere.getNetwork({ ...within, name }));

  const [compute, storage, template, uplinkNetwork, segment, tagCategory] = await Promise.all([
    placement(platform, within, find),
    datastore(platform, within, find),
    find({ key: "platform.template", name: platform.template, type: "VirtualMachine" }, () =>
      vsphere.getVirtualMachine({ ...within, name: platform.template }),
    ),
    network("platform.uplinkNetwork", platform.uplink.network),
    segmentBase(platform.segment, within, find, network),
    category(platform, find),
  ]);
  if (compute === undefined || storage === undefined || template === undefined || uplinkNetwork === undefined) {
    return undefined;
  }
  return {
    ...within,
    ...compute,
    storage,
    template,
    uplinkNetworkId: uplinkNetwork.id,
    segmentNetworkId: segment.networkId,
    switchUuid: segment.switchUuid,
    tagCategoryId: tagCategory,
  };
}

interface InDatacenter {
  readonly datacenterId: string;
}

async function placement(
  { placement: { kind, name } }: VspherePlatformPlan,
  within: InDatacenter,
  find: Find,
): Promise<Pick<VsphereSite, "resourcePoolId" | "hostSystemId" | "clusterId"> | undefined> {
  const key = `platform.placement.${kind}`;
  switch (kind) {
    case "host": {
      const host = await find({ key, name, type: "HostSystem" }, () => vsphere.getHost({ ...within, name }));
      return host && { resourcePoolId: host.resourcePoolId, hostSystemId: host.id };
    }
    case "cluster": {
      const cluster = await find({ key, name, type: "ClusterComputeResource" }, () =>
        vsphere.getComputeCluster({ ...within, name }),
      );
      return cluster && { resourcePoolId: cluster.resourcePoolId, hostSystemId: undefined, clusterId: cluster.id };
    }
    case "resourcePool": {
      const pool = await find({ key, name, type: "ResourcePool" }, () => vsphere.getResourcePool({ ...within, name }));
      return pool && { resourcePoolId: pool.id, hostSystemId: undefined };
    }
  }
}

async function datastore(
  { storage: { kind, name } }: VspherePlatformPlan,
  within: InDatacenter,
  find: Find,
): Promise<VsphereSite["storage"] | undefined> {
  const key = `platform.${kind}`;
  switch (kind) {
    case "datastore": {
      const found = await find({ key, name, type: "Datastore" }, () => vsphere.getDatastore({ ...within, name }));
      return found && { datastoreId: found.id };
    }
    case "datastoreCluster": {
      const found = await find({ key, name, type: "StoragePod" }, () =>
        vsphere.getDatastoreCluster({ ...within, name }),
      );
      return found && { datastoreClusterId: found.id };
    }
  }
}

/** What has to be there for the LAN segment. Its own port groups are made later. */
async function segmentBase(
  segment: VspherePlatformPlan["segment"],
  within: InDatacenter,
  find: Find,
  network: (key: string, name: string) => Promise<vsphere.GetNetworkResult | undefined>,
): Promise<{ networkId?: string | undefined; switchUuid?: string | undefined }> {
  switch (segment.kind) {
    case "portGroup":
      return { networkId: (await network("platform.lanSegment.portGroup", segment.name))?.id };
    case "hostPortGroup":
      return {};
    case "distributedPortGroup": {
      const name = segment.switch;
      const key = "platform.lanSegment.distributedPortGroup.switch";
      const found = await find({ key, name, type: "DistributedVirtualSwitch" }, () =>
        vsphere.getDistributedVirtualSwitch({ ...within, name }),
      );
      return { switchUuid: found?.id };
    }
  }
}

async function category({ tagCategory: name }: VspherePlatformPlan, find: Find): Promise<string | undefined> {
  if (name === undefined) return undefined;
  const found = await find({ key: "platform.tagCategory", name, type: undefined }, () =>
    vsphere.getTagCategory({ name }),
  );
  return found?.id;
}

interface Missing extends Wanted {
  /** The plugin's words. */
  readonly said: string;
}

/** What to do about names that were not found, told by the names that are there. */
async function explain(missing: readonly Missing[], login: VcenterLogin): Promise<ConfigProblem[]> {
  try {
    return await withVcenter(login, AbortSignal.timeout(questionTimeout), async (session) => {
      const problems: ConfigProblem[] = [];
      for (const each of missing) {
        problems.push(notFound(each, each.type === undefined ? [] : await session.list(each.type)));
      }
      return problems;
    });
  } catch (error) {
    if (!(error instanceof VcenterError)) throw error;
    return [{ key: "vsphere:vsphereServer", value: login.server, why: error.message, remedy: remedyOf(error) }];
  }
}

function remedyOf({ problem }: VcenterError): string {
  return problem === "privileges"
    ? "Give the account the privileges that docs/vsphere.md lists"
    : "Then run the command again";
}

function notFound({ key, name, type, said }: Missing, there: readonly Named[]): ConfigProblem {
  const names = [...new Set(there.map((each) => each.name))];
  const last = name.split("/").at(-1) ?? name;
  const same = there.filter((each) => each.name === last).length;
  const explained = { key, value: name, why: `is not to be had: ${said}.` };
  if (/permission/i.test(said)) {
    return { ...explained, remedy: "Give the account the privileges that docs/vsphere.md lists" };
  }
  if (same > 1) {
    return {
      ...explained,
      why: `is the name of ${same} in vCenter: ${said}.`,
      remedy: "Write its whole path, e.g. /dc1/network/folder/name",
    };
  }
  if (type === undefined) return { ...explained, remedy: "Write a name that the vSphere Client shows" };
  if (names.length === 0) {
    return {
      ...explained,
      remedy: "There are none that this account may see: it may lack a role on them (docs/vsphere.md)",
    };
  }
  const guess = nearest(last, names);
  const shown = names.slice(0, 20).join(", ") + (names.length > 20 ? ", …" : "");
  return { ...explained, remedy: `${guess === undefined ? "" : `Did you mean ${guess}? `}There are: ${shown}` };
}

/** What the plugin would refuse later with less words. */
function templateProblems(
  { template: value }: VspherePlatformPlan,
  template: vsphere.GetVirtualMachineResult | undefined,
): ConfigProblem[] {
  const key = "platform.template";
  if (template === undefined) return [];
  if (template.disks.length === 0) {
    return [{ key, value, why: "has no disk.", remedy: "Name a template with an operating system (docs/vsphere.md)" }];
  }
  if (template.vappTransports.includes("iso")) {
    return [
      {
        key,
        value,
        why: "hands out vApp properties by a CD-ROM, which its clones would lack and cloud-init would take for its own.",
        remedy: "In the vSphere Client disable its vApp options (Configure, Settings, vApp Options)",
      },
    ];
  }
  return [];
}
