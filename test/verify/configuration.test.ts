/** Who has configured a client, where it is not as the network tells it. */
import { checkClient } from "../../verify/checks";
import { type ClientChange, clientEvidence, own } from "./fixtures";

function told(change: ClientChange, beginning: string) {
  const row = checkClient(clientEvidence(change)).find(({ check }) => check.startsWith(beginning));
  return { verdict: `${row?.status}: ${row?.evidence}`, remedy: row?.remedy };
}

describe("a resolver that the network does not name", () => {
  const both = `${own.gateway}, 2001:db8::53`;
  const says = (by: string) => ({
    says: { resolver: `nameserver ${own.gateway}\nnameserver 2001:db8::53`, "dns-by": by },
  });
  const lan = `Link 2 (lan): ${own.gateway}`;

  it.each([
    ["the card has", `Global:\n${lan} 2001:db8::53`, both, "resolvectl revert lan; sudo networkctl reconfigure lan"],
    [
      "a file sets for the whole machine",
      `Global: 2001:db8::53\n${lan}`,
      `${both}; 2001:db8::53 is set for the whole machine`,
      'client-1 "grep -rs ^DNS= /etc/systemd/resolved.conf*',
    ],
    [
      "a tunnel has",
      `Global:\n${lan}\nLink 7 (tun0): 2001:db8::53`,
      `${both}; 2001:db8::53 is tun0's`,
      'client-1 "sudo resolvectl revert tun0"',
    ],
    ["nobody tells of", "", both, "resolvectl revert lan"],
  ])("is taken away where it comes from: %s", (_whose, by, evidence, remedy) => {
    expect(told(says(by), "the resolver is the one")).toEqual({
      verdict: `fail: ${evidence}`,
      remedy: expect.stringContaining(remedy) as unknown,
    });
  });
});

describe("a network manager", () => {
  const title = "the NAT64 prefix is known";

  it.each<[string, ClientChange]>([
    ["timeout(1) has to end the question", { says: { lan: "" }, exitCodes: { lan: 124 } }],
    ["D-Bus waits no longer", { says: { lan: "Failed to query link: Connection timed out" }, exitCodes: { lan: 1 } }],
  ])("that hangs fails, and is not taken for another one that cannot tell: %s", (_how, change) => {
    const { verdict, remedy } = told(change, title);
    expect(verdict).toMatch(/^fail: systemd-networkd does not answer/);
    expect(remedy).toContain("systemctl restart systemd-networkd");
    expect(told({ ...change, says: { ...change.says, routes6: "[]" } }, "the default route").remedy).toBe(remedy);
  });

  it("that is another one cannot tell", () => {
    expect(told({ says: { lan: "Interface lan is not managed" }, exitCodes: { lan: 1 } }, title).verdict).toMatch(
      /^skipped/,
    );
  });
});
