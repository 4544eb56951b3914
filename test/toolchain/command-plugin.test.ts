/** The stand-in of the command plugin as the engine sees it: over gRPC, against real SSH servers on loopback. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  CheckResponse,
  CreateRequest,
  CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  InvokeRequest,
  InvokeResponse,
  UpdateRequest,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Log } from "../../toolchain/stand-ins/command/log";
import { CommandProvider } from "../../toolchain/stand-ins/command/provider";
import { isAlive } from "../../host/processes";
import { type RunningServer, newKey, startServer } from "../ssh/server";

type Values = Record<string, JavaScriptValue>;

const signature = "4dabf18193072939515e22adb298388d";
const secretOf = (value: JavaScriptValue): Values => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", value });

const login = newKey();
const logged: string[] = [];
const log: Log = {
  status: (_urn, line) => logged.push(line),
  warning: (_urn, line) => logged.push(`warning: ${line}`),
};

let machine: RunningServer;
let jump: RunningServer;
let server: grpc.Server;
let client: ResourceProviderClient;
let folder: string;

beforeEach(async () => {
  logged.length = 0;
  folder = mkdtempSync(join(tmpdir(), "command-plugin-"));
  machine = await startServer({ authorized: login, acceptEnv: ["GREETING"] });
  jump = await startServer({ authorized: login });
  server = new grpc.Server();
  server.addService(ResourceProviderService, new CommandProvider("1.2.1", log).implementation());
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});

afterEach(async () => {
  client.close();
  server.forceShutdown();
  await Promise.all([machine.stop(), jump.stop()]);
  rmSync(folder, { recursive: true });
});

function call<Request, Response>(
  method: (request: Request, done: (error: grpc.ServiceError | null, response: Response) => void) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    method(request, (error, response) => {
      if (error === null) resolve(response);
      else reject(new Error(error.details));
    });
  });
}

function objectOf(value: JavaScriptValue | undefined): object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not an object");
  return value;
}

const urnOf = (type: string): string => `urn:pulumi:dev::lab::ipv6lab:index:Gateway$${type}::name`;
const remote = urnOf("command:remote:Command");
const local = urnOf("command:local:Command");
const copy = urnOf("command:remote:CopyToRemote");

function endpoint(of: RunningServer, changes: Values = {}): Values {
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

async function create(urn: string, inputs: Values, timeout = 0): Promise<Values> {
  const request = new CreateRequest().setUrn(urn).setProperties(Struct.fromJavaScript(inputs)).setTimeout(timeout);
  const response = await call<CreateRequest, CreateResponse>((request, done) => client.create(request, done), request);
  return response.getProperties()?.toJavaScript() ?? {};
}

async function update(urn: string, olds: Values, inputs: Values): Promise<Values> {
  const request = new UpdateRequest()
    .setUrn(urn)
    .setOlds(Struct.fromJavaScript(olds))
    .setNews(Struct.fromJavaScript(inputs));
  const response = await call<UpdateRequest, UpdateResponse>((request, done) => client.update(request, done), request);
  return response.getProperties()?.toJavaScript() ?? {};
}

function destroy(urn: string, state: Values): Promise<Empty> {
  const request = new DeleteRequest().setUrn(urn).setProperties(Struct.fromJavaScript(state));
  return call<DeleteRequest, Empty>((request, done) => client.delete(request, done), request);
}

function diff(olds: Values, news: Values): Promise<DiffResponse> {
  const request = new DiffRequest()
    .setUrn(remote)
    .setOldInputs(Struct.fromJavaScript(olds))
    .setNews(Struct.fromJavaScript(news));
  return call<DiffRequest, DiffResponse>((request, done) => client.diff(request, done), request);
}

describe("remote.Command", () => {
  it("runs `create` with stdin and gives both streams without their last newline", async () => {
    const state = await create(remote, {
      connection: endpoint(machine),
      create: "cat; echo to stderr >&2",
      stdin: "first\nsecond\n",
    });
    expect(state).toMatchObject({ stdout: "first\nsecond", stderr: "to stderr" });
    expect(logged).toEqual(expect.arrayContaining(["first", "second", "to stderr"]));
  });

  it("shows nothing when logging is none, and one stream when it is named", async () => {
    await create(remote, { connection: endpoint(machine), create: "echo password", logging: "none" });
    expect(logged).toEqual([]);
    await create(remote, { connection: endpoint(machine), create: "echo out; echo err >&2", logging: "stderr" });
    expect(logged).toEqual(["err"]);
  });

  it("reaches the machine through a proxy", async () => {
    const connection = endpoint(machine, { proxy: endpoint(jump) });
    const state = await create(remote, { connection, create: "echo through" });
    expect(state.stdout).toBe("through");
    expect(jump.logins()).toBe(1);
  });

  it("fails with the command and everything that it printed", async () => {
    const attempt = create(remote, { connection: endpoint(machine), create: "echo wrong line 3; exit 4" });
    await expect(attempt).rejects.toThrow(
      'Process exited with status 4: running "echo wrong line 3; exit 4":\nwrong line 3',
    );
  });

  it("sends nothing to a machine with another host key", async () => {
    const connection = endpoint(machine, { hostKey: newKey().publicKey, dialErrorLimit: -1 });
    await expect(create(remote, { connection, create: "true" })).rejects.toThrow("is not the pinned one");
    expect(machine.commands).toEqual([]);
  });

  it("runs `update` with the last output in its environment where the server lets it through", async () => {
    const inputs = { connection: endpoint(machine), create: "echo one", update: "echo two" };
    const state = await create(remote, inputs);
    const changed = await update(remote, state, { ...inputs, stdin: "new" });
    expect(changed.stdout).toBe("two");
    expect(logged.join("\n")).toContain("warning: Unable to set 'PULUMI_COMMAND_STDOUT'");
  });

  it("says nothing of the last output when addPreviousOutputInEnv is false", async () => {
    const inputs = { connection: endpoint(machine), create: "echo one", addPreviousOutputInEnv: false };
    await update(remote, await create(remote, inputs), inputs);
    expect(logged.join("\n")).not.toContain("warning");
  });

  it("passes variables that the server accepts and fails for one that it drops", async () => {
    const connection = endpoint(machine);
    const state = await create(remote, { connection, create: "echo $GREETING", environment: { GREETING: "hello" } });
    expect(state.stdout).toBe("hello");
    const dropped = create(remote, { connection, create: "true", environment: { OTHER: "x" } });
    await expect(dropped).rejects.toThrow("Unable to set 'OTHER'");
  });

  it("runs `delete` only where there is one", async () => {
    const inputs = { connection: endpoint(machine), create: "true" };
    await destroy(remote, await create(remote, inputs));
    expect(machine.commands).toEqual(["true"]);
    await destroy(remote, await create(remote, { ...inputs, delete: "echo gone" }));
    expect(machine.commands).toContain("echo gone");
  });

  it("ends with the custom timeout, and says so", async () => {
    const attempt = create(remote, { connection: endpoint(machine), create: "sleep 30" }, 0.3);
    await expect(attempt).rejects.toThrow("custom timeout of 0.3 s");
  });

  it("is ended at once by Cancel, while it runs and while it dials", async () => {
    const running = create(remote, { connection: endpoint(machine), create: "sleep 30" });
    const nowhere = endpoint(machine, { port: 1, dialErrorLimit: -1 });
    const dialing = create(remote, { connection: nowhere, create: "true" });
    const ended = Promise.allSettled([running, dialing]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const started = Date.now();
    await call<Empty, Empty>((request, done) => client.cancel(request, done), new Empty());
    const results = await ended;
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(Date.now() - started).toBeLessThan(1000);
  });

  it("keeps secret inputs secret in the state, and the outputs with them", async () => {
    const state = await create(remote, { connection: secretOf(endpoint(machine)), create: "echo one" });
    expect(state.connection).toEqual(secretOf(endpoint(machine)));
    expect(state.stdout).toEqual(secretOf("one"));
  });
});

describe("a difference", () => {
  const inputs = { connection: { host: "a" }, create: "true", triggers: ["one"] };

  it("is none when only the wrapping as a secret differs", async () => {
    const response = await diff(inputs, { ...inputs, connection: secretOf({ host: "a" }) });
    expect(response.getChanges()).toBe(DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("updates for any input, and replaces for a trigger", async () => {
    const updated = await diff(inputs, { ...inputs, create: "false" });
    expect(updated.getDiffsList()).toEqual(["create"]);
    expect(updated.getReplacesList()).toEqual([]);
    const replaced = await diff(inputs, { ...inputs, triggers: ["two"] });
    expect(replaced.getReplacesList()).toEqual(["triggers"]);
  });
});

describe("the check of inputs", () => {
  const check = async (news: Values): Promise<string[]> => {
    const request = new CheckRequest().setUrn(remote).setNews(Struct.fromJavaScript(news));
    const response = await call<CheckRequest, CheckResponse>((request, done) => client.check(request, done), request);
    return response.getFailuresList().map((failure) => failure.getProperty());
  };

  it("names the property that does not fit", async () => {
    expect(await check({ connection: { host: "a", port: "22" }, create: "true" })).toEqual(["connection.port"]);
  });

  it("waits for what a preview does not know yet", async () => {
    expect(await check({ connection: "04da6b54-80e4-46f7-96ec-b56ff0331ba9", create: "true" })).toEqual([]);
  });
});

describe("local.Command", () => {
  it("runs in its folder with its variables, and gathers files by pattern", async () => {
    mkdirSync(join(folder, "deep"));
    const state = await create(local, {
      dir: folder,
      create: 'echo "$WORD" > deep/a.txt; touch b.log secret.txt; pwd',
      environment: { WORD: "hi" },
      assetPaths: ["**.txt", "!secret.*"],
    });
    expect(state.stdout).toBe(folder);
    expect(Object.keys(objectOf(state.assets))).toEqual(["deep/a.txt"]);
    expect(readFileSync(join(folder, "deep/a.txt"), "utf8")).toBe("hi\n");
  });

  it("gives the last output to `update` and to `delete`", async () => {
    const inputs = { create: "echo one", delete: `echo "$PULUMI_COMMAND_STDOUT" > ${folder}/last` };
    const changed = await update(local, await create(local, inputs), {
      ...inputs,
      update: 'echo "after $PULUMI_COMMAND_STDOUT"',
    });
    expect(changed.stdout).toBe("after one");
    await destroy(local, changed);
    expect(readFileSync(join(folder, "last"), "utf8")).toBe("after one\n");
  });

  it("ends what the command started when it is cancelled", async () => {
    const pidFile = join(folder, "pid");
    const running = create(local, { create: `sleep 30 & echo $! > ${pidFile}; wait` });
    const ended = expect(running).rejects.toThrow("cancelled");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await call<Empty, Empty>((request, done) => client.cancel(request, done), new Empty());
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAlive(Number(readFileSync(pidFile, "utf8")))).toBe(false);
  });
});

describe("local.run", () => {
  it("runs each time it is called", async () => {
    const request = new InvokeRequest()
      .setTok("command:local:run")
      .setArgs(Struct.fromJavaScript({ command: "echo now" }));
    const response = await call<InvokeRequest, InvokeResponse>(
      (request, done) => client.invoke(request, done),
      request,
    );
    expect(response.getReturn()?.toJavaScript()).toMatchObject({ stdout: "now", command: "echo now" });
  });
});

/** OpenSSH's own, where it is installed. */
const sftpServer = ["/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server"].find(existsSync);
const itWithSftp = sftpServer === undefined ? it.skip : it;

