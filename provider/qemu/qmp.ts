/** QEMU's control socket, QMP: one question at a time, each with a time limit. */
import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { z } from "zod";
import { socketForUs } from "./sockets";

const messageSchema = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ desc: z.string() }) }),
  z.object({ event: z.string() }),
]);

const statusSchema = z.object({ status: z.string() });

/** What the machine does: `running`, `paused`, `internal-error`, `shutdown`, … (QEMU's RunState). */
export async function queryStatus(socketPath: string, timeout = 2000): Promise<string> {
  return statusSchema.parse(await ask(socketPath, [{ execute: "query-status" }], timeout)).status;
}

const characterDevicesSchema = z.array(z.object({ label: z.string(), "frontend-open": z.boolean() }));

/** Whether a program in the guest has opened the other end of a character device. */
export async function isOpenInGuest(socketPath: string, device: string): Promise<boolean> {
  const devices = characterDevicesSchema.parse(await ask(socketPath, [{ execute: "query-chardev" }]));
  return devices.some((each) => each.label === device && each["frontend-open"]);
}

/** Ends QEMU at once, without asking the guest. */
export async function quit(socketPath: string, timeout = 1000): Promise<void> {
  await ask(socketPath, [{ execute: "quit" }], timeout);
}

export interface Command {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/**
 * Connects, runs the commands one after the other and disconnects.
 * @param timeout milliseconds for all of it.
 * @returns the answer to the last one.
 */
export async function ask(socketPath: string, commands: readonly Command[], timeout = 10_000): Promise<unknown> {
  const socket = createConnection(socketForUs(socketPath));
  const timer = setTimeout(() => {
    const what = commands.map(({ execute }) => execute).join(", ");
    socket.destroy(new Error(`QEMU did not answer ${what} on ${socketPath} within ${timeout} ms.`));
  }, timeout);
  try {
    return await converse(socket, [{ execute: "qmp_capabilities" }, ...commands]);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** What is no message of the protocol is an error like any other. */
function parseMessage(line: string): z.infer<typeof messageSchema> {
  try {
    return messageSchema.parse(JSON.parse(line));
  } catch {
    return { error: { desc: `it said something else than QMP: ${line}` } };
  }
}

/** Sends each command when the answer to the one before has come. The greeting is the first answer. */
function converse(socket: Socket, commands: readonly Command[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const waiting = [...commands];
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error("QEMU closed its control socket."));
    });
    createInterface({ input: socket })
      .on("error", reject)
      .on("line", (line) => {
        const message = parseMessage(line);
        if ("event" in message) return;
        if ("error" in message) {
          reject(new Error(`QEMU refused: ${message.error.desc}`));
          return;
        }
        const next = waiting.shift();
        if (next !== undefined) socket.write(`${JSON.stringify(next)}\n`);
        else resolve("return" in message ? message.return : undefined);
      });
  });
}
