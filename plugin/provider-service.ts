/** The resource provider protocol: every request of the engine, turned into a call of one handler. */
import * as grpc from "@grpc/grpc-js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckFailure as CheckFailureMessage,
  CheckResponse,
  ConfigureResponse,
  CreateResponse,
  DiffResponse,
  GetSchemaResponse,
  PropertyDiff,
  ProviderHandshakeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { z } from "zod";
import { messageOf } from "../host/messages";
import type { EngineLog } from "./engine-log";
import {
  containsUnknown,
  type Difference,
  type OperationContext,
  type Properties,
  type ResourceHandler,
} from "./handler";

type Served = Pick<
  IResourceProviderServer,
  | "handshake"
  | "attach"
  | "getPluginInfo"
  | "getSchema"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel"
>;

export interface ProviderDefinition {
  readonly version: string;
  /** The package schema as JSON. */
  readonly schema: () => string;
  /** By type token, e.g. `lab:index:KeyPair`. */
  readonly handlers: ReadonlyMap<string, ResourceHandler>;
}

const propertiesSchema = z.record(z.string(), z.unknown());

export class ProviderService {
  private readonly cancellation = new AbortController();

  constructor(
    private readonly definition: ProviderDefinition,
    private readonly log: EngineLog,
  ) {}

  /** Aborts what is under way; the engine asks for it on Ctrl-C. */
  cancel(): void {
    this.cancellation.abort(new Error("The operation was cancelled; the next `up` goes on from here."));
  }

  /** What is not listed here (components, functions, mappings) answers UNIMPLEMENTED. */
  implementation(): Served {
    return {
      handshake: (call, done) => {
        this.log.attach(call.request.getEngineAddress());
        done(null, new ProviderHandshakeResponse());
      },
      attach: (call, done) => {
        this.log.attach(call.request.getAddress());
        done(null, new Empty());
      },
      getPluginInfo: (_call, done) => {
        done(null, new PluginInfo().setVersion(this.definition.version));
      },
      getSchema: (_call, done) => {
        answer(done, () => new GetSchemaResponse().setSchema(this.definition.schema()));
      },
      checkConfig: (call, done) => {
        done(null, new CheckResponse().setInputs(call.request.getNews()));
      },
      diffConfig: (_call, done) => {
        done(null, new DiffResponse().setChanges(DiffResponse.DiffChanges.DIFF_NONE));
      },
      // Secrets are left to the engine: it marks every output as secret whose input of the same name was one.
      configure: (_call, done) => {
        done(null, new ConfigureResponse().setSupportspreview(true));
      },
      check: ({ request }, done) => {
        answer(done, () => {
          const inputs = fromStruct(request.getNews());
          const failures = containsUnknown(inputs) ? [] : this.handler(request.getUrn()).check(inputs);
          return new CheckResponse()
            .setInputs(toStruct(inputs))
            .setFailuresList(
              failures.map(({ property, reason }) => new CheckFailureMessage().setProperty(property).setReason(reason)),
            );
        });
      },
      diff: ({ request }, done) => {
        answer(done, () => {
          const old = { id: request.getId(), properties: fromStruct(request.getOlds()) };
          return diffResponse(this.handler(request.getUrn()).diff(old, fromStruct(request.getNews())));
        });
      },
      create: ({ request }, done) => {
        answerLater(done, async () => {
          const handler = this.handler(request.getUrn());
          const inputs = fromStruct(request.getProperties());
          if (request.getPreview()) {
            return new CreateResponse().setProperties(toStruct(previewed(handler, inputs, undefined)));
          }
          const { id, outputs } = await handler.create(inputs, this.context(request.getUrn()));
          return new CreateResponse().setId(id).setProperties(toStruct(outputs));
        });
      },
      read: ({ request }, done) => {
        answerLater(done, async () => {
          const old = { id: request.getId(), properties: fromStruct(request.getProperties()) };
          const found = await this.handler(request.getUrn()).read(old, this.context(request.getUrn()));
          if (found === undefined) return new ReadResponse();
          return new ReadResponse().setId(old.id).setProperties(toStruct(found)).setInputs(request.getInputs());
        });
      },
      update: ({ request }, done) => {
        answerLater(done, async () => {
          const handler = this.handler(request.getUrn());
          const inputs = fromStruct(request.getNews());
          const old = { id: request.getId(), properties: fromStruct(request.getOlds()) };
          if (request.getPreview()) {
            return new UpdateResponse().setProperties(toStruct(previewed(handler, inputs, old.properties)));
          }
          const outputs = await handler.update(old, inputs, this.context(request.getUrn()));
          return new UpdateResponse().setProperties(toStruct(outputs));
        });
      },
      delete: ({ request }, done) => {
        answerLater(done, async () => {
          const old = { id: request.getId(), properties: fromStruct(request.getProperties()) };
          await this.handler(request.getUrn()).delete(old, this.context(request.getUrn()));
          return new Empty();
        });
      },
      cancel: (_call, done) => {
        this.cancel();
        done(null, new Empty());
      },
    };
  }

