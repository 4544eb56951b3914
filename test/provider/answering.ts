/** Stands in for QEMU's monitor or a guest's agent: lines of JSON on a UNIX socket. */
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";

const questionSchema = z.object({ execute: z.string(), arguments: z.record(z.string(), z.unknown()).optional() });
export type Question = z.infer<typeof questionSchema>;

/**
 * @param answer what is said to a question; undefined: nothing.
 * @param before what happens to a connection first.
 */
export async function answering(
  path: string,
  answer: (question: Question, connection: Socket) => unknown,
  before?: (connection: Socket) => void,
): Promise<Server> {
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    before?.(connection);
    createInterface({ input: connection })
      .on("error", () => undefined)
      .on("line", (line) => {
        const said = answer(questionSchema.parse(JSON.parse(line)), connection);
        if (said !== undefined) connection.write(`${JSON.stringify(said)}\n`);
      });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}
