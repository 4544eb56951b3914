import fc from "fast-check";
import { placeAndFilter } from "../../cli/commands/capture";
import { decode } from "../../verify/capture/decode";
import { outsideFilter, segmentFilter, sentByFilter } from "../../verify/capture/filter";
import { type Entry, legPatience, Legs } from "../../verify/capture/legs";
import { Order } from "../../verify/capture/order";
import { type Packet, type PcapHead, PcapReader } from "../../verify/capture/pcap";
import { cardsOf } from "../../verify/capture/place";
import { entryLines, knownToJool, packetLine, sessionTable } from "../../verify/capture/text";
import { access, labOf, own, tableRow } from "./fixtures";
import { clientMac, echoFrame, rawFrame, tcpFrame, udpFrame } from "./frames";

const pool = tableRow.ipv4.address;
const server = tableRow.server.address;
const names = {
  ofMac: (mac: string) => (mac === clientMac ? "client-1" : undefined),
  nat64Prefix: "64:ff9b::/96",
};

describe("tcpdump's stream", () => {
  /** pcap-savefile(5). */
  function stream(packets: readonly Packet[], little: boolean, nano: boolean): Buffer {
    const u32 = (value: number): Buffer => {
      const buffer = Buffer.alloc(4);
      if (little) buffer.writeUInt32LE(value);
      else buffer.writeUInt32BE(value);
      return buffer;
    };
    const versions = little ? [0x02, 0x00, 0x04, 0x00] : [0x00, 0x02, 0x00, 0x04];
    return Buffer.concat([
      ...[u32(nano ? 0xa1b23c4d : 0xa1b2c3d4), Buffer.from(versions), u32(0), u32(0), u32(262144), u32(1)],
      ...packets.flatMap(({ at, length, octets }) => [
        u32(Number(at / 1_000_000_000n)),
        u32(Number(at % 1_000_000_000n) / (nano ? 1 : 1000)),
        u32(octets.length),
        u32(length),
        octets,
      ]),
    ]);
  }

  const packet = fc
    .record({
      micros: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000n }),
      octets: fc.uint8Array({ maxLength: 80 }),
      more: fc.integer({ min: 0, max: 9 }),
    })
    .map(({ micros, octets, more }) => ({
      at: micros * 1000n,
      length: octets.length + more,
      octets: Buffer.from(octets),
    }));

  it("is read whole, in either byte order and resolution, wherever it is cut into chunks", () => {
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 60 }),
        (packets, little, nano, size) => {
          const bytes = stream(packets, little, nano);
          const heads: PcapHead[] = [];
          const read: Packet[] = [];
          const reader = new PcapReader(
            (head) => heads.push(head),
            (each) => read.push({ ...each, octets: Buffer.from(each.octets) }),
          );
          for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
          expect(heads).toEqual([{ linkType: 1, snapLength: 262144 }]);
          expect(read).toEqual(packets);
        },
      ),
    );
  });

  it("is nothing else", () => {
    const reader = new PcapReader(jest.fn(), jest.fn());
    expect(() => {
      reader.push(Buffer.from("tcpdump: you have no permission"));
    }).toThrow("pcap-savefile");
  });
});

