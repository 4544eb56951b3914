/** Where a client's packets go, whatever its default route says. */
import { checkClient } from "../../verify/checks";
import { allScenarios } from "../fixtures/plan";
import {
  address,
  type ClientChange,
  clientEvidence,
  clientSays,
  defaultRoutes,
  labOf,
  onLan,
  own,
  withClat,
} from "./fixtures";

const way = (gateway: string, dev = "lan"): string => JSON.stringify([{ gateway, dev }]);
const server = `way-${own.server}`;
const elsewhere = "way-198.51.100.7";

function told(change: ClientChange, beginning: string) {
  const row = checkClient(clientEvidence(change)).find(({ check }) => check.startsWith(beginning));
  return { verdict: `${row?.status}: ${row?.evidence}`, remedy: row?.remedy };
}

describe("a client's IPv6 default route", () => {
  const title = "the default route";
  const route = `${own.router} dev lan (ra)`;

  it("is not enough where another router is on the way to the content, which is taken away with the card's settings", () => {
    const { verdict, remedy } = told({ says: { [server]: way("fe80::bad") } }, title);
    expect(verdict).toBe(`fail: ${route}; ${own.server} by fe80::bad dev lan`);
    expect(remedy).toContain("networkctl reconfigure lan");
  });

  it("is not enough where a tunnel is on the way, of which nobody knows who would end it", () => {
    const { verdict, remedy } = told({ says: { [server]: way("", "tun0") } }, title);
    expect(verdict).toBe(`fail: ${route}; ${own.server} by no router dev tun0`);
    expect(remedy).toContain(`client-1 "ip -6 route get ${own.server}; ip rule`);
  });

  it("is not enough where nothing leads there all the same", () => {
    const unreachable = { says: { [server]: "RTNETLINK answers: Permission denied" }, exitCodes: { [server]: 2 } };
    expect(told(unreachable, title).verdict).toBe(`fail: ${route}; nothing leads to ${own.server}`);
  });

  it("is not enough where a narrower one goes by another router, even if that is not there now", () => {
    const others = (gateway: string) =>
      JSON.stringify([
        { dst: "2000::/3", gateway, dev: "lan" },
        { dst: "fe80::/64", dev: "lan" },
      ]);
    const says = (gateway: string) => ({
      routes6: `${defaultRoutes(own.router).slice(0, -1)},${others(gateway).slice(1)}`,
    });
    expect(told({ says: says("fe80::bad") }, title).verdict).toBe(`fail: ${route}; 2000::/3 by fe80::bad dev lan`);
    expect(told({ says: says(own.router) }, title).verdict).toBe(`pass: ${route}`);
  });
});

describe("a client's IPv4 default route", () => {
  const title = "the IPv4 address";
  const lab = labOf({ ...allScenarios, clients: [{ name: "client-1", network: "v4" }] });
  const [client] = lab.clients;
  const ipv4 = client?.addresses.v4?.ipv4 ?? "";
  const says = {
    ...clientSays,
    addresses: onLan(address(ipv4, { family: "inet" })),
    routes6: "[]",
    routes4: '[{"dst":"default","gateway":"192.168.4.1","dev":"lan"}]',
  };

  it("is not enough where two halves of it go by another router", () => {
    expect(told({ lab, says }, title).verdict).toBe(`pass: ${ipv4} on lan; 192.168.4.1 dev lan`);
    expect(told({ lab, says: { ...says, [elsewhere]: way("192.168.4.99") } }, title).verdict).toBe(
      `fail: ${ipv4} on lan; 192.168.4.1 dev lan; 198.51.100.7 by 192.168.4.99 dev lan`,
    );
    const tunnel = told({ lab, says: { ...says, [elsewhere]: way("10.8.0.1", "tun0") } }, title);
    expect(tunnel.verdict).toMatch(/^fail/);
    expect(tunnel.remedy).toContain('"ip route get 198.51.100.7; ip rule');
  });

  it("is none of IPv6, nor is a narrower one", () => {
    const none = "there is no IPv6 address beyond the link";
    expect(told({ lab, says }, none).verdict).toBe("pass: none");
    expect(told({ lab, says: { ...says, [server]: way("fe80::bad") } }, none).verdict).toBe(
      `fail: no address; 0 IPv6 default routes; ${own.server} by fe80::bad dev lan`,
    );
  });

  it("is the CLAT's where one runs, and what goes past it is told", () => {
    const withOne = { lab: labOf({ clients: [{ name: "client-1", clat: true }] }), says: withClat(clientSays) };
    expect(told(withOne, "the CLAT has").verdict).toMatch(/^pass/);
    const past = { ...withOne, says: { ...withOne.says, [elsewhere]: way("192.0.2.1") } };
    expect(told(past, "the CLAT has").verdict).toMatch(/^fail: .*; 198.51.100.7 by 192.0.2.1 dev lan$/);
  });
});
