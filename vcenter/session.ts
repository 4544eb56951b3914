/** What the vSphere plugin leaves open: which names exist, whether a machine runs, and which addresses its guest has. */
import { VcenterError } from "./errors";
import { type Reference, referenceXml, SoapClient, type VcenterLogin } from "./soap";
import { escapeXml, find, findAll, unescapeXml } from "./xml";

export type { VcenterLogin } from "./soap";

export interface GuestNic {
  readonly mac: string;
  readonly addresses: readonly string[];
}

export interface MachineState {
  readonly running: boolean;
  /** When it was last powered on, ISO 8601; undefined when it is off. */
  readonly bootTime: string | undefined;
  /** VMware Tools run in the guest. */
  readonly toolsRunning: boolean;
  /** As VMware Tools tell it. */
  readonly hostName: string | undefined;
  readonly nics: readonly GuestNic[];
}

/** An entry of the inventory. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Logs in, hands out the session, and logs out whatever happens. */
export async function withVcenter<T>(
  login: VcenterLogin,
  signal: AbortSignal,
  use: (session: VcenterSession) => Promise<T>,
): Promise<T> {
  const soap = new SoapClient(login, signal);
  const content = await soap.call("RetrieveServiceContent", { type: "ServiceInstance", id: "ServiceInstance" });
  const service = (name: string): Reference => reference(content, name);
  const sessions = service("sessionManager");
  const { user, password } = login;
  try {
    await soap.call(
      "Login",
      sessions,
      `<userName>${escapeXml(user)}</userName><password>${escapeXml(password)}</password>`,
    );
  } catch (error) {
    if (!(error instanceof VcenterError) || error.problem !== "credentials") throw error;
    throw new VcenterError(
      "credentials",
      error.fault,
      `${login.server} does not accept the user ${user} with this password. Set both: pulumi config set vsphere:user ` +
        `NAME@DOMAIN, and pulumi config set --secret vsphere:password`,
    );
  }
  try {
    return await use(
      new VcenterSession(soap, {
        rootFolder: service("rootFolder"),
        propertyCollector: service("propertyCollector"),
        viewManager: service("viewManager"),
      }),
    );
  } finally {
    await soap.call("Logout", sessions).catch(() => undefined);
  }
}

interface Services {
  readonly rootFolder: Reference;
  readonly propertyCollector: Reference;
  readonly viewManager: Reference;
}

export class VcenterSession {
  constructor(
    private readonly soap: SoapClient,
    private readonly services: Services,
  ) {}

