import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { gatewayStateHandler } from "../../provider/gateway-state";
import { machinePaths } from "../../provider/qemu/paths";
import { makePipes } from "../../provider/qemu/pipes";
import { newKey, type RunningServer, startServer } from "../ssh/server";
import { answering, answeringByPipes, type OtherEnd } from "./answering";
import { recordedContext, temporaryFolder } from "./context";

const folder = temporaryFolder();
const paths = machinePaths(folder.path, "gateway");
const servers: Server[] = [];
const agents: OtherEnd[] = [];
let sshd: RunningServer;

beforeAll(async () => {
  mkdirSync(paths.folder);
  // Nobody is let in: whoever tries to log in hears that.
  sshd = await startServer({ authorized: newKey() });
});

afterEach(async () => {
  for (const each of agents.splice(0)) each.hangUp();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

afterAll(async () => {
  await sshd.stop();
  folder.remove();
});

/**
 * A machine whose guest has opened its end of the agent's line, or has not, and in which a program ends so, or never.
 * @param polled is told when somebody asks whether the program has ended.
 */
async function machine(
  isOpen: boolean,
  end: { readonly exitcode: number; readonly output: string } | "never",
  polled?: () => void,
): Promise<unknown[]> {
  const given: unknown[] = [];
  const monitor = await answering(
    paths.qmp,
    ({ execute }) => ({
      return: execute === "query-chardev" ? [{ label: "agent", "frontend-open": isOpen, filename: "unix" }] : {},
    }),
    (connection) => connection.write('{"QMP":{}}\n'),
  );
  await makePipes(paths.agent, recordedContext().signal);
  const agent = answeringByPipes(paths.agent, ({ execute, arguments: args }) => {
    if (execute === "guest-sync") return { return: args?.id };
    if (execute === "guest-exec") given.push(args);
    if (execute === "guest-exec-status") polled?.();
    if (execute === "guest-exec-status" && end === "never") return { return: { exited: false } };
    if (end === "never") return { return: { pid: 7 } };
    const data = Buffer.from(end.output).toString("base64");
    return {
      return: execute === "guest-exec" ? { pid: 7 } : { exited: true, exitcode: end.exitcode, "out-data": data },
    };
  });
  servers.push(monitor);
  agents.push(agent);
  return given;
}

/** @param meanwhile while it is looked at. */
async function look(port: number, agent: object | undefined, meanwhile?: () => Promise<void>) {
  const target = {
    host: "127.0.0.1",
    port,
    user: "lab",
    privateKey: newKey().privateKey,
    hostKey: sshd.hostKey.publicKey,
  };
  const inputs = { target: JSON.stringify({ ...target, agent }), outline: "the outline\n", drift: [] };
  const context = recordedContext();
  const reading = gatewayStateHandler.read({ id: "gateway", properties: { ...inputs, mark: "0" } }, context);
  await meanwhile?.();
  const found = await reading;
  return { drift: found?.drift, told: context.lines };
}

const ours = { stateFolder: folder.path, machineName: "gateway" };
const refused = [expect.stringContaining("it cannot be asked: No SSH connection to lab@127.0.0.1")];

describe("a look at the gateway", () => {
  it("asks the machine's agent, without a login, and tells what it found", async () => {
    const given = await machine(true, { exitcode: 0, output: "unbound: its unit is failed\nradvd: gone\n" });
    const { drift, told } = await look(sshd.port, ours);
    expect(drift).toEqual(["unbound: its unit is failed", "radvd: gone"]);
    expect(told).toEqual([
      "The gateway is not as it was laid down:\n  unbound: its unit is failed\n  radvd: gone\nThe next `up` puts it right.",
    ]);
    const [program] = z.array(z.object({ path: z.string(), "input-data": z.base64() })).parse(given);
    expect(program?.path).toBe("/bin/sh");
    expect(Buffer.from(program?.["input-data"] ?? "", "base64").toString()).toMatch(/look\nthe outline\n$/);
  });

  it("finds no drift where the agent's look finds none", async () => {
    await machine(true, { exitcode: 0, output: "" });
    expect(await look(sshd.port, ours)).toEqual({ drift: [], told: [] });
  });

  it.each([
    ["the guest has no agent", false, 0],
    ["the agent's look fails", true, 1],
  ])("logs in where %s", async (_why, isOpen, exitcode) => {
    await machine(isOpen, { exitcode, output: "" });
    expect((await look(sshd.port, ours)).drift).toEqual(refused);
  });

  it("logs in where nothing answers on the machine's sockets", async () => {
    expect((await look(sshd.port, ours)).drift).toEqual(refused);
  });

  it("logs in where the platform has no agent, however a machine's agent would answer", async () => {
    const given = await machine(true, { exitcode: 0, output: "" });
    expect((await look(sshd.port, undefined)).drift).toEqual(refused);
    expect(given).toEqual([]);
  });

  describe("that comes to no end in its time", () => {
    beforeEach(() => {
      // All but setTimeout, which ends what takes too long.
      jest.useFakeTimers({
        doNotFake: ["Date", "hrtime", "nextTick", "performance", "queueMicrotask", "setImmediate", "setInterval"],
      });
    });
    afterEach(() => {
      jest.useRealTimers();
    });

    it("is told so, and not that the gateway has drifted; nobody logs in to look once more", async () => {
      let polls = 0;
      const given = await machine(true, "never", () => (polls += 1));
      const { drift, told } = await look(sshd.port, ours, async () => {
        // Who has heard that the program began asks for its end; before that it would have begun for nobody.
        while (polls === 0) await pause(10);
        jest.advanceTimersByTime(60_000);
      });
      expect(drift).toEqual(["it cannot be asked: The guest did not run /bin/sh within 60 s."]);
      expect(told).toEqual([
        "Whether the gateway is as it was laid down is not known:\n  it cannot be asked: The guest did not run /bin/sh within 60 s.",
      ]);
      expect(given).toHaveLength(1);
    });
  });

  it("takes a gateway whose sshd does not greet for one that has drifted, though its agent finds none", async () => {
    await machine(true, { exitcode: 0, output: "" });
    const silent = createServer((socket) => socket.destroy());
    servers.push(silent);
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => {
        resolve(z.object({ port: z.number() }).parse(silent.address()).port);
      });
    });
    expect((await look(port, ours)).drift).toEqual([expect.stringContaining("it cannot be asked")]);
  });
});
