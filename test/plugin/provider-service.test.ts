import { setTimeout as delay } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import {
  type IResourceProviderClient,
  ResourceProviderClient,
  ResourceProviderService,
} from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  type CheckResponse,
  CreateRequest,
  type CreateResponse,
  DiffRequest,
  DiffResponse,
  GetSchemaRequest,
  type GetSchemaResponse,
  InvokeRequest,
  type InvokeResponse,
  ReadRequest,
  type ReadResponse,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { EngineLog } from "../../plugin/engine-log";
import { compareInputs, type ResourceHandler, unknownValue } from "../../plugin/handler";
import { labProvider } from "../../provider/provider";
import { ProviderService, typeOf } from "../../plugin/provider-service";

type Answered<Response> = (error: grpc.ServiceError | null, response: Response) => void;

/** The answer of a call that is given its callback. */
function answered<Response>(call: (done: Answered<Response>) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      if (error === null) resolve(response);
      else reject(error);
    });
  });
}

function listen(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
}

/** Takes as long as it is let. */
const slow: ResourceHandler = {
  check: ({ color }) => (color === "red" ? [] : [{ property: "color", reason: "must be red" }]),
  diff: (old, inputs) => compareInputs(old.properties, inputs, ["color", "size"], ["size"]),
  preview: () => ({ weight: 7 }),
  create: (_inputs, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        reject(signal.reason instanceof Error ? signal.reason : new Error("no reason"));
      });
    }),
  read: () => Promise.resolve(undefined),
  update: (_old, _inputs, { signal }) => delay(60_000, {}, { signal }),
  delete: () => Promise.reject(new Error("it is in use")),
};

const slowUrn = "urn:pulumi:dev::project::ipv6lab:index:Lab$lab:index:Slow::name";
const keyUrn = "urn:pulumi:dev::project::lab:index:KeyPair::key";
const struct = (properties: Record<string, JavaScriptValue>): Struct => Struct.fromJavaScript(properties);

