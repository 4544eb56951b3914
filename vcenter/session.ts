/** What the vSphere plugin leaves open: which names exist, whether a machine runs, and which addresses its guest has. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Element } from "@xmldom/xmldom";
import { VcenterError } from "./errors";
import { type Reference, referenceXml, SoapClient, type VcenterLogin } from "./soap";
import { escapeXml, find, findAll, textOf } from "./xml";

export type { VcenterLogin } from "./soap";

export type MachineState = NonNullable<Awaited<ReturnType<VcenterSession["machine"]>>>;

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
  const words = `<userName>${escapeXml(user)}</userName><password>${escapeXml(password)}</password>`;
  try {
    await soap.call("Login", sessions, words);
  } catch (error) {
    if (!(error instanceof VcenterError) || error.problem !== "credentials") throw error;
    throw new VcenterError(
      "credentials",
      `${login.server} does not accept the user ${user} with this password. Set both: pulumi config set vsphere:user ` +
        `NAME@DOMAIN, and pulumi config set --secret vsphere:password`,
      error.fault,
    );
  }
  try {
    return await use(new VcenterSession(soap, service));
  } finally {
    await soap.call("Logout", sessions).catch(() => undefined);
  }
}

export class VcenterSession {
  constructor(
    private readonly soap: Pick<SoapClient, "call" | "signal">,
    /** A part of vCenter by its name in `ServiceContent`. */
    private readonly service: (name: "rootFolder" | "propertyCollector" | "viewManager") => Reference,
  ) {}

  /** Everything of a managed type (`Network`, `HostSystem`, …) that this user may see, sorted by name. */
  async list(type: string): Promise<Named[]> {
    const container = referenceXml("container", this.service("rootFolder"));
    const within = `${container}<type>${type}</type><recursive>true</recursive>`;
    const created = await this.soap.call("CreateContainerView", this.service("viewManager"), within);
    const view = reference(created, "returnval");
    const traversal =
      '<selectSet xsi:type="TraversalSpec"><name>view</name><type>ContainerView</type><path>view</path><skip>false</skip></selectSet>';
    const objects = await this.retrieve(
      `<propSet><type>${type}</type><pathSet>name</pathSet></propSet>`,
      `<objectSet>${referenceXml("obj", view)}<skip>true</skip>${traversal}</objectSet>`,
    );
    await this.soap.call("DestroyView", view);
    return objects
      .map((object) => ({ id: textOf(find(object, "obj")) ?? "", name: inventoryName(find(object, "val")) }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Undefined: there is no such machine any more. */
  async machine(moid: string) {
    const machine = { type: "VirtualMachine", id: moid };
    const guest = ["guest.toolsRunningStatus", "guest.hostName", "guest.net"];
    const paths = ["runtime.powerState", "summary.runtime.bootTime", ...guest];
    let properties: ReadonlyMap<string, Element>;
    try {
      properties = await this.properties(machine, paths);
    } catch (error) {
      if (error instanceof VcenterError && error.fault === "ManagedObjectNotFound") return undefined;
      throw error;
    }
    const text = (path: string) => textOf(properties.get(path));
    return {
      running: text("runtime.powerState") === "poweredOn",
      /** When it was last powered on, ISO 8601; undefined when it is off. */
      bootTime: text("summary.runtime.bootTime"),
      /** VMware Tools run in the guest. */
      toolsRunning: text("guest.toolsRunningStatus") === "guestToolsRunning",
      /** As VMware Tools tell it. */
      hostName: text("guest.hostName"),
      nics: findAll(properties.get("guest.net"), "GuestNicInfo").map(guestNic),
    };
  }

  /**
   * The cluster of a host when its DRS moves machines to other hosts by itself.
   * @param host managed object id, e.g. `host-21`.
   */
  async automatedCluster(host: string): Promise<string | undefined> {
    const parent = referenceOf((await this.properties({ type: "HostSystem", id: host }, ["parent"])).get("parent"));
    if (parent?.type !== "ClusterComputeResource") return undefined;
    const cluster = await this.properties(parent, ["name", "configurationEx"]);
    const drs = find(cluster.get("configurationEx"), "drsConfig");
    const behavior = textOf(find(drs, "defaultVmBehavior")) ?? "fullyAutomated";
    return textOf(find(drs, "enabled")) === "true" && behavior === "fullyAutomated"
      ? inventoryName(cluster.get("name"))
      : undefined;
  }

  /**
   * Powers a machine on; returns when vCenter has done so.
   * @param seconds that it may take.
   * @throws VcenterError with the task's own words.
   */
  async powerOn(moid: string, seconds = 300): Promise<void> {
    const answer = await this.soap.call("PowerOnVM_Task", { type: "VirtualMachine", id: moid });
    const task = reference(answer, "returnval");
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const info = (await this.properties(task, ["info"])).get("info");
      const state = textOf(find(info, "state"));
      if (state === "success") return;
      if (state === "error") {
        throw new VcenterError("fault", textOf(find(info, "localizedMessage")) ?? "The power-on failed.");
      }
      if (Date.now() > deadline) throw new VcenterError("fault", slowPowerOn(moid, task, state, seconds));
      await sleep(500, undefined, { signal: this.soap.signal });
    }
  }

  /** The properties of one object that it has, by their paths. */
  private async properties(of: Reference, paths: readonly string[]): Promise<ReadonlyMap<string, Element>> {
    const [object] = await this.retrieve(
      `<propSet><type>${of.type}</type>${paths.map((path) => `<pathSet>${path}</pathSet>`).join("")}</propSet>`,
      `<objectSet>${referenceXml("obj", of)}</objectSet>`,
    );
    const properties = new Map<string, Element>();
    for (const property of findAll(object, "propSet")) {
      const [path, value] = [textOf(find(property, "name")), find(property, "val")];
      if (path !== undefined && value !== undefined) properties.set(path, value);
    }
    return properties;
  }

  /** The objects of all pages of an answer. */
  private async retrieve(propSet: string, objectSet: string): Promise<Element[]> {
    const collector = this.service("propertyCollector");
    const objects: Element[] = [];
    const question = `<specSet>${propSet}${objectSet}</specSet><options/>`;
    let answer = await this.soap.call("RetrievePropertiesEx", collector, question);
    for (;;) {
      objects.push(...findAll(answer, "objects"));
      const token = textOf(find(answer, "token"));
      if (token === undefined) return objects;
      const next = `<token>${escapeXml(token)}</token>`;
      answer = await this.soap.call("ContinueRetrievePropertiesEx", collector, next);
    }
  }
}

function slowPowerOn(moid: string, task: Reference, state: string | undefined, seconds: number): string {
  return (
    `vCenter has not powered ${moid} on within ${seconds} s: its task ${task.id} is ${state ?? "not told"}. In the vSphere ` +
    "Client, the machine's summary shows a question that waits for an answer, Recent Tasks what else is waited for. " +
    "Then run up again."
  );
}

function guestNic(card: Element) {
  // Resolvers, outside of `ipConfig`, are called so too; inside, an address is an `ipAddress` inside an `ipAddress`.
  const addresses = findAll(find(card, "ipConfig"), "ipAddress").filter(({ children }) => children.length === 0);
  return {
    mac: (textOf(find(card, "macAddress")) ?? "").toLowerCase(),
    addresses: addresses.flatMap((each) => textOf(each) ?? []),
  };
}

/** vCenter writes these three characters of a name as in a URL. */
function inventoryName(name: Element | undefined): string {
  return (textOf(name) ?? "").replaceAll("%2f", "/").replaceAll("%5c", "\\").replaceAll("%25", "%");
}

function referenceOf(element: Element | undefined): Reference | undefined {
  const [type, id] = [element?.getAttribute("type"), textOf(element)];
  return type && id !== undefined ? { type, id } : undefined;
}

/** @throws VcenterError when there is none. */
function reference(answer: Element, name: string): Reference {
  const found = referenceOf(find(answer, name));
  if (found !== undefined) return found;
  throw new VcenterError("unreachable", `What answers is no vCenter: it does not name its ${name}.`);
}
