/** What programs on a client see, whatever its resolver knows: names, and the time. */
import { checkClient } from "../../verify/checks";
import { type ClientChange, clientEvidence, own } from "./fixtures";
import * as packets from "./packets";

function told(change: ClientChange, beginning: string) {
  const row = checkClient(clientEvidence(change)).find(({ check }) => check.startsWith(beginning));
  return { verdict: `${row?.status}: ${row?.evidence}`, remedy: row?.remedy };
}

describe("programs on a client are told of the content's host", () => {
  const title = "programs are told of the content's host";
  const unknown = "Traceback (most recent call last):\nsocket.gaierror: [Errno -2] Name or service not known";
  const owed = `198.51.100.7, ${own.server}`;

  it("what the resolver says", () => {
    expect(told({}, title).verdict).toBe(`pass: mirror.example: ${owed}`);
    const nothing = { says: { programs: unknown }, exitCodes: { programs: 1 } };
    const hears = { "host-a": [packets.dns(3)], "host-aaaa": [packets.dns(3)] };
    expect(told({ ...nothing, hears }, title).verdict).toMatch(/^pass: .*Name or service not known$/);
  });

  it("or others of the same families, where a real host may tell others each time", () => {
    const [ipv4, synthesized] = ["198.51.100.99", own.server.replace(/[^:]*:[^:]*$/, "c633:6463")];
    expect(told({ says: { programs: `${ipv4} ${synthesized}` } }, title).verdict).toBe(
      `pass: mirror.example: ${ipv4}, ${synthesized}`,
    );
    for (const programs of [ipv4, synthesized, `${ipv4} 2001:db8::9`])
      expect(told({ says: { programs } }, title).verdict).toMatch(/^fail/);
  });

  it.each<[string, ClientChange, string]>([
    [
      "nothing, where nsswitch.conf(5) asks no DNS",
      { says: { programs: unknown }, exitCodes: { programs: 1 } },
      `fail: mirror.example: socket.gaierror: [Errno -2] Name or service not known; the resolver says ${own.server}, 198.51.100.7`,
    ],
    [
      "nothing in time",
      { says: { programs: "" }, exitCodes: { programs: 124 } },
      `fail: mirror.example: no answer within 30 s; the resolver says ${own.server}, 198.51.100.7`,
    ],
    [
      "half of it",
      { says: { programs: "198.51.100.7" } },
      `fail: mirror.example: 198.51.100.7; the resolver says ${own.server}, 198.51.100.7`,
    ],
    [
      "something else",
      { says: { programs: "192.0.2.9" } },
      `fail: mirror.example: 192.0.2.9; the resolver says ${own.server}, 198.51.100.7`,
    ],
  ])("and it fails when they are told %s", (_what, change, verdict) => {
    expect(told(change, title)).toMatchObject({ verdict, remedy: expect.stringContaining("nsswitch.conf") as unknown });
  });

  it("and it fails when /etc/hosts tells it, and be it the right address, with that line as the remedy", () => {
    const { verdict, remedy } = told(
      { says: { pinned: `${own.server} STREAM mirror.example\n${own.server} DGRAM` } },
      title,
    );
    expect(verdict).toBe(`fail: /etc/hosts says that mirror.example is ${own.server}`);
    expect(remedy).toContain('client-1 "grep -n mirror.example /etc/hosts"');
  });

  it("and it cannot be told where the resolver itself says nothing", () => {
    for (const hears of [{ "host-a": [] }, { "host-aaaa": [packets.dns(2)] }])
      expect(told({ hears }, title).verdict).toMatch(/^skipped/);
  });
});

describe("a client's clock", () => {
  const clock = (seconds: number) => told({ says: { clock: String(1_795_460_266 + seconds) } }, "its clock is right");

  it("may be away by a minute, and fails beyond that, with the command that sets it", () => {
    expect(clock(60).verdict).toBe("pass: 60 s ahead of this machine's");
    expect(clock(-60).verdict).toBe("pass: 60 s behind this machine's");
    expect(clock(61).verdict).toBe("fail: 61 s ahead of this machine's");
    const behind = clock(-400 * 86_400);
    expect(behind.verdict).toBe("fail: 34560000 s behind this machine's");
    expect(behind.remedy).toContain('npm run ssh -- --stack dev client-1 "sudo date -u -s @$(date +%s)"');
  });
});
