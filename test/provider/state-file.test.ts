import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadState } from "../../provider/qemu/state-file";

const size = 5 << 20;

describe("a state that is given to QEMU", () => {
  const folder = mkdtempSync(join(tmpdir(), "state-"));
  const path = join(folder, "state");
  const servers: Server[] = [];
  beforeAll(() => {
    writeFileSync(path, Buffer.alloc(size));
  });
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const listen = (name: string, connected: (socket: Socket) => void): Promise<string> =>
    new Promise((resolve) => {
      const socketPath = join(folder, name);
      const server = createServer((socket) => {
        connected(socket.on("error", () => undefined));
      });
      servers.push(
        server.listen(socketPath, () => {
          resolve(socketPath);
        }),
      );
    });

  /** Says what QEMU says, and hangs up after so many bytes of the state, as it does after the last one. */
  const give = async (round: number, hangUpAfter: number): Promise<void> => {
    let got = 0;
    const migration = await listen(`migration${round}`, (socket) => {
      socket.on("data", (data) => {
        got += data.length;
        if (got >= hangUpAfter) socket.destroy();
      });
    });
    const qmp = await listen(`qmp${round}`, (socket) => {
      socket.write('{"QMP": {}}\n');
      createInterface({ input: socket }).on("line", () => {
        socket.write('{"return": {"status": "paused"}}\n');
      });
    });
    await loadState({ qmp, migration }, { path, withMemory: true }, AbortSignal.timeout(20_000));
    expect(got).toBe(size);
  };

  it("is there when QEMU has hung up after its last byte, before the file's end was seen", async () => {
    expect(statSync(path).size).toBe(size);
    for (let round = 0; round < 200; round += 1) await give(round, size);
  }, 60_000);

  it("is not there when QEMU hangs up before", async () => {
    await expect(give(200, size / 5)).rejects.toThrow(/EPIPE|ECONNRESET/);
  }, 60_000);
});