describe("remote.CopyToRemote (skipped without OpenSSH's sftp-server)", () => {
  const asset = (content: Values): Values => ({ [signature]: "c44067f5952c0a294b673a41bacd8c17", ...content });
  const archive = (content: Values): Values => ({ [signature]: "0def7320c3a5731c473e5ecbe6d01bc7", ...content });
  let files: RunningServer;
  let target: string;

  beforeEach(async () => {
    files = await startServer({ authorized: login, ...(sftpServer === undefined ? {} : { sftpServer }) });
    target = join(folder, "target");
    mkdirSync(join(folder, "tree/inner"), { recursive: true });
    writeFileSync(join(folder, "tree/a"), "A");
    writeFileSync(join(folder, "tree/inner/b"), "B");
  });

  afterEach(() => files.stop());

  const send = (source: Values, remotePath: string): Promise<Values> =>
    create(copy, { connection: endpoint(files), source, remotePath });

  itWithSftp("writes a file or a text, and makes the folders above it", async () => {
    await send(asset({ path: join(folder, "tree/a"), hash: "1" }), join(target, "deep/renamed"));
    await send(asset({ text: "Ü", hash: "2" }), join(target, "text"));
    expect(readFileSync(join(target, "deep/renamed"), "utf8")).toBe("A");
    expect(readFileSync(join(target, "text"), "utf8")).toBe("Ü");
  });

  itWithSftp("keeps a file's name in a folder that exists", async () => {
    mkdirSync(target);
    await send(asset({ path: join(folder, "tree/a"), hash: "1" }), target);
    expect(readFileSync(join(target, "a"), "utf8")).toBe("A");
  });

  itWithSftp("copies a folder into the folder, and its contents alone when it ends with a slash", async () => {
    await send(archive({ path: join(folder, "tree"), hash: "1" }), target);
    expect(readFileSync(join(target, "tree/inner/b"), "utf8")).toBe("B");
    await send(archive({ path: `${join(folder, "tree")}/`, hash: "1" }), join(target, "flat"));
    expect(readFileSync(join(target, "flat/inner/b"), "utf8")).toBe("B");
  });

  itWithSftp("writes an archive of named assets", async () => {
    const inner = archive({ assets: { two: asset({ text: "2", hash: "2" }) }, hash: "3" });
    await send(archive({ assets: { one: asset({ text: "1", hash: "1" }), more: inner }, hash: "4" }), target);
    expect(readFileSync(join(target, "one"), "utf8")).toBe("1");
    expect(readFileSync(join(target, "more/two"), "utf8")).toBe("2");
  });

  itWithSftp("copies again only when the source or the path has changed", async () => {
    const inputs = { connection: endpoint(files), source: asset({ text: "old", hash: "1" }), remotePath: target };
    const state = await create(copy, inputs);
    writeFileSync(target, "changed by hand");
    await update(copy, state, { ...inputs, connection: endpoint(files, { perDialTimeout: 9 }) });
    expect(readFileSync(target, "utf8")).toBe("changed by hand");
    await update(copy, state, { ...inputs, source: asset({ text: "new", hash: "2" }) });
    expect(readFileSync(target, "utf8")).toBe("new");
  });

  it("refuses a machine with another host key", async () => {
    const connection = endpoint(files, { hostKey: newKey().publicKey });
    const attempt = create(copy, { connection, source: asset({ text: "x", hash: "1" }), remotePath: target });
    await expect(attempt).rejects.toThrow("is not the pinned one");
  });
});
