/** Captures: what is written through the reader that the guest has, and the script that captures there. */
import { interfaceBlock, packetBlock, sectionBlock } from "../../verify/capture/pcapng";
import { outsideFilter, segmentFilter } from "../../verify/capture/filter";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clientMac, tcpFrame } from "../verify/frames";
import { describeInGuest, Guest, startTimeout } from "./guest";

const script = readFileSync(join(__dirname, "..", "..", "verify", "probes", "capture.sh"), "utf8");

describeInGuest("captures", () => {
  let guest: Guest;
  beforeAll(async () => {
    guest = await Guest.start();
    guest.write("/tmp/capture.sh", script);
    guest.shell("ip link set lo up");
  }, startTimeout);
  afterAll(() => guest.stop());

  it("of several cards are one stream of pcapng that tcpdump reads, with times to the nanosecond", () => {
    const card = { linkType: 1, snapLength: 262144 };
    const frame = (at: bigint, from: string) => {
      const octets = tcpFrame(0x02, 9, 0, { from, to: "192.0.2.42" });
      return { at, length: octets.length, octets };
    };
    const pcapng = Buffer.concat([
      sectionBlock("ipv6-only-lab"),
      interfaceBlock({ ...card, name: "lan", description: "lan of gateway" }),
      packetBlock(0, frame(1_700_000_000_123_456_789n, "192.0.2.1")),
      interfaceBlock({ ...card, name: "uplink", description: "uplink of gateway" }),
      packetBlock(1, frame(1_700_000_001_000_000_001n, "192.0.2.3")),
    ]);
    guest.write("/tmp/capture.base64", pcapng.toString("base64"));
    const read = guest.shell(
      "base64 -d /tmp/capture.base64 | TZ=UTC tcpdump --time-stamp-precision=nano -nn -tt -r - 2>/dev/null",
    );
    expect(read.split("\n").map((line) => line.replace(/: Flags.*/, ""))).toEqual([
      "1700000000.123456789 IP 192.0.2.1.40000 > 192.0.2.42.80",
      "1700000001.000000001 IP 192.0.2.3.40000 > 192.0.2.42.80",
      "",
    ]);
  });

  it.each([
    segmentFilter("", clientMac),
    segmentFilter("tcp port 443 or icmp6", clientMac),
    outsideFilter("", "10.0.2.15"),
    outsideFilter("port 80", "fe80::1%uplink"),
  ])("are filtered by what tcpdump understands: %s", (filter) => {
    guest.shell('tcpdump -i lo -y EN10MB -d -- "$(cat)" >/dev/null', filter);
  });

  it("end when nobody holds the script's standard input any more, and leave no tcpdump", () => {
    const capture = 'bash /tmp/capture.sh lo "icmp6" 2>/tmp/said';
    const packets = guest.shell(
      `(while ! grep -q listening /tmp/said 2>/dev/null; do sleep 0.1; done; ping -c 1 ::1 >/dev/null; sleep 0.5) |
         ${capture} | tcpdump -nn -r - 2>/dev/null; ! pgrep tcpdump >&2`,
    );
    expect(packets).toMatch(/ICMP6, echo request/);
    expect(guest.shell("cat /tmp/said")).toContain("packets captured");
  });

  it("end with tcpdump's words and exit code where the filter is none", () => {
    const { status, stderr } = guest.run([
      "bash",
      "-c",
      // Standard input stays open, as long as the script runs.
      "mkfifo /tmp/held; exec 3<>/tmp/held; bash /tmp/capture.sh lo '(nonsense here)' <&3",
    ]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("syntax error");
  });
});
