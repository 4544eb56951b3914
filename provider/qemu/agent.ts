/** The guest's agent (qemu-ga(8)): runs a program in a machine without a network and without a login. */
import { on } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { LateError, withDeadline } from "../../host/deadline";
import { withLine } from "./pipes";

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

/** A program has begun in the guest, and had not ended when its time was over: it goes on there. */
export class StillRunsError extends Error {}

/**
 * Runs a program in the guest, to its end.
 * @param line to its agent.
 * @param seconds for all of it.
 * @returns what it printed on stdout.
 * @throws Error with what the program said on stderr when it fails; StillRunsError.
 */
export async function runInGuest(
  line: string,
  { path, args, stdin }: GuestProgram,
  seconds: number,
  signal: AbortSignal,
): Promise<string> {
  const late = `The guest did not run ${path} within ${seconds} s.`;
  const begun: number[] = [];
  const talk: Talk<string> = async (ask, ended) => {
    const execution = { path, arg: args, "input-data": stdin.toString("base64"), "capture-output": true };
    const { pid } = startedSchema.parse(await ask("guest-exec", execution)).return;
    begun.push(pid);
    // Each question costs the guest a moment, and it has one processor.
    for (let pause = 100; ; pause = Math.min(2 * pause, 400)) {
      const status = statusSchema.parse(await ask("guest-exec-status", { pid })).return;
      if (status.exited && status.exitcode === 0) return textOf(status["out-data"]);
      if (status.exited) {
        throw new Error(`${path} ended with ${status.exitcode ?? "a signal"}: ${textOf(status["err-data"]).trim()}`);
      }
      await delay(pause, undefined, { signal: ended });
    }
  };
  try {
    return await converse(line, late, seconds, signal, talk);
  } catch (error) {
    if (begun.length > 0 && error instanceof LateError) throw new StillRunsError(late);
    throw error;
  }
}

function textOf(data: string | undefined): string {
  return Buffer.from(data ?? "", "base64").toString();
}

/** A number: of an open file, or of a question. */
const numberSchema = z.object({ return: z.int() });

/** Whether there is a file of this name, which starts no program in the guest. */
export async function isFileInGuest(line: string, path: string, seconds: number, signal: AbortSignal) {
  const late = `The guest's agent did not answer within ${seconds} s.`;
  return converse(line, late, seconds, signal, async (ask) => {
    const { success, data } = numberSchema.safeParse(await ask("guest-file-open", { path }));
    if (success) await ask("guest-file-close", { handle: data.return });
    return success;
  });
}

type Talk<T> = (ask: Ask, ended: AbortSignal) => Promise<T>;
type Tell = (execute: string, args: Readonly<Record<string, unknown>>) => void;
type Ask = (execute: string, args: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** Milliseconds in which the agent answers that it listens; each further try has twice as long. */
const firstPatience = 250;

/** Seconds in which it does: one that says nothing is asked nothing more. */
const listensWithin = 15;

/**
 * One conversation with the agent. What an earlier one left unread is skipped, and an agent that has just begun may lose
 * what it was asked: so it is asked until it answers with the number of the last try (guest-sync of qemu-ga's protocol), and
 * only then told anything.
 * @throws Error with `late` after so many seconds; the reason why the line ended; the signal's reason.
 */
async function converse<T>(
  path: string,
  late: string,
  seconds: number,
  signal: AbortSignal,
  talk: Talk<T>,
): Promise<T> {
  return withDeadline(seconds, late, signal, (ended) =>
    withLine(path, ended, async ({ toGuest, fromGuest }) => {
      const lost = new AbortController();
      for (const end of [toGuest, fromGuest]) {
        end.on("error", (error) => {
          lost.abort(error);
        });
        end.on("close", () => {
          lost.abort(new Error("The guest's agent cannot be asked any more: the machine has hung up."));
        });
      }
      const deaf = setTimeout(() => {
        lost.abort(new Error(`The guest's agent did not answer within ${listensWithin} s.`));
      }, listensWithin * 1000);
      const over = AbortSignal.any([ended, lost.signal]);
      const lines = on(
        createInterface({ input: fromGuest }).on("error", () => undefined),
        "line",
        { signal: over },
      );
      const nextAnswer = async (): Promise<unknown> => {
        try {
          const { value } = z.object({ value: z.tuple([z.string()]) }).parse(await lines.next());
          return answerIn(value[0]);
        } catch (error) {
          over.throwIfAborted();
          throw error;
        }
      };
      const tell: Tell = (execute, args) => {
        toGuest.write(`${JSON.stringify({ execute, arguments: args })}\n`);
      };
      const ask: Ask = (execute, args) => {
        tell(execute, args);
        return nextAnswer();
      };
      try {
        await synchronize(tell, nextAnswer);
      } finally {
        clearTimeout(deaf);
      }
      return talk(ask, over);
    }),
  );
}

/** Comes back when the agent has answered everything that it was asked. */
async function synchronize(tell: Tell, nextAnswer: () => Promise<unknown>): Promise<void> {
  let id = 0;
  let timer: NodeJS.Timeout | undefined;
  const begin = (patience: number): void => {
    id = Math.floor(Math.random() * 2 ** 31);
    tell("guest-sync", { id });
    timer = setTimeout(begin, patience, 2 * patience);
  };
  begin(firstPatience);
  try {
    for (;;) {
      const { success, data } = numberSchema.safeParse(await nextAnswer());
      if (success && data.return === id) return;
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The end of a line that somebody else was to read is no answer. */
function answerIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