describe("a line about a packet", () => {
  const ends = { from: own.client, to: own.server };
  /** @param field its flags and offset (RFC 791 section 3.1). */
  const ipv4Fragment = (field: number): Buffer => {
    const octets = udpFrame({ from: "10.0.0.1", to: "10.0.0.2" });
    octets.writeUInt16BE(field, 14 + 6);
    return octets;
  };
  it.each([
    ["TCP SYN", tcpFrame(0x02, 1, 0, ends)],
    ["TCP PSH ACK 5 octets", tcpFrame(0x18, 1, 7, { ...ends, payload: "hello" })],
    ["UDP 1 octet", udpFrame({ ...ends, payload: "x" })],
    ["UDP 0 octets", udpFrame({ from: "10.0.0.1", to: "10.0.0.2" })],
    ["ICMP echo request 3", echoFrame(128, 77, 3, ends)],
    ["ICMP echo reply 4", echoFrame(0, 77, 4, { from: server, to: pool })],
    ["ICMP packet too big", rawFrame(58, "0200000000000500", ends)],
    ["ICMP router advertisement", rawFrame(58, "86000000", ends)],
    ["ICMP fragmentation needed, code 4", rawFrame(1, "0304000000000500", { from: server, to: pool })],
    ["ICMP destination unreachable, code 1", rawFrame(58, "0101000000000000", ends)],
    // Behind a hop-by-hop options header.
    ["ICMP multicast listener report", rawFrame(0, `3a000502000000008f000000`, ends)],
    // Behind one of two units of eight octets.
    ["ICMP multicast listener report", rawFrame(0, `3a01${"00".repeat(14)}8f000000`, ends)],
    ["TCP PSH ACK 6 octets", tcpFrame(0x18, 1, 7, { ...ends, payload: "cut off here" }).subarray(0, -6)],
    ["a fragment, from octet 1480", ipv4Fragment(0x2000 | 185)],
    ["a fragment, from octet 0", ipv4Fragment(0x2000)],
    ["a fragment, from octet 1232", rawFrame(44, `110004d100000001${"00".repeat(8)}`, ends)],
    ["IP protocol 132", rawFrame(132, "00000000", ends)],
    ["TCP no flags", tcpFrame(0, 1, 1, ends)],
  ])("says %s", (words, octets) => {
    expect(packetLine({ at: 0n, card: "lan", packet: decode(octets) }, names)).toMatch(new RegExp(`  ${words}$`));
  });

  it("says which IPv4 address is meant inside the NAT64 prefix", () => {
    const line = packetLine({ at: 0n, card: "lan", packet: decode(tcpFrame(2, 1, 0, ends)) }, names);
    expect(line).toContain(`lan  ${own.client}#40000 → ${own.server}#80 (${server})  TCP SYN`);
    const echo = packetLine({ at: 0n, card: "lan", packet: decode(echoFrame(128, 77, 3, ends)) }, names);
    expect(echo).toContain(`lan  ${own.client} → ${own.server} (${server})  ICMP echo request 3`);
  });

  it("is there for what is no IP packet, or cut short", () => {
    const arp = Buffer.from(`${"ff".repeat(6)}${clientMac.replaceAll(":", "")}0806${"00".repeat(28)}`, "hex");
    expect(packetLine({ at: 0n, card: "uplink", packet: decode(arp) }, names)).toMatch(/ff:ff:ff:ff:ff:ff {2}ARP$/);
    for (const cut of [0, 13, 14, 30, 60]) {
      expect(decode(tcpFrame(2, 1, 0, ends).subarray(0, cut))).toMatchObject({ ip: undefined });
    }
  });
});

describe("packets of several cards", () => {
  it("come in the order of their times, however they arrived", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 1000n }), { maxLength: 20 }), (times) => {
        const order = new Order<{ at: bigint }>(200);
        times.forEach((at, index) => {
          order.add({ at }, index);
        });
        expect(order.due(Infinity).map(({ at }) => at)).toEqual([...times].sort((one, other) => Number(one - other)));
        expect(order.due(Infinity)).toEqual([]);
      }),
    );
  });

  it("wait for earlier ones, but not for ever", () => {
    const order = new Order<{ at: bigint }>(200);
    order.add({ at: 5n }, 0);
    expect(order.due(199)).toEqual([]);
    order.add({ at: 4n }, 199);
    order.add({ at: 6n }, 199);
    expect(order.due(200)).toEqual([{ at: 4n }, { at: 5n }]);
  });
});