describe("the provider, asked as the engine asks", () => {
  const server = new grpc.Server();
  let client: IResourceProviderClient & grpc.Client;

  beforeAll(async () => {
    const handlers = new Map([...labProvider.handlers, ["lab:index:Slow", slow] as const]);
    const service = new ProviderService({ ...labProvider, handlers, remedy: "Ask another." }, new EngineLog());
    server.addService(ResourceProviderService, service.implementation());
    const port = await listen(server);
    client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });
  afterAll(() => {
    client.close();
    server.forceShutdown();
  });

  const check = (request: CheckRequest): Promise<CheckResponse> => answered((done) => client.check(request, done));
  const diff = (request: DiffRequest): Promise<DiffResponse> => answered((done) => client.diff(request, done));
  const create = (request: CreateRequest): Promise<CreateResponse> => answered((done) => client.create(request, done));

  it("gives a schema that describes every type it makes", async () => {
    const answer = await answered<GetSchemaResponse>((done) => client.getSchema(new GetSchemaRequest(), done));
    const schema: unknown = JSON.parse(answer.getSchema());
    expect(schema).toMatchObject({ name: "lab", version: labProvider.version });
    expect(schema).toHaveProperty("resources", expect.any(Object));
    for (const type of labProvider.handlers.keys()) {
      expect(schema).toHaveProperty(["resources", type]);
    }
  });

  it("makes an ed25519 key pair", async () => {
    const answer = await create(new CreateRequest().setUrn(keyUrn).setProperties(struct({ comment: "lab@dev" })));
    const { comment, privateKey, publicKey } = answer.getProperties()?.toJavaScript() ?? {};
    expect(comment).toBe("lab@dev");
    expect(privateKey).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----/);
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ lab@dev$/);
  });

  it("tells which property is wrong, and why", async () => {
    const answer = await check(new CheckRequest().setUrn(keyUrn).setNews(struct({ comment: "two\nlines" })));
    expect(answer.getFailuresList().map((failure) => [failure.getProperty(), failure.getReason()])).toEqual([
      ["comment", "must be printable ASCII, one line"],
    ]);
  });

  it("does not judge what a preview does not know yet", async () => {
    const answer = await check(new CheckRequest().setUrn(slowUrn).setNews(struct({ color: unknownValue })));
    expect(answer.getFailuresList()).toEqual([]);
    expect(answer.getInputs()?.toJavaScript()).toEqual({ color: unknownValue });
  });

  it("shows in a preview what is certain before anything is made", async () => {
    const request = new CreateRequest().setUrn(slowUrn).setPreview(true);
    const answer = await create(request.setProperties(struct({ color: "red" })));
    expect(answer.getProperties()?.toJavaScript()).toEqual({ color: "red", weight: 7 });
  });

  it("replaces for some changes, old one first, and updates for others", async () => {
    const request = new DiffRequest().setUrn(slowUrn).setOlds(struct({ color: "red", size: 1, weight: 7 }));
    const both = await diff(request.setNews(struct({ color: "blue", size: 2 })));
    expect(both.getChanges()).toBe(DiffResponse.DiffChanges.DIFF_SOME);
    expect(both.getReplacesList()).toEqual(["color"]);
    expect(both.getDeletebeforereplace()).toBe(true);
    const size = await diff(request.setNews(struct({ color: "red", size: 2 })));
    expect([size.getReplacesList(), size.getDiffsList()]).toEqual([[], ["size"]]);
    const none = await diff(request.setNews(struct({ color: "red", size: 1 })));
    expect(none.getChanges()).toBe(DiffResponse.DiffChanges.DIFF_NONE);
  });

  it("says that a resource is gone by an answer without an id", async () => {
    const request = new ReadRequest()
      .setUrn(slowUrn)
      .setId("1")
      .setProperties(struct({ color: "red" }));
    const answer = await answered<ReadResponse>((done) => client.read(request, done));
    expect(answer.getId()).toBe("");
  });

  it("refuses a type that it does not know by its name", async () => {
    const urn = "urn:pulumi:dev::project::lab:index:Nonsense::name";
    await expect(check(new CheckRequest().setUrn(urn).setNews(struct({})))).rejects.toMatchObject({
      details: "The provider knows no resource of the type lab:index:Nonsense. Ask another.",
    });
    await expect(create(new CreateRequest().setUrn(urn).setProperties(struct({})))).rejects.toMatchObject({
      details: "The provider knows no resource of the type lab:index:Nonsense. Ask another.",
    });
  });

  it("refuses a function in words, with what to do about it", async () => {
    const request = new InvokeRequest().setTok("lab:index:nonsense");
    await expect(answered<InvokeResponse>((done) => client.invoke(request, done))).rejects.toMatchObject({
      details: "The provider knows no function lab:index:nonsense. Ask another.",
    });
  });

  it("gives an operation the time that customTimeouts allow, and says which key allows more", async () => {
    const request = new CreateRequest().setUrn(slowUrn).setProperties(struct({ color: "red" }));
    await expect(create(request.setTimeout(0.2))).rejects.toThrow(
      /create took longer than the 0\.2 s of customTimeouts\.create/,
    );
    const update = new UpdateRequest().setUrn(slowUrn).setId("1").setOlds(struct({})).setNews(struct({}));
    await expect(answered((done) => client.update(update.setTimeout(0.2), done))).rejects.toThrow(
      /update took longer than the 0\.2 s of customTimeouts\.update/,
    );
  });

  it("waits at its end until what was begun is cleaned up", async () => {
    let cleaned = false;
    const careful: ResourceHandler = {
      ...slow,
      create: async (_inputs, { signal }) => {
        await delay(60_000, undefined, { signal }).catch(() => delay(200));
        cleaned = true;
        throw new Error("cancelled");
      },
    };
    const service = new ProviderService(
      { ...labProvider, handlers: new Map([["lab:index:Slow", careful]]) },
      new EngineLog(),
    );
    const own = new grpc.Server();
    own.addService(ResourceProviderService, service.implementation());
    const port = await listen(own);
    const engine = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const request = new CreateRequest().setUrn(slowUrn).setProperties(struct({ color: "red" }));
    const making = expect(answered((done) => engine.create(request, done))).rejects.toThrow();
    await delay(100);
    await service.end();
    expect(cleaned).toBe(true);
    await making;
    engine.close();
    own.forceShutdown();
  });

  it("ends what is under way, and would be for minutes, by a cancellation", async () => {
    const making = create(new CreateRequest().setUrn(slowUrn).setProperties(struct({ color: "red" })));
    const refused = expect(making).rejects.toThrow(/cancelled.*goes on from here/);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await answered<Empty>((done) => client.cancel(new Empty(), done));
    await refused;
  });
});

describe("a resource's type", () => {
  it("is the last of its chain of parents", () => {
    expect(typeOf(slowUrn)).toBe("lab:index:Slow");
    expect(typeOf(keyUrn)).toBe("lab:index:KeyPair");
  });
});
