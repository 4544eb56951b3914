import { DOMParser, type Element } from "@xmldom/xmldom";
import { VcenterSession } from "../../vcenter/session";

function element(xml: string): Element {
  const { documentElement } = new DOMParser().parseFromString(xml, "text/xml");
  if (documentElement === null) throw new Error(`No XML: ${xml}`);
  return documentElement;
}

/** A vCenter that answers every question for properties with the same object. */
function sessionWith(properties: Readonly<Record<string, string>>): VcenterSession {
  const propSets = Object.entries(properties).map(
    ([name, value]) => `<propSet><name>${name}</name><val>${value}</val></propSet>`,
  );
  const answers: Readonly<Record<string, string>> = {
    PowerOnVM_Task: '<returnval xsi:type="ManagedObjectReference" type="Task">task-12</returnval>',
    RetrievePropertiesEx: `<returnval><objects><obj type="A">a-1</obj>${propSets.join("")}</objects></returnval>`,
  };
  const call = (method: string) =>
    Promise.resolve(
      element(
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:vim25" ' +
          `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>${answers[method] ?? ""}</s:Body></s:Envelope>`,
      ),
    );
  const nowhere = () => ({ type: "Folder", id: "nowhere" });
  return new VcenterSession({ call, signal: new AbortController().signal }, nowhere);
}

describe("powering a machine on", () => {
  it("ends with what is to be looked at when vCenter's task does not", async () => {
    const session = sessionWith({ info: "<key>task-12</key><state>queued</state>" });
    await expect(session.powerOn("vm-7", 0.1)).rejects.toThrow(
      /not powered on vm-7 within 0\.1 s: its task task-12 is queued\. .*question.*Recent Tasks/,
    );
  });

  it("fails with vCenter's own words", async () => {
    const words = "Host &lt;esx1&gt; has no memory left &amp; no CPU.";
    const error = `<error><fault/><localizedMessage>${words}</localizedMessage></error>`;
    const session = sessionWith({ info: `<state>error</state>${error}` });
    await expect(session.powerOn("vm-7")).rejects.toThrow("Host <esx1> has no memory left & no CPU.");
  });
});

describe("a machine's state", () => {
  it("has the addresses of its cards and never those of its resolvers", async () => {
    const ip = (address: string) =>
      `<ipAddress><ipAddress>${address}</ipAddress><prefixLength>24</prefixLength></ipAddress>`;
    const card =
      "<GuestNicInfo><network>a</network><ipAddress>192.0.2.7</ipAddress><macAddress>00:50:56:0A:00:01</macAddress>" +
      "<dnsConfig><dhcp>true</dhcp><ipAddress>192.0.2.53</ipAddress></dnsConfig>" +
      `<ipConfig>${ip("192.0.2.7")}${ip("fe80::1")}</ipConfig></GuestNicInfo>`;
    const session = sessionWith({ "runtime.powerState": "poweredOn", "guest.net": card + card });
    const nic = { mac: "00:50:56:0a:00:01", addresses: ["192.0.2.7", "fe80::1"] };
    expect(await session.machine("vm-7")).toEqual({
      running: true,
      bootTime: undefined,
      toolsRunning: false,
      hostName: undefined,
      nics: [nic, nic],
    });
  });
});