describe("both legs of what is translated", () => {
  const toServer = { from: own.client, to: own.server, fromPort: 40000, toPort: 80 };
  const outside = { from: pool, to: server, fromPort: 61005, toPort: 80 };
  const back = { from: server, to: pool, fromPort: 80, toPort: 61005 };
  const toClient = { from: own.server, to: own.client, fromPort: 80, toPort: 40000 };
  const macs = { sourceMac: own.routerMac, destinationMac: clientMac };

  /** Packets a millisecond apart, and what is told of them at the end. */
  function told(...seen: readonly (readonly [card: string, octets: Buffer])[]): Entry[] {
    const legs = new Legs("64:ff9b::/96", (card) => card === "lan");
    seen.forEach(([card, octets], index) => {
      legs.add({ at: BigInt(index) * 1_000_000n, card, packet: decode(octets) }, index);
    });
    return legs.due(Infinity);
  }
  const lines = (entries: readonly Entry[]): string[] =>
    entries.flatMap((entry) => entryLines(entry, names)).map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d+ {2}/, ""));

  it("are one line, below one head for the session", () => {
    expect(
      lines(
        told(
          ["lan", tcpFrame(0x02, 9, 0, toServer)],
          ["uplink", tcpFrame(0x02, 9, 0, outside)],
          ["uplink", tcpFrame(0x12, 5, 10, back)],
          ["lan", tcpFrame(0x12, 5, 10, { ...toClient, ...macs })],
        ),
      ),
    ).toEqual([
      `── session 1, TCP, client-1:  ${own.client}#40000 → ${own.server}#80  is  ${pool}#61005 → ${server}#80`,
      "1  lan 60 ─▶ uplink 40  SYN  +1.00 ms",
      "1  lan 60 ◀─ uplink 40  SYN ACK  +1.00 ms",
    ]);
  });

  it("are found for UDP and for echoes, whose identifier is another one outside", () => {
    const dns = { ...toServer, toPort: 53, payload: "question" };
    expect(
      lines(
        told(
          ["lan", udpFrame(dns)],
          ["uplink", udpFrame({ ...outside, toPort: 53, payload: "question" })],
          ["lan", echoFrame(128, 7, 1, toServer)],
          ["uplink", echoFrame(8, 61009, 1, outside)],
          ["uplink", echoFrame(0, 61009, 1, back)],
          ["lan", echoFrame(129, 7, 1, { ...toClient, ...macs })],
        ),
      ),
    ).toEqual([
      `── session 1, UDP, client-1:  ${own.client}#40000 → ${own.server}#53  is  ${pool}#61005 → ${server}#53`,
      "1  lan 56 ─▶ uplink 36  8 octets  +1.00 ms",
      `── session 2, ICMP, client-1:  ${own.client}#7 → ${own.server}  is  ${pool}#61009 → ${server}`,
      "2  lan 56 ─▶ uplink 36  echo request 1  +1.00 ms",
      "2  lan 56 ◀─ uplink 36  echo reply 1  +1.00 ms",
    ]);
  });

  it("are said to be missing where the translator did not pass something on, and the session is told again once it did", () => {
    expect(
      lines(
        told(
          ["lan", tcpFrame(0x02, 9, 0, toServer)],
          ["lan", tcpFrame(0x02, 9, 0, toServer)],
          ["uplink", tcpFrame(0x02, 9, 0, outside)],
          ["lan", tcpFrame(0x02, 9, 0, { ...toServer, fromPort: 40001 })],
        ),
      ),
    ).toEqual([
      `── session 1, TCP, client-1:  ${own.client}#40000 → ${own.server}#80  is  ${pool}#61005 → ${server}#80`,
      "1  lan 60 ─▶ uplink 40  SYN  +2.00 ms",
      "1  lan 60 ─▶ no IPv4 packet was seen  SYN",
      `── session 2, TCP, client-1:  ${own.client}#40001 → ${own.server}#80  is  (not seen) → ${server}#80`,
      "2  lan 60 ─▶ no IPv4 packet was seen  SYN",
    ]);
  });

  it("are told of a session again where the pool's end is seen later", () => {
    const head = `── session 1, TCP, client-1:  ${own.client}#40000 → ${own.server}#80  is `;
    expect(
      lines(
        told(
          ["lan", tcpFrame(0x02, 9, 0, toServer)],
          ["lan", tcpFrame(0x10, 10, 6, toServer)],
          ["uplink", tcpFrame(0x10, 10, 6, outside)],
        ),
      ),
    ).toEqual([
      `${head} (not seen) → ${server}#80`,
      "1  lan 60 ─▶ no IPv4 packet was seen  SYN",
      `${head} ${pool}#61005 → ${server}#80`,
      "1  lan 60 ─▶ uplink 40  ACK  +1.00 ms",
    ]);
  });

  it("are each other's alone where the same is sent again", () => {
    const [one, other] = [tcpFrame(0x02, 9, 0, toServer), tcpFrame(0x02, 9, 0, outside)];
    const entries = told(["lan", one], ["lan", one], ["uplink", other], ["uplink", other]);
    expect(lines(entries).slice(1)).toEqual(Array.from({ length: 2 }, () => "1  lan 60 ─▶ uplink 40  SYN  +2.00 ms"));
  });

  it("are not put together for packets that differ in anything that a translator leaves as it is", () => {
    for (const other of [
      tcpFrame(0x02, 8, 0, outside),
      tcpFrame(0x12, 9, 0, outside),
      tcpFrame(0x02, 9, 0, { ...outside, payload: "x" }),
      tcpFrame(0x02, 9, 0, { ...outside, to: "198.51.100.8" }),
      tcpFrame(0x02, 9, 0, { ...outside, toPort: 81 }),
      udpFrame(outside),
    ]) {
      const entries = told(["lan", tcpFrame(0x02, 9, 0, toServer)], ["uplink", other]);
      expect(entries.map(({ kind }) => kind)).toEqual(["translated", "other"]);
      expect(entries[0]).toMatchObject({ ipv4: undefined });
    }
  });

  it("are waited for, and what comes behind waits too, so that lines stay in order", () => {
    const legs = new Legs("64:ff9b::/96", (card) => card === "lan");
    const untranslated = decode(udpFrame({ from: own.client, to: own.gateway }));
    legs.add({ at: 0n, card: "lan", packet: untranslated }, 1000);
    expect(legs.due(1000)).toHaveLength(1);
    legs.add({ at: 1n, card: "lan", packet: decode(tcpFrame(2, 1, 0, toServer)) }, 1000);
    legs.add({ at: 2n, card: "lan", packet: untranslated }, 1001);
    expect(legs.due(1000 + legPatience - 1)).toEqual([]);
    expect(legs.due(1000 + legPatience)).toHaveLength(2);
    expect(legs.all).toHaveLength(1);
  });

  it("are held against Jool's table", () => {
    const [entry] = told(["lan", tcpFrame(0x02, 9, 0, toServer)], ["uplink", tcpFrame(0x02, 9, 0, outside)]);
    if (entry?.kind !== "translated") throw new Error("it was not put together");
    expect(knownToJool(entry.session, [tableRow])).toBe("ESTABLISHED, expires in 02:00:00");
    for (const other of [
      { client: { ...tableRow.client, id: "40001" } },
      { client: { ...tableRow.client, address: own.gateway } },
      { serverIpv6: { ...tableRow.serverIpv6, id: "81" } },
      { protocol: "UDP" },
    ])
      expect(knownToJool(entry.session, [{ ...tableRow, ...other }])).toBe("not in it");
    // An echo has an identifier of its own at each end.
    const [echo] = told(["lan", echoFrame(128, 40000, 1, toServer)]);
    if (echo?.kind !== "translated") throw new Error("it is of no session");
    const icmp = { ...tableRow, protocol: "ICMP", serverIpv6: { ...tableRow.serverIpv6, id: "61005" } };
    expect(knownToJool(echo.session, [icmp])).toBe("ESTABLISHED, expires in 02:00:00");
    const elsewhere = { ...icmp.serverIpv6, address: own.gateway };
    expect(knownToJool(echo.session, [{ ...icmp, serverIpv6: elsewhere }])).toBe("not in it");
    const counted = [{ session: entry.session, toServer: [3, 2], fromServer: [2, 2] }] as const;
    const [, line = ""] = sessionTable(counted, [tableRow], names);
    expect(line.split(/ {2,}/)).toEqual([
      "1",
      "TCP",
      "client-1",
      `${own.client}#40000 → ${own.server}#80`,
      `${pool}#61005 → ${server}#80`,
      "3/2",
      "2/2",
      "ESTABLISHED, expires in 02:00:00",
    ]);
  });
});

