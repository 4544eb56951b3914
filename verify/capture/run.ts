/** tcpdump on a machine of the lab, one for each card, each on a channel of its own. */
import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../host/messages";
import type { SshConnection } from "../../ssh";
import { rootCommand } from "../../ssh/shell";
import { type Packet, type PcapHead, PcapReader } from "./pcap";

export interface Capture {
  /** Names of the machine's cards. */
  readonly cards: readonly string[];
  /** Of each card (pcap-filter(7)); "": everything. */
  readonly filterOf: (card: string) => string;
  /** Ends it, in order: what was captured is still told. */
  readonly stop: AbortSignal;
  readonly onStart: (card: string, head: PcapHead) => void;
  /** What it returns is waited for before more is read. */
  readonly onPacket: (card: string, packet: Packet) => Promise<void> | undefined;
}

/** Seconds that tcpdump may take to end when it is told to. */
const grace = 10;

/**
 * Captures until it is stopped.
 * @returns how many packets the kernel has dropped, because they were not fetched in time.
 * @throws UserError with the words of a tcpdump that ended by itself; Error when the connection is lost.
 */
export async function capturePackets(connection: SshConnection, capture: Capture): Promise<number> {
  const cut = new AbortController();
  const ownStop = new AbortController();
  const stop = AbortSignal.any([capture.stop, ownStop.signal]);
  const giveUp = (): void => {
    sleep(grace * 1000, undefined, { signal: cut.signal, ref: false }).then(
      () => {
        cut.abort(new Error(`tcpdump did not end within ${grace} s.`));
      },
      () => undefined,
    );
  };
  stop.addEventListener("abort", giveUp);
  try {
    const results = await Promise.allSettled(
      capture.cards.map(async (card) => {
        try {
          return await captureCard(connection, card, { ...capture, stop }, cut.signal);
        } finally {
          // One that ends takes the others with it.
          ownStop.abort();
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return results.reduce((sum, result) => sum + (result.status === "fulfilled" ? result.value : 0), 0);
  } finally {
    cut.abort();
    stop.removeEventListener("abort", giveUp);
  }
}

const script = fs.readFileSync(path.join(__dirname, "..", "probes", "capture.sh"), "utf8");

async function captureCard(
  connection: SshConnection,
  card: string,
  { filterOf, stop, onStart, onPacket }: Capture,
  cut: AbortSignal,
): Promise<number> {
  let pressure: Promise<void> | undefined;
  const reader = new PcapReader(
    (head) => {
      onStart(card, head);
    },
    (packet) => {
      pressure = onPacket(card, packet) ?? pressure;
    },
  );
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      try {
        reader.push(chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      const wait = pressure;
      pressure = undefined;
      if (wait === undefined) done();
      else
        wait.then(() => {
          done();
        }, done);
    },
  });
  let said = "";
  const stderr = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      said += chunk.toString("utf8");
      done();
    },
  });
  const stdin = new PassThrough();
  stdin.write(script);
  const end = (): void => {
    stdin.end();
  };
  if (stop.aborted) end();
  else stop.addEventListener("abort", end, { once: true });
  const unreadable = new Promise<never>((_, reject) => stdout.once("error", reject));
  try {
    const running = connection.attach(rootCommand(script, card, filterOf(card)), {
      stdin,
      stdout,
      stderr,
      signal: cut,
    });
    const { code } = await Promise.race([running, unreadable]);
    // However well it ended (a reboot asks it to): nobody told it to, and what came later is not in it.
    if (!stop.aborted) throw new UserError(complaint(card, said, code));
    return Number(/(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? 0);
  } finally {
    stop.removeEventListener("abort", end);
    end();
  }
}

/** tcpdump's last words, without its name. */
function complaint(card: string, said: string, code: number | undefined): string {
  const words = said.split("\n").filter((line) => line.startsWith("tcpdump: ") && !line.includes("listening on"));
  const last = words.at(-1)?.replace("tcpdump: ", "") ?? said.trim().split("\n").at(-1) ?? "";
  if (/filter expression|syntax error|expression rejected/.test(last)) {
    return `The filter is none that tcpdump knows: ${last}. They are explained in pcap-filter(7), e.g. "tcp port 443".`;
  }
  return `The capture on ${card} ended: ${last || `tcpdump's exit code was ${code ?? "unknown"}`}.`;
}
