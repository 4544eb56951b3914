import { connect, endUnused, type SshTarget } from "../../ssh";
import { newKey, type RunningServer, startServer } from "./server";

const login = newKey();
const servers: RunningServer[] = [];

async function server(): Promise<RunningServer> {
  const started = await startServer({ authorized: login });
  servers.push(started);
  return started;
}

function to({ port, hostKey }: RunningServer, through?: RunningServer): SshTarget {
  const common = { host: "127.0.0.1", user: "lab", privateKey: login.privateKey };
  return {
    ...{ ...common, port, hostKey: hostKey.publicKey },
    ...(through === undefined ? {} : { proxy: to(through) }),
  };
}

async function say(target: SshTarget, share = true): Promise<string> {
  const connection = await connect(target, { share });
  try {
    return (await connection.exec("echo there")).stdout;
  } finally {
    connection.close();
  }
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((started) => started.stop()));
});

describe("a shared connection", () => {
  it("is one login for those who come one after the other", async () => {
    const machine = await server();
    for (let count = 0; count < 3; count++) expect(await say(to(machine))).toBe("there\n");
    expect(machine.logins()).toBe(1);
  });

  it("is one login for those who come at once, and for those who jump from there", async () => {
    const [gateway, client] = [await server(), await server()];
    const jumps = Array.from({ length: 5 }, () => say(to(client, gateway)));
    expect(await Promise.all([...jumps, say(to(gateway))])).toEqual(Array(6).fill("there\n"));
    expect([gateway.logins(), client.logins()]).toEqual([1, 5]);
  });

  it("is opened anew when the machine has ended it", async () => {
    const machine = await server();
    await say(to(machine));
    machine.dropConnections();
    expect(await say(to(machine))).toBe("there\n");
    expect(machine.logins()).toBe(2);
  });

  it("that nobody uses is ended on request, and one that somebody uses is not", async () => {
    const [unused, used] = [await server(), await server()];
    await say(to(unused));
    const connection = await connect(to(used), { share: true });
    endUnused();
    expect((await connection.exec("echo there")).stdout).toBe("there\n");
    connection.close();
    await say(to(unused));
    await say(to(used));
    expect([unused.logins(), used.logins()]).toEqual([2, 1]);
  });

  it("is not given to those who did not ask for it", async () => {
    const machine = await server();
    await say(to(machine));
    await say(to(machine), false);
    expect(machine.logins()).toBe(2);
  });

  it("is not given to those who expect another host key", async () => {
    const machine = await server();
    await say(to(machine));
    await expect(say({ ...to(machine), hostKey: newKey().publicKey })).rejects.toThrow("is not the pinned one");
  });

  it("does not fail those who share it when the one who opened it gives up", async () => {
    const machine = await server();
    const abort = new AbortController();
    const first = connect(to(machine), { share: true, signal: abort.signal });
    const second = say(to(machine));
    abort.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(await second).toBe("there\n");
  });
});
