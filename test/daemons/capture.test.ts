/** Captures: what is written through the reader that the guest has, and the script that captures there. */
import { interfaceBlock, packetBlock, sectionBlock } from "../../verify/capture/pcapng";
import { outsideFilter, segmentFilter, sentByFilter } from "../../verify/capture/filter";
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

  describe("from a segment", () => {
    const wanted = "icmp6 and ip6[40] == 128";

    beforeAll(() => {
      guest.shell(
        `unshare --net sleep 300 </dev/null >/dev/null 2>&1 & echo $! >/tmp/far
         while [ /proc/$!/ns/net -ef /proc/self/ns/net ]; do sleep 0.1; done
         ip link add near type veth peer name far netns $!
         nsenter --net=/proc/$!/ns/net sh -c "ip addr add fd00::2/64 dev far nodad; ip link set far address ${clientMac} up"
         ip addr add fd00::1/64 dev near nodad; ip link set near address 02:00:00:00:00:01 up`,
      );
    });
    afterAll(() => guest.shell("ip link delete near; kill $(cat /tmp/far)"));

    it.each([segmentFilter(wanted, "02:00:00:00:00:01"), `${sentByFilter(clientMac)} and ${wanted}`])(
      "hold what comes first: %s",
      (filter) => {
        const packets = guest.shell(
          `(while ! grep -q listening /tmp/first 2>/dev/null; do sleep 0.1; done
            nsenter --net=/proc/$(cat /tmp/far)/ns/net ping -c 1 fd00::1 >/dev/null; sleep 0.5) |
             bash /tmp/capture.sh near "${filter}" 2>/tmp/first | tcpdump -nn -r - 2>/dev/null; rm /tmp/first`,
        );
        expect(packets).toMatch(/ICMP6, echo request/);
      },
    );
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