  /** Everything of a managed type (`Network`, `HostSystem`, …) that this user may see, sorted by name. */
  async list(type: string): Promise<Named[]> {
    const { rootFolder, viewManager } = this.services;
    const created = await this.soap.call(
      "CreateContainerView",
      viewManager,
      `${referenceXml("container", rootFolder)}<type>${type}</type><recursive>true</recursive>`,
    );
    const view = reference(created, "returnval");
    const traversal =
      '<selectSet xsi:type="TraversalSpec"><name>view</name><type>ContainerView</type><path>view</path><skip>false</skip></selectSet>';
    const objects = await this.retrieve(
      `<propSet><type>${type}</type><pathSet>name</pathSet></propSet>`,
      `<objectSet>${referenceXml("obj", view)}<skip>true</skip>${traversal}</objectSet>`,
    );
    await this.soap.call("DestroyView", view);
    return objects
      .map((object) => ({ id: find(object, "obj") ?? "", name: inventoryName(find(object, "val") ?? "") }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Undefined: there is no such machine any more. */
  async machine(moid: string): Promise<MachineState | undefined> {
    const machine = { type: "VirtualMachine", id: moid };
    const paths = [
      "runtime.powerState",
      "summary.runtime.bootTime",
      "guest.toolsRunningStatus",
      "guest.hostName",
      "guest.net",
    ];
    let object: string;
    try {
      object = await this.properties(machine, paths);
    } catch (error) {
      if (error instanceof VcenterError && error.fault === "ManagedObjectNotFound") return undefined;
      throw error;
    }
    const properties = byName(object);
    return {
      running: properties.get("runtime.powerState") === "poweredOn",
      bootTime: properties.get("summary.runtime.bootTime"),
      toolsRunning: properties.get("guest.toolsRunningStatus") === "guestToolsRunning",
      hostName: properties.get("guest.hostName"),
      nics: findAll(properties.get("guest.net") ?? "", "GuestNicInfo").map(guestNic),
    };
  }

  /**
   * The cluster of a host when its DRS moves machines to other hosts by itself.
   * @param host managed object id, e.g. `host-21`.
   */
  async automatedCluster(host: string): Promise<string | undefined> {
    const parent = reference(await this.properties({ type: "HostSystem", id: host }, ["parent"]), "val");
    if (parent.type !== "ClusterComputeResource") return undefined;
    const properties = byName(await this.properties(parent, ["name", "configurationEx"]));
    const drs = find(properties.get("configurationEx") ?? "", "drsConfig") ?? "";
    const behavior = find(drs, "defaultVmBehavior") ?? "fullyAutomated";
    return find(drs, "enabled") === "true" && behavior === "fullyAutomated"
      ? inventoryName(properties.get("name") ?? "")
      : undefined;
  }

  /** Powers a machine on; returns when vCenter has done so. @throws VcenterError with the task's own words. */
  async powerOn(moid: string): Promise<void> {
    const answer = await this.soap.call("PowerOnVM_Task", { type: "VirtualMachine", id: moid });
    const task = reference(answer, "returnval");
    for (;;) {
      const object = await this.properties(task, ["info"]);
      const state = find(object, "state");
      if (state === "success") return;
      if (state === "error") {
        throw new VcenterError("fault", "", unescapeXml(find(object, "localizedMessage") ?? "The power-on failed."));
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** One object with these of its properties, as XML. */
  private async properties(of: Reference, paths: readonly string[]): Promise<string> {
    const [object = ""] = await this.retrieve(
      `<propSet><type>${of.type}</type>${paths.map((path) => `<pathSet>${path}</pathSet>`).join("")}</propSet>`,
      `<objectSet>${referenceXml("obj", of)}</objectSet>`,
    );
    return object;
  }

  /** The objects of all pages of an answer, each as XML. */
  private async retrieve(propSet: string, objectSet: string): Promise<string[]> {
    const { propertyCollector } = this.services;
    const objects: string[] = [];
    let answer = await this.soap.call(
      "RetrievePropertiesEx",
      propertyCollector,
      `<specSet>${propSet}${objectSet}</specSet><options/>`,
    );
    for (;;) {
      objects.push(...findAll(answer, "objects"));
      const token = find(answer, "token");
      if (token === undefined) return objects;
      answer = await this.soap.call("ContinueRetrievePropertiesEx", propertyCollector, `<token>${token}</token>`);
    }
  }
}

/** An object's properties, which come in any order, as XML. */
function byName(object: string): ReadonlyMap<string, string> {
  return new Map(
    findAll(object, "propSet").map((property) => [find(property, "name") ?? "", find(property, "val") ?? ""]),
  );
}

function guestNic(xml: string): GuestNic {
  // An address is an `ipAddress` inside an `ipAddress`; resolvers, outside of `ipConfig`, are called so too.
  const addresses = (find(xml, "ipConfig") ?? "").matchAll(/<ipAddress>([^<]+)<\/ipAddress>/g);
  return {
    mac: (find(xml, "macAddress") ?? "").toLowerCase(),
    addresses: [...addresses].map(([, address = ""]) => address),
  };
}

/** vCenter writes these three characters of a name as in a URL. */
function inventoryName(xml: string): string {
  return unescapeXml(xml).replaceAll("%2f", "/").replaceAll("%5c", "\\").replaceAll("%25", "%");
}

function reference(xml: string, element: string): Reference {
  // Not `xsi:type`, which may stand before it.
  const match = new RegExp(`<${element}\\b[^>]*?\\stype="(\\w+)"[^>]*>([^<]+)</${element}>`).exec(xml);
  const [, type, id] = match ?? [];
  if (type === undefined || id === undefined) {
    throw new VcenterError("unreachable", "", `What answers is no vCenter: it does not name its ${element}.`);
  }
  return { type, id };
}
