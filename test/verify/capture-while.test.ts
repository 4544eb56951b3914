/** A capture beside something else: what it can tell of all of that. */
import type { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { SshConnection } from "../../ssh";
import { captureWhile, type Ended } from "../../verify/capture/while";

/** Of a capture file: microseconds, Ethernet (pcap-savefile(5)). */
const head = Buffer.from("d4c3b2a1020004000000000000000000ffff000001000000", "hex");

interface Streams {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** tcpdump that writes its head after so many milliseconds, and ends so, or when it is told to. */
async function ended(begins: number, end?: { readonly after: number; readonly code: number }): Promise<Ended> {
  const attach = async (_command: string, { stdin, stdout, stderr }: Streams): Promise<{ code: number }> => {
    const told = new Promise<void>((resolve) => {
      stdin.on("end", resolve);
      stdin.resume();
    });
    await Promise.race([told, pause(begins, undefined, { ref: false })]);
    stdout.write(head);
    await Promise.race([told, end === undefined ? told : pause(end.after, undefined, { ref: false })]);
    stderr.write("3 packets captured\n2 packets dropped by kernel\n");
    return { code: end?.code ?? 0 };
  };
  const connection: Pick<SshConnection, "attach"> = { attach } as never;
  const watch = {
    ...{ cards: ["lan"], filterOf: () => "", onStart: () => undefined, onPacket: () => undefined },
    ...{ signal: new AbortController().signal, patience: 0.2 },
  };
  return (await captureWhile(connection as SshConnection, watch, () => pause(300))).ended;
}

describe("a capture beside something else", () => {
  it("tells how many packets it missed, where it saw all of it", async () => {
    expect(await ended(0)).toEqual({ missed: 2 });
  });

  it.each([0, 1, 143])("has ended too early where nobody has told it to, with whatever code: %d", async (code) => {
    expect(await ended(0, { after: 50, code })).toMatchObject({
      error: { message: expect.stringMatching(/The capture on lan ended/) as unknown },
    });
  });

  it("has not seen what was done before it began", async () => {
    expect(await ended(350)).toMatchObject({
      error: { message: expect.stringMatching(/had not begun within 0\.2 s/) as unknown },
    });
    expect(await ended(60_000)).toMatchObject({
      error: { message: expect.stringMatching(/had not begun within 0\.2 s/) as unknown },
    });
  });
});
