import { Keeper } from "../../verify/capture/keep";

const head = { linkType: 1, snapLength: 262_144 };
const packet = (octets: number, at = 1n) => ({ at, length: octets, octets: Buffer.alloc(octets, 0x2a) });

/** Of a stream of pcapng: the types of its blocks, and the octets that each packet has (draft-ietf-opsawg-pcapng section 4.3). */
function blocks(pcapng: Buffer): { types: number[]; packets: number[] } {
  const types: number[] = [];
  const packets: number[] = [];
  for (let at = 0; at < pcapng.length; at += pcapng.readUInt32LE(at + 4)) {
    types.push(pcapng.readUInt32LE(at));
    if (pcapng.readUInt32LE(at) === 6) packets.push(pcapng.readUInt32LE(at + 20));
  }
  return { types, packets };
}

describe("packets that are kept for a report", () => {
  it("are a whole file: the section, each card, and what passed it in the order of time", () => {
    const keeper = new Keeper("gateway");
    keeper.start("lan", head);
    keeper.start("internet", head);
    keeper.add("internet", packet(80, 2n));
    keeper.add("lan", packet(100, 1n));
    const { pcapng, packets, cut } = keeper.end();
    expect(blocks(pcapng)).toEqual({ types: [0x0a0d0d0a, 1, 1, 6, 6], packets: [100, 80] });
    expect(pcapng.includes("lan of gateway")).toBe(true);
    expect({ packets, cut }).toEqual({ packets: 2, cut: false });
  });

  it("are the first of many, and never more than a page can carry", () => {
    const keeper = new Keeper("gateway");
    keeper.start("lan", head);
    for (let count = 0; count < 200; count += 1) keeper.add("lan", packet(1500));
    // One that would fit comes too late: what is kept has no gaps.
    keeper.add("lan", packet(60));
    const { pcapng, packets, cut } = keeper.end();
    expect({ packets, cut }).toEqual({ packets: 65, cut: true });
    expect(pcapng.length).toBeLessThan(110_000);
  });

  it("are none where nothing passed", () => {
    expect(blocks(new Keeper("gateway").end().pcapng)).toEqual({ types: [0x0a0d0d0a], packets: [] });
  });

  it("keep no program from ending, also where what was done meanwhile has failed", async () => {
    jest.useFakeTimers();
    try {
      const failed = new Keeper("gateway").during(Promise.reject(new Error("client-1 is gone")));
      await expect(failed).rejects.toThrow("client-1 is gone");
      const { missed, kept } = await new Keeper("gateway").during(Promise.resolve({ missed: 3 }));
      expect([missed, kept.packets]).toEqual([3, 0]);
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
