/** The stand-in of the command plugin, against real SSH servers on loopback. */
import type { Properties, ResourceState } from "../../plugin/handler";
import { remoteCommandHandler as handler } from "../../toolchain/stand-ins/command/remote-command";
import { type RecordedContext, recordedContext } from "../provider/context";
import { type RunningServer, newKey, startServer } from "../ssh/server";

const login = newKey();
let machine: RunningServer;
let jump: RunningServer;
let context: RecordedContext;

beforeEach(async () => {
  machine = await startServer({ authorized: login });
  jump = await startServer({ authorized: login });
  context = recordedContext();
});

afterEach(() => Promise.all([machine.stop(), jump.stop()]));

function endpoint(of: RunningServer, changes: Properties = {}): Properties {
  return {
    host: "127.0.0.1",
    port: of.port,
    user: "lab",
    privateKey: login.privateKey,
    hostKey: of.hostKey.publicKey,
    dialErrorLimit: 0,
    ...changes,
  };
}

function inputsFor(create: string, changes: Properties = {}): Properties {
  return { connection: endpoint(machine), create, addPreviousOutputInEnv: false, ...changes };
}

async function make(inputs: Properties): Promise<ResourceState> {
  const { id, outputs } = await handler.create(inputs, context);
  return { id, properties: outputs };
}

describe("remote.Command", () => {
  it("runs `create` with stdin and gives both streams without their last newline", async () => {
    const { properties } = await make(inputsFor("cat; echo to stderr >&2", { stdin: "first\nsecond\n" }));
    expect(properties).toMatchObject({ stdout: "first\nsecond", stderr: "to stderr" });
    expect([...context.lines].sort()).toEqual(["first", "second", "to stderr"]);
  });

  it("reaches the machine through a proxy", async () => {
    const connection = endpoint(machine, { proxy: endpoint(jump) });
    const { properties } = await make(inputsFor("echo through", { connection }));
    expect(properties.stdout).toBe("through");
    expect(jump.logins()).toBe(1);
  });

  it("runs again for a change and keeps its id; nothing runs when it goes", async () => {
    const state = await make(inputsFor("echo one"));
    const changed = await handler.update(state, inputsFor("echo two"), context);
    expect(changed.stdout).toBe("two");
    await handler.delete({ ...state, properties: changed }, context);
    expect(machine.commands).toEqual(["echo one", "echo two"]);
  });

  it("runs what is for updates at an update only", async () => {
    const inputs = inputsFor("", { create: undefined, update: "echo later" });
    const state = await make(inputs);
    expect(machine.commands).toEqual([]);
    expect(state.properties).toMatchObject({ stdout: "", stderr: "" });
    expect(await handler.update(state, inputs, context)).toMatchObject({ stdout: "later" });
  });

  it("fails with the command and everything that it printed", async () => {
    await expect(make(inputsFor("echo wrong line 3; exit 4"))).rejects.toThrow(
      'Process exited with status 4: running "echo wrong line 3; exit 4":\nwrong line 3',
    );
  });

  it("sends nothing to a machine with another host key", async () => {
    const connection = endpoint(machine, { hostKey: newKey().publicKey, dialErrorLimit: -1 });
    await expect(make(inputsFor("true", { connection }))).rejects.toThrow("is not the pinned one");
    expect(machine.commands).toEqual([]);
  });

  it("is ended by a cancellation, while it runs for half a minute and while it dials", async () => {
    const nowhere = endpoint(machine, { port: 1, dialErrorLimit: -1 });
    const ended = Promise.allSettled([make(inputsFor("sleep 30")), make(inputsFor("true", { connection: nowhere }))]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    context.abort();
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});

describe("a difference", () => {
  const inputs = { connection: {}, create: "true", addPreviousOutputInEnv: false, triggers: ["one"] };
  const state = { id: "1", properties: { ...inputs, stdout: "x" } };

  it("is none when the inputs are the same", () => {
    expect(handler.diff(state, inputs).changed).toEqual([]);
  });

  it("updates for any input, and for a trigger makes a new one before the old one goes", () => {
    const updated = handler.diff(state, { ...inputs, create: "false" });
    expect(updated).toMatchObject({ changed: ["create"], replaces: [] });
    const replaced = handler.diff(state, { ...inputs, triggers: ["two"] });
    expect(replaced).toMatchObject({ replaces: ["triggers"], createsFirst: true });
  });
});

describe("the check of inputs", () => {
  const failures = (changes: Properties): string[] =>
    handler.check(inputsFor("true", changes)).map(({ property, reason }) => `${property}: ${reason}`);

  it("names the property that does not fit", () => {
    expect(failures({})).toEqual([]);
    expect(failures({ connection: endpoint(machine, { port: "22" }) })).toEqual([
      expect.stringMatching(/^connection\.port: .*number/),
    ]);
  });

  it("refuses what only the official plugin does, and says so", () => {
    const official = /stand-in.*The official plugin comes with an installed or released Pulumi/;
    for (const changes of [
      { environment: { A: "b" } },
      { delete: "true" },
      { logging: "none" },
      { addPreviousOutputInEnv: true },
      { connection: endpoint(machine, { password: "x" }) },
    ]) {
      expect(failures(changes)).toEqual([expect.stringMatching(official)]);
    }
    expect(failures({ delete: "true" })[0]).toContain("the unknown input delete");
  });
});
