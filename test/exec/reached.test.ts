import { PassThrough } from "node:stream";
import { execute } from "../../exec";
import { newKey, type RunningServer, startServer } from "../ssh/server";
import { labOf } from "../verify/fixtures";

const login = newKey();
let gateway: RunningServer;

beforeEach(async () => {
  gateway = await startServer({ authorized: login });
  // Nobody is waited for as long as an emulated machine would be.
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  jest.spyOn(AbortSignal, "timeout").mockImplementation(() => timeout(500));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await gateway.stop();
});

function run(): Promise<unknown> {
  const lab = labOf();
  const there = { host: "127.0.0.1", port: gateway.port, hostKey: gateway.hostKey.publicKey };
  return execute(
    { ...lab, privateKey: login.privateKey, gateway: { ...lab.gateway, ...there } },
    {
      ...{ client: "client-1", command: ["true"], lacks: [], listen: undefined, timeout: undefined },
      ...{ put: [], get: [], into: "", setuid: false, loopback4: true },
      streams: { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), terminal: undefined },
      onSignal: () => () => undefined,
    },
  );
}

it("names the client when that does not answer", async () => {
  await expect(run()).rejects.toThrow(/^client-1 cannot be reached: No SSH connection/);
  expect(gateway.logins()).toBe(1);
});

it("names the gateway when that does not answer, by which alone a client is reached", async () => {
  await gateway.stop();
  await expect(run()).rejects.toThrow(/^gateway cannot be reached: No SSH connection/);
});
