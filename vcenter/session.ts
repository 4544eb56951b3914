/** What the vSphere plugin leaves open: which names exist, whether a machine runs, and which addresses its guest has. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Element } from "@xmldom/xmldom";
import { VcenterError } from "./errors";
import { type Reference, referenceXml, SoapClient, type VcenterLogin } from "./soap";
import { escapeXml, find, findAll, outerXml, textOf, typeOf } from "./xml";

export { type VcenterLogin, vcenterLoginSchema } from "./soap";

export type MachineState = NonNullable<Awaited<ReturnType<VcenterSession["machine"]>>>;

/** Milliseconds. */
const reconnectLimit = 180_000;

/**
 * Milliseconds without a carrier. A guest is told of each change by an interrupt, and reads then what holds by then: a
 * busy one would not see a carrier that is back at once, and would keep its addresses.
 */
const carrierPause = 200;

/** An entry of the inventory. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** A network card of a machine. */
export interface NetworkCard {
  /** In lower case. */
  readonly mac: string;
  /** Managed object id of its network, e.g. `network-7` or `dvportgroup-12`; undefined for one on none that vCenter knows. */
  readonly network: string | undefined;
  readonly connected: boolean;
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

/** A card of a machine, and the network that it is to be on: managed object ids. */
export interface Reconnection {
  readonly moid: string;
  readonly mac: string;
  /** A port group, of a host's or of a distributed switch's. */
  readonly network: string;
  /** The guest is to lose its carrier even when the card is there already. */
  readonly anew?: boolean;
}

/**
 * Puts a card of a machine on another network (`VcenterSession.reconnect`). An interruption is heeded before the first
 * step alone: no card is left on none.
 */
export function reconnectCard(login: VcenterLogin, wanted: Reconnection, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  return withVcenter(login, AbortSignal.timeout(reconnectLimit), (session) => session.reconnect(wanted));
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
    await this.task("PowerOnVM_Task", "", { moid, done: "powered on", seconds });
  }

  /** On which networks a machine's cards are. */
  async networkCards(moid: string): Promise<NetworkCard[]> {
    return (await this.devices(moid)).flatMap((device) => {
      const mac = textOf(find(device, "macAddress"))?.toLowerCase();
      return mac === undefined ? [] : [{ mac, network: networkOf(device), connected: isConnected(device) }];
    });
  }

  /**
   * Puts a card of a machine on another network. The guest of a running one loses the carrier and gains it again. When
   * vCenter refuses, the card goes back to its network. A card that is there already, and connected, is left alone unless
   * it is wanted anew.
   * @returns whether anything had to be done.
   */
  async reconnect({ moid, mac, network, anew = false }: Reconnection): Promise<boolean> {
    const card = (await this.devices(moid)).find(
      (device) => textOf(find(device, "macAddress"))?.toLowerCase() === mac.toLowerCase(),
    );
    if (card === undefined) throw new VcenterError("fault", `${moid} has no network card with the address ${mac}.`);
    const running = (await this.machine(moid))?.running === true;
    const before = networkOf(card);
    if (before === network && ((isConnected(card) && !anew) || !running)) return false;
    // First of all what may not be found.
    const backing = await this.backing(network);
    const edit = (to: string, connected: boolean): Promise<void> =>
      this.task("ReconfigVM_Task", edited(card, to, connected), { moid, done: "reconfigured", seconds: 60 });
    if (running) await edit(outerXml(find(card, "backing")), false);
    try {
      if (running) await sleep(carrierPause);
      await edit(backing, running);
    } catch (error) {
      if (before !== undefined) await edit(await this.backing(before), running).catch(() => undefined);
      throw error;
    }
    return true;
  }

