/** The guest's agent (qemu-ga(8)): runs a program in a machine without a network and without a login. */
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { withDeadline } from "../../host/deadline";
import { socketForUs } from "./sockets";

const startedSchema = z.object({ return: z.object({ pid: z.int() }) });
const statusSchema = z.object({
  return: z.object({
    exited: z.boolean(),
    exitcode: z.int().optional(),
    "out-data": z.base64().optional(),
    "err-data": z.base64().optional(),
  }),
});

export interface GuestProgram {
  readonly path: string;
  readonly args: readonly string[];
  readonly stdin: Buffer;
}

/**
 * Runs a program in the guest, to its end.
 * @param seconds for all of it.
 * @returns what it printed on stdout.
 * @throws Error with what the program said on stderr when it fails.
 */
export async function runInGuest(
  socket: string,
  { path, args, stdin }: GuestProgram,
  seconds: number,
  signal: AbortSignal,
): Promise<string> {
  return withDeadline(seconds, `The guest did not run ${path} within ${seconds} s.`, signal, async (ended) => {
    const execution = { path, arg: args, "input-data": stdin.toString("base64"), "capture-output": true };
    const { pid } = startedSchema.parse(await ask(socket, "guest-exec", execution, ended)).return;
    // Each question costs the guest a moment, and it has one processor.
    for (let pause = 100; ; pause = Math.min(2 * pause, 400)) {
      const status = statusSchema.parse(await ask(socket, "guest-exec-status", { pid }, ended)).return;
      if (status.exited && status.exitcode === 0) return textOf(status["out-data"]);
      if (status.exited) {
        throw new Error(`${path} ended with ${status.exitcode ?? "a signal"}: ${textOf(status["err-data"]).trim()}`);
      }
      await delay(pause, undefined, { signal: ended });
    }
  });
}

function textOf(data: string | undefined): string {
  return Buffer.from(data ?? "", "base64").toString();
}

const openedSchema = z.object({ return: z.int() });

/** Whether there is a file of this name, which starts no program in the guest. */
export async function isFileInGuest(socket: string, path: string, seconds: number, signal: AbortSignal) {
  return withDeadline(seconds, `The guest's agent did not answer within ${seconds} s.`, signal, async (ended) => {
    const { success, data } = openedSchema.safeParse(await ask(socket, "guest-file-open", { path }, ended));
    if (success) await ask(socket, "guest-file-close", { handle: data.return }, ended);
    return success;
  });
}

/** One question on a connection of its own. What an earlier one left unread is skipped by the number of this one. */
function ask(path: string, execute: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal) {
  const id = Math.floor(Math.random() * 2 ** 31);
  return new Promise<unknown>((resolve, reject) => {
    const socket = createConnection({ path: socketForUs(path) });
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", aborted);
      socket.destroy();
      end();
    };
    const aborted = (): void => {
      settle(() => {
        reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      });
    };
    signal.addEventListener("abort", aborted);
    let synchronized = false;
    socket.on("error", (error) => {
      settle(() => {
        reject(error);
      });
    });
    createInterface({ input: socket })
      .on("error", () => undefined)
      .on("line", (line) => {
        const answer: unknown = JSON.parse(line);
        if (synchronized) {
          settle(() => {
            resolve(answer);
          });
        }
        synchronized ||= line.includes(String(id));
      });
    for (const command of [
      { execute: "guest-sync", arguments: { id } },
      { execute, arguments: args },
    ]) {
      socket.write(`${JSON.stringify(command)}\n`);
    }
  });
}