describe("what is captured", () => {
  const filter = "port 80";

  it("is everything but the SSH that manages the machines, and of that what the user wants", () => {
    const [ssh, echo] = ["not (tcp port 22 and ip6 net fe80::/10)", "not (ether src 8a:71:1e:21:42:7e and inbound)"];
    expect(segmentFilter("", clientMac)).toBe(`${ssh} and ${echo}`);
    expect(segmentFilter(filter, clientMac)).toBe(`(${ssh}) and (port 80) and ${echo}`);
    expect(sentByFilter(clientMac)).toBe(`ether src ${clientMac} and ${ssh}`);
    expect(outsideFilter("", "10.0.2.15")).toBe(
      "not ((tcp dst port 22 and dst host 10.0.2.15) or (tcp src port 22 and src host 10.0.2.15))",
    );
    expect(outsideFilter("", "fe80::1%uplink")).toContain("dst host fe80::1)");
  });

  it("is on the client's card, on the gateway's cards on the networks, or on those and the ways out", () => {
    const lab = labOf({
      networks: [
        { name: "a", scenario: "ipv4-only" },
        { name: "b", scenario: "dual-stack" },
      ],
    });
    const seen = { present: ["lo", "uplink", "lan-a", "lan-b", "internet"], sshTo: "10.0.2.15", filter };
    const [client] = lab.clients;
    if (client === undefined) throw new Error("there is a client");
    expect(cardsOf({ kind: "client", client }, lab, seen).cards).toEqual(["lan"]);
    expect(cardsOf({ kind: "gateway" }, lab, seen).cards).toEqual(["lan-a", "lan-b"]);
    const both = cardsOf({ kind: "both" }, lab, seen);
    expect(both.cards).toEqual(["lan-a", "lan-b", "uplink", "internet"]);
    expect(both.cards.map(both.isInside)).toEqual([true, true, false, false]);
    expect(both.filterOf("lan-a")).toBe(segmentFilter(filter, lab.promised.networks[0]?.router.mac ?? ""));
    expect(both.filterOf("uplink")).toBe(outsideFilter(filter, "10.0.2.15"));
    expect(cardsOf({ kind: "both" }, lab, { ...seen, present: ["uplink", "lan-a"] }).cards).toEqual([
      "lan-a",
      "uplink",
    ]);
  });

  it.each([
    [[], "both", ""],
    [["both"], "both", ""],
    [["port", "80"], "both", "port 80"],
    [["both", "port 80"], "both", "port 80"],
    [["gateway", "icmp6"], "gateway", "icmp6"],
    [["client", "client-1"], "client", ""],
    [["client", "client-1", "udp", "port", "53"], "client", "udp port 53"],
    [["client-1", "udp"], "client", "udp"],
  ])("is understood from the words %j", (words, kind, expected) => {
    const { place, filter: read } = placeAndFilter(access, words);
    expect([place.kind, read]).toEqual([kind, expected]);
  });

  it("is nothing where the client does not exist, and the names that there are are told", () => {
    expect(() => placeAndFilter(access, ["client"])).toThrow("Which client? There are: client-1.");
    expect(() => placeAndFilter(access, ["client", "client-2"])).toThrow(
      "There is no client client-2. Did you mean client-1? There are: client-1.",
    );
  });
});
