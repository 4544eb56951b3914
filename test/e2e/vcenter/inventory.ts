/** What the tests do to machines in the simulated vCenter: the calls that the vSphere plugin makes. */
import { type Reference, referenceXml, SoapClient } from "../../../vcenter/soap";
import { type VcenterLogin, type VcenterSession, withVcenter } from "../../../vcenter/session";
import { escapeXml, find, textOf } from "../../../vcenter/xml";

/** A session of the tests' own, beside those of the code under test. */
async function connect(login: VcenterLogin): Promise<SoapClient> {
  const soap = new SoapClient(login, AbortSignal.timeout(60_000));
  await soap.call("RetrieveServiceContent", { type: "ServiceInstance", id: "ServiceInstance" });
  await soap.call(
    "Login",
    { type: "SessionManager", id: "SessionManager" },
    `<userName>${escapeXml(login.user)}</userName><password>${escapeXml(login.password)}</password>`,
  );
  return soap;
}

export function inSession<T>(login: VcenterLogin, use: (session: VcenterSession) => Promise<T>): Promise<T> {
  return withVcenter(login, AbortSignal.timeout(60_000), use);
}

/** Clones the template; the machine's managed object id. It is off. */
export async function clone(login: VcenterLogin, name: string): Promise<string> {
  const soap = await connect(login);
  const reference = async (type: string, wanted?: string): Promise<Reference> => {
    const all = await inSession(login, (session) => session.list(type));
    const found = wanted === undefined ? all[0] : all.find((each) => each.name === wanted);
    if (found === undefined) throw new Error(`There is no ${type} ${wanted ?? ""}.`);
    return { type, id: found.id };
  };
  const pool = referenceXml("pool", await reference("ResourcePool"));
  await soap.call(
    "CloneVM_Task",
    await reference("VirtualMachine", "debian-13"),
    `${referenceXml("folder", await reference("Folder", "vm"))}<name>${name}</name>` +
      `<spec><location>${pool}</location><template>false</template><powerOn>false</powerOn></spec>`,
  );
  for (let tries = 0; tries < 50; tries += 1) {
    const machines = await inSession(login, (session) => session.list("VirtualMachine"));
    const made = machines.find((each) => each.name === name);
    if (made !== undefined) return made.id;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The clone ${name} has not come into being.`);
}

export async function call(login: VcenterLogin, method: string, moid: string): Promise<void> {
  const soap = await connect(login);
  await soap.call(method, { type: "VirtualMachine", id: moid });
}

/** Pulls the plug of a machine's card on a port group, as the checkbox "Connected" does. The simulator wants all of it. */
export async function disconnect(login: VcenterLogin, moid: string, mac: string, network: string): Promise<void> {
  const soap = await connect(login);
  const card =
    '<key>4000</key><backing xsi:type="VirtualEthernetCardNetworkBackingInfo"><deviceName>VM Network</deviceName>' +
    `${referenceXml("network", { type: "Network", id: network })}</backing>` +
    "<connectable><startConnected>true</startConnected><allowGuestControl>true</allowGuestControl>" +
    `<connected>false</connected></connectable><addressType>manual</addressType><macAddress>${mac}</macAddress>`;
  await soap.call(
    "ReconfigVM_Task",
    { type: "VirtualMachine", id: moid },
    `<spec><deviceChange><operation>edit</operation><device xsi:type="VirtualE1000">${card}</device></deviceChange></spec>`,
  );
}

/** Makes a port group on the standard switch of a host that is not the one of a machine. */
export async function addPortGroup(
  login: VcenterLogin,
  name: string,
  { apartFrom: moid }: { readonly apartFrom: string },
): Promise<void> {
  const soap = await connect(login);
  const own = await propertyOf(soap, { type: "VirtualMachine", id: moid }, "runtime.host");
  const host = (await inSession(login, (session) => session.list("HostSystem"))).find(({ id }) => id !== own.id);
  if (host === undefined) throw new Error("There is one host only.");
  const system = await propertyOf(soap, { type: "HostSystem", id: host.id }, "configManager.networkSystem");
  const spec = `<name>${name}</name><vlanId>0</vlanId><vswitchName>vSwitch0</vswitchName><policy/>`;
  await soap.call("AddPortGroup", system, `<portgrp>${spec}</portgrp>`);
}

/** A property of an object that is another object. */
async function propertyOf(soap: SoapClient, of: Reference, path: string): Promise<Reference> {
  const answer = await soap.call(
    "RetrievePropertiesEx",
    { type: "PropertyCollector", id: "propertyCollector" },
    `<specSet><propSet><type>${of.type}</type><pathSet>${path}</pathSet></propSet>` +
      `<objectSet>${referenceXml("obj", of)}</objectSet></specSet><options/>`,
  );
  const value = find(answer, "val");
  return { type: value?.getAttribute("type") ?? "", id: textOf(value) ?? "" };
}
