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
  readonly hostSystemId?: string;
  readonly storage: { readonly datastoreId: string } | { readonly datastoreClusterId: string };
  readonly template: vsphere.GetVirtualMachineResult;
  readonly uplinkNetworkId: string;
  /** Existing port groups, by the network's name. */
  readonly segmentNetworkIds: Readonly<Record<string, string>>;
  /** With port groups to be made on a distributed switch. */
  readonly switchUuid?: string;
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
  const attempt: Attempt = async (wanted, look) => {
    try {
      return await look();
    } catch (error) {
      missing.push({ ...wanted, said: pluginWords(error) });
      throw error;
    }
  };
  const site = await lookUp(platform, attempt).catch(async (error: unknown) => {
    throw missing.length > 0 ? notAsConfigured(await explain(missing, login)) : error;
  });
  const problem = templateProblem(platform, site.template);
  if (problem !== undefined) throw notAsConfigured([problem]);
  await warnOfMoves(platform, site, login);
  return site;
}

function notAsConfigured(problems: readonly ConfigProblem[]): pulumi.RunError {
  return new pulumi.RunError(["The vCenter is not as configured.", ...problems.map(formatProblem)].join("\n\n"));
}

/** A machine that DRS moves to another host loses a LAN that one host has. */
async function warnOfMoves({ segments }: VspherePlatformPlan, site: VsphereSite, login: VcenterLogin): Promise<void> {
  const { hostSystemId } = site;
  const [segment] = segments;
  if (segment?.kind !== "hostPortGroup" || hostSystemId === undefined) return;
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

/** Looks a name up, and takes down what is missing before it throws. */
type Attempt = <T>(wanted: Wanted, look: () => Promise<T>) => Promise<T>;

/** The same in the datacenter. @param type as in `Wanted`. */
type Find = <T>(
  key: string,
  name: string,
  type: string | undefined,
  look: (args: { readonly name: string; readonly datacenterId: string }) => Promise<T>,
) => Promise<T>;

async function lookUp(platform: VspherePlatformPlan, attempt: Attempt): Promise<VsphereSite> {
  const { datacenter: name } = platform;
  const datacenter = await attempt({ key: "platform.datacenter", name, type: "Datacenter" }, () =>
    vsphere.getDatacenter({ name }),
  );
  const within = { datacenterId: datacenter.id };
  const find: Find = (key, name, type, look) => attempt({ key, name, type }, () => look({ ...within, name }));
  const lookUps = [
    placement(platform, find),
    datastore(platform, find),
    find("platform.template", platform.template, "VirtualMachine", vsphere.getVirtualMachine),
    find("platform.uplinkNetwork", platform.uplink.network, "Network", vsphere.getNetwork),
    segmentBase(platform, find),
    category(platform, find),
  ] as const;
  // Every name that is missing is told, not the first alone.
  await Promise.allSettled(lookUps);
  const [compute, storage, template, uplinkNetwork, segment, tagCategoryId] = await Promise.all(lookUps);
  return { ...within, ...compute, storage, template, uplinkNetworkId: uplinkNetwork.id, ...segment, tagCategoryId };
}

async function placement(
  { placement: { kind, name } }: VspherePlatformPlan,
  find: Find,
): Promise<Pick<VsphereSite, "resourcePoolId" | "hostSystemId" | "clusterId">> {
  const key = `platform.placement.${kind}`;
  switch (kind) {
    case "host": {
      const { resourcePoolId, id } = await find(key, name, "HostSystem", vsphere.getHost);
      return { resourcePoolId, hostSystemId: id };
    }
    case "cluster": {
      const { resourcePoolId, id } = await find(key, name, "ClusterComputeResource", vsphere.getComputeCluster);
      return { resourcePoolId, clusterId: id };
    }
    case "resourcePool":
      return { resourcePoolId: (await find(key, name, "ResourcePool", vsphere.getResourcePool)).id };
  }
}

async function datastore(
  { storage: { kind, name } }: VspherePlatformPlan,
  find: Find,
): Promise<VsphereSite["storage"]> {
  const key = `platform.${kind}`;
  switch (kind) {
    case "datastore":
      return { datastoreId: (await find(key, name, "Datastore", vsphere.getDatastore)).id };
    case "datastoreCluster":
      return { datastoreClusterId: (await find(key, name, "StoragePod", vsphere.getDatastoreCluster)).id };
  }
}

/** What has to be there for the segments. The lab's own port groups are made later. */
async function segmentBase(
  { segments }: VspherePlatformPlan,
  find: Find,
): Promise<Pick<VsphereSite, "segmentNetworkIds" | "switchUuid">> {
  const looked = await Promise.all(
    segments.map(async (segment) =>
      segment.kind === "portGroup"
        ? [[segment.network, (await find(segment.key, segment.name, "Network", vsphere.getNetwork)).id] as const]
        : [],
    ),
  );
  const segmentNetworkIds = Object.fromEntries(looked.flat());
  const [first] = segments;
  if (first?.kind !== "distributedPortGroup") return { segmentNetworkIds };
  const look = vsphere.getDistributedVirtualSwitch;
  const key = "platform.lanSegment.distributedPortGroup.switch";
  return { segmentNetworkIds, switchUuid: (await find(key, first.switch, "DistributedVirtualSwitch", look)).id };
}

async function category({ tagCategory }: VspherePlatformPlan, find: Find): Promise<string | undefined> {
  if (tagCategory === undefined) return undefined;
  const look = ({ name }: { readonly name: string }) => vsphere.getTagCategory({ name });
  return (await find("platform.tagCategory", tagCategory, undefined, look)).id;
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
function templateProblem(
  { template: value }: VspherePlatformPlan,
  { disks, vappTransports }: vsphere.GetVirtualMachineResult,
): ConfigProblem | undefined {
  const key = "platform.template";
  if (disks.length === 0) {
    return { key, value, why: "has no disk.", remedy: "Name a template with an operating system (docs/vsphere.md)" };
  }
  if (!vappTransports.includes("iso")) return undefined;
  return {
    key,
    value,
    why: "hands out vApp properties by a CD-ROM, which its clones would lack and cloud-init would take for its own.",
    remedy: "In the vSphere Client disable its vApp options (Configure, Settings, vApp Options)",
  };
}