  /** What puts a card on a network. */
  private async backing(network: string): Promise<string> {
    const distributed = await this.list("DistributedVirtualPortgroup");
    if (!distributed.some(({ id }) => id === network)) {
      const name = (await this.properties({ type: "Network", id: network }, ["name"])).get("name");
      const words = `<deviceName>${escapeXml(inventoryName(name))}</deviceName>`;
      const reference = referenceXml("network", { type: "Network", id: network });
      return `<backing xsi:type="VirtualEthernetCardNetworkBackingInfo">${words}${reference}</backing>`;
    }
    const paths = ["key", "config.distributedVirtualSwitch"];
    const group = await this.properties({ type: "DistributedVirtualPortgroup", id: network }, paths);
    const owner = referenceOf(group.get("config.distributedVirtualSwitch"));
    if (owner === undefined) throw new VcenterError("fault", `vCenter does not tell the switch of ${network}.`);
    const uuid = textOf((await this.properties(owner, ["uuid"])).get("uuid")) ?? "";
    const words = [
      `<switchUuid>${escapeXml(uuid)}</switchUuid>`,
      `<portgroupKey>${escapeXml(textOf(group.get("key")) ?? network)}</portgroupKey>`,
    ];
    return `<backing xsi:type="VirtualEthernetCardDistributedVirtualPortBackingInfo"><port>${words.join("")}</port></backing>`;
  }

  private async devices(moid: string): Promise<Element[]> {
    const machine = { type: "VirtualMachine", id: moid };
    const devices = (await this.properties(machine, ["config.hardware.device"])).get("config.hardware.device");
    return findAll(devices, "VirtualDevice");
  }

  /** Does something with a machine that is a task of vCenter, to its end. */
  private async task(method: string, body: string, what: Task): Promise<void> {
    const answer = await this.soap.call(method, { type: "VirtualMachine", id: what.moid }, body);
    const task = reference(answer, "returnval");
    const deadline = Date.now() + what.seconds * 1000;
    for (let pause = 50; ; pause = Math.min(2 * pause, 500)) {
      const info = (await this.properties(task, ["info"])).get("info");
      const state = textOf(find(info, "state"));
      if (state === "success") return;
      if (state === "error") {
        throw new VcenterError(
          "fault",
          textOf(find(info, "localizedMessage")) ?? `${what.moid} could not be ${what.done}.`,
        );
      }
      if (Date.now() > deadline) throw new VcenterError("fault", slowTask(what, task, state));
      await sleep(pause, undefined, { signal: this.soap.signal });
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

interface Task {
  readonly moid: string;
  /** What the machine is when it has ended. */
  readonly done: string;
  readonly seconds: number;
}

function slowTask({ moid, done, seconds }: Task, task: Reference, state: string | undefined): string {
  return (
    `vCenter has not ${done} ${moid} within ${seconds} s: its task ${task.id} is ${state ?? "not told"}. In the vSphere ` +
    "Client, the machine's summary shows a question that waits for an answer, Recent Tasks what else is waited for. " +
    "Then run up again."
  );
}

/** A port group of a distributed switch is known by its key, which is its id. */
function networkOf(card: Element): string | undefined {
  const backing = find(card, "backing");
  return textOf(find(backing, "network")) ?? textOf(find(backing, "portgroupKey"));
}

function isConnected(card: Element): boolean {
  return textOf(find(find(card, "connectable"), "connected")) === "true";
}

/** The change of a device's: all of it as it was, but for what it is attached to and whether it is. */
function edited(card: Element, backing: string, connected: boolean): string {
  const connectable =
    `<connectable><startConnected>true</startConnected><allowGuestControl>true</allowGuestControl>` +
    `<connected>${connected}</connected></connectable>`;
  const parts = Array.from(card.children, (part) => {
    if (part.localName === "backing") return backing + connectable;
    // What vCenter tells of it itself.
    return ["connectable", "deviceInfo"].includes(part.localName ?? "") ? "" : outerXml(part);
  });
  const type = escapeXml(typeOf(card));
  const device = `<device xsi:type="${type}">${parts.join("")}</device>`;
  return `<spec><deviceChange><operation>edit</operation>${device}</deviceChange></spec>`;
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
