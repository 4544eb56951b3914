/** Stands in for QEMU's monitor, on a UNIX socket, and for a guest's agent, by two pipes: lines of JSON. */
import { constants, openSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";

const questionSchema = z.object({ execute: z.string(), arguments: z.record(z.string(), z.unknown()).optional() });
export type Question = z.infer<typeof questionSchema>;

/** What is said to a question; undefined: nothing. */
type Answer = (question: Question) => unknown;

/** @param before what happens to a connection first. */
export async function answering(path: string, answer: Answer, before?: (connection: Socket) => void): Promise<Server> {
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    before?.(connection);
    answerLines(connection, connection, answer);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

/** The other end of a line, as QEMU has it: it holds both ends of both pipes, and goes with all of them. */
export interface OtherEnd {
  readonly say: (text: string) => void;
  readonly hangUp: () => void;
}

export function answeringByPipes(path: string, answer: Answer): OtherEnd {
  const open = (pipe: string): number => openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const heard = new Socket({ fd: open(`${path}.in`), readable: true, writable: false });
  const said = new Socket({ fd: open(`${path}.out`), readable: false, writable: true });
  for (const end of [heard, said]) end.on("error", () => undefined);
  answerLines(heard, said, answer);
  return {
    say: (text) => said.write(text),
    hangUp: () => {
      heard.destroy();
      said.destroy();
    },
  };
}

function answerLines(heard: Socket, said: Socket, answer: Answer): void {
  createInterface({ input: heard })
    .on("error", () => undefined)
    .on("line", (line) => {
      const words = answer(questionSchema.parse(JSON.parse(line)));
      if (words !== undefined) said.write(`${JSON.stringify(words)}\n`);
    });
}