  private handler(urn: string): ResourceHandler {
    const type = typeOf(urn);
    const handler = this.definition.handlers.get(type);
    if (handler === undefined) throw new Error(`The provider knows no resource of the type ${type}.`);
    return handler;
  }

  private context(urn: string): OperationContext {
    return {
      signal: this.cancellation.signal,
      progress: (line) => {
        this.log.status(urn, line);
      },
      info: (text) => {
        this.log.info(urn, text);
      },
      warn: (line) => {
        this.log.warn(urn, line);
      },
    };
  }
}

/** The resource's own type: the last of the chain in `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`. */
export function typeOf(urn: string): string {
  const chain = urn.split("::")[2] ?? "";
  return chain.slice(chain.lastIndexOf("$") + 1);
}

function previewed(handler: ResourceHandler, inputs: Properties, old: Properties | undefined): Properties {
  if (containsUnknown(inputs) || handler.preview === undefined) return inputs;
  return { ...inputs, ...handler.preview(inputs, old) };
}

function diffResponse({ changed, replaces }: Difference): DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = DiffResponse.DiffChanges;
  const response = new DiffResponse()
    .setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME)
    .setDiffsList([...changed])
    .setReplacesList([...replaces])
    // Names, folders and ports of a resource are its own: the old one makes room first.
    .setDeletebeforereplace(replaces.length > 0)
    .setHasdetaileddiff(true);
  for (const name of changed) {
    const kind = replaces.includes(name) ? PropertyDiff.Kind.UPDATE_REPLACE : PropertyDiff.Kind.UPDATE;
    response.getDetaileddiffMap().set(name, new PropertyDiff().setKind(kind));
  }
  return response;
}

/** A property that is null is left out: the program's `undefined` arrives as either. */
function fromStruct(struct: Struct | undefined): Properties {
  const plain: unknown = JSON.parse(JSON.stringify(struct?.toJavaScript() ?? {}), (_key, value: unknown) =>
    value === null ? undefined : value,
  );
  return propertiesSchema.parse(plain);
}

/** A property that is undefined is left out. */
function toStruct(properties: Properties): Struct {
  const plain: unknown = JSON.parse(JSON.stringify(properties));
  return Struct.fromJavaScript(structSchema.parse(plain));
}

const valueSchema: z.ZodType<JavaScriptValue> = z.lazy(() =>
  z.union([z.null(), z.number(), z.string(), z.boolean(), z.array(valueSchema), z.record(z.string(), valueSchema)]),
);
const structSchema = z.record(z.string(), valueSchema);

function answer<T>(done: grpc.sendUnaryData<T>, make: () => T): void {
  answerLater(done, () => Promise.resolve().then(make));
}

function answerLater<T>(done: grpc.sendUnaryData<T>, make: () => Promise<T>): void {
  make().then(
    (response) => {
      done(null, response);
    },
    (error: unknown) => {
      const details = messageOf(error);
      done({ code: grpc.status.UNKNOWN, details, name: "Error", message: details });
    },
  );
}
