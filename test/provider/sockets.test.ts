import { existsSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { forgetSockets, socketForQemu, socketForUs } from "../../provider/qemu/sockets";
import { temporaryFolder } from "./context";

const folder = temporaryFolder();
const home = join(folder.path, "x".repeat(120));
const path = join(home, "qmp.sock");
let server: Server;

beforeAll(async () => {
  mkdirSync(home);
  server = createServer((socket) => socket.end("here"));
  await new Promise<void>((resolve) => server.listen(socketForUs(path), resolve));
});
afterAll(() => {
  server.close();
  forgetSockets(home);
  folder.remove();
});

const reached = (): Promise<string> =>
  new Promise((resolve, reject) => {
    connect(socketForUs(path))
      .on("data", (data) => {
        resolve(data.toString());
      })
      .on("error", reject);
  });

it("a socket whose path is too long for the kernel is in its machine's folder all the same", async () => {
  expect(lstatSync(path).isSocket()).toBe(true);
  expect(await reached()).toBe("here");
  expect(socketForQemu(path)).toBe("qmp.sock");
});

it("it is reached whatever the environment says, and after /tmp was emptied", async () => {
  const before = { ...process.env };
  const short = socketForUs(path);
  try {
    for (const XDG_RUNTIME_DIR of ["/run/user/1000", ""]) {
      process.env = { ...before, XDG_RUNTIME_DIR, TMPDIR: "/nowhere" };
      expect(socketForUs(path)).toBe(short);
    }
  } finally {
    process.env = before;
  }
  expect(Buffer.byteLength(short)).toBeLessThan(104);
  rmSync(dirname(short));
  expect(await reached()).toBe("here");
});

it("its link is gone when its machine is", () => {
  const link = dirname(socketForUs(path));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  forgetSockets(home);
  expect(existsSync(link)).toBe(false);
});

it("a short path is taken as it is", () => {
  expect([socketForQemu("/lab/qmp.sock"), socketForUs("/lab/qmp.sock")]).toEqual(["/lab/qmp.sock", "/lab/qmp.sock"]);
});
