/** The state of a machine that stands still, out of QEMU into a file and back. QEMU's sandbox opens no files, so it comes on a socket. */
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { MachinePaths } from "./paths";
import { ask, type Command, queryStatus } from "./qmp";
import { socketForQemu, socketForUs } from "./sockets";

export interface StateFile {
  readonly path: string;
  /** Whether the memory is in it; else it is in a file of its own, which QEMU has mapped. */
  readonly withMemory: boolean;
}

/** Bytes of a stream that are on their way at once: small ones cost a system call for every 64 KiB of memory. */
const highWaterMark = 1 << 20;

/** Milliseconds. */
const cancelLimit = 5000;

const statusSchema = z.object({ status: z.string(), "error-desc": z.string().optional() });

/** Writes the state down. The machine is stopped already, and stays so, also when this fails or is interrupted. */
export async function saveState(
  paths: Pick<MachinePaths, "qmp" | "migration">,
  { path, withMemory }: StateFile,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer({ highWaterMark });
  // Left by one who was killed here. Who calls holds the machine's lock, so that nobody listens on it now.
  rmSync(paths.migration, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(socketForUs(paths.migration), resolve);
  });
  try {
    const written = new Promise<void>((resolve, reject) => {
      server.once("connection", (socket) => {
        const file = createWriteStream(path, { mode: 0o600, highWaterMark });
        pipeline(socket, file, { signal }).then(resolve, reject);
      });
    });
    const start = { execute: "migrate", arguments: { uri: `unix:${socketForQemu(paths.migration)}` } };
    await Promise.all([written, ask(paths.qmp, [...capabilities(withMemory), start])]);
    await completed(paths.qmp, signal);
  } catch (error) {
    // A machine that is still being written down cannot go on.
    await ask(paths.qmp, [{ execute: "migrate_cancel" }]);
    await completed(paths.qmp, AbortSignal.timeout(cancelLimit)).catch(() => undefined);
    throw error;
  } finally {
    server.close();
  }
}

/** Gives a QEMU that waits for it (`-incoming defer`) the state; the machine stands still then. */
export async function loadState(
  paths: Pick<MachinePaths, "qmp" | "migration">,
  { path, withMemory }: StateFile,
  signal: AbortSignal,
): Promise<void> {
  const incoming = { execute: "migrate-incoming", arguments: { uri: `unix:${socketForQemu(paths.migration)}` } };
  await ask(paths.qmp, [...capabilities(withMemory), incoming]);
  // QEMU knows where the state ends, and hangs up then, often before the end of the file is seen here.
  const socket = connect({ path: socketForUs(paths.migration), allowHalfOpen: true });
  await pipeline(createReadStream(path, { highWaterMark }), socket, { signal });
  while ((await queryStatus(paths.qmp)) === "inmigrate") await delay(10, undefined, { signal });
}

function capabilities(withMemory: boolean): Command[] {
  return [
    {
      execute: "migrate-set-capabilities",
      arguments: { capabilities: [{ capability: "x-ignore-shared", state: !withMemory }] },
    },
    // Nothing is shared with the state's way: as quick as it goes.
    { execute: "migrate-set-parameters", arguments: { "max-bandwidth": 2 ** 40 } },
  ];
}

/** The stream has ended; QEMU tells whether it was whole. */
async function completed(qmp: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const now = statusSchema.parse(await ask(qmp, [{ execute: "query-migrate" }]));
    if (now.status === "completed") return;
    if (["failed", "cancelled", "none"].includes(now.status)) {
      throw new Error(`QEMU could not save its state: ${now["error-desc"] ?? now.status}`);
    }
    await delay(10, undefined, { signal });
  }
}
