/** The resource provider protocol: every request of the engine, turned into a call of one handler. */
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
import { withDeadline } from "../host/deadline";
import { codeOf } from "../host/messages";
import { answered } from "./answer";
import type { EngineLog } from "./engine-log";
import {
  containsUnknown,
  type Difference,
  type OperationContext,
  type Properties,
  type ResourceHandler,
} from "./handler";

export interface ProviderDefinition {
  readonly version: string;
  /** The package schema as JSON. */
  readonly schema: () => string;
  /** By type token, e.g. `lab:index:KeyPair`. */
  readonly handlers: ReadonlyMap<string, ResourceHandler>;
  /** What to do about a type or function that is not among them. */
  readonly remedy?: string;
}

const propertiesSchema = z.record(z.string(), z.unknown());

export class ProviderService {
  private readonly cancellation = new AbortController();
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly definition: ProviderDefinition,
    private readonly log: EngineLog,
  ) {}

  /** Aborts what is under way; the engine asks for it on Ctrl-C. */
  cancel(): void {
    this.cancellation.abort(new Error("The operation was cancelled; the next `up` goes on from here."));
  }

  /** Cancels what is under way and waits until it has cleaned up after itself. */
  async end(): Promise<void> {
    this.cancel();
    await Promise.allSettled(this.underWay);
  }

  /** What is not listed here (components, mappings) answers UNIMPLEMENTED. */
  implementation() {
    return {
      handshake: answered((request) => {
        this.log.attach(request.getEngineAddress());
        return new ProviderHandshakeResponse();
      }),
      attach: answered((request) => {
        this.log.attach(request.getAddress());
        return new Empty();
      }),
      getPluginInfo: answered(() => new PluginInfo().setVersion(this.definition.version)),
      getSchema: answered(() => new GetSchemaResponse().setSchema(this.definition.schema())),
      checkConfig: answered((request) => new CheckResponse().setInputs(request.getNews())),
      diffConfig: answered(() => new DiffResponse().setChanges(DiffResponse.DiffChanges.DIFF_NONE)),
      // Secrets are left to the engine: it marks every output as secret whose input of the same name was one.
      configure: answered(() => new ConfigureResponse().setSupportspreview(true)),
      check: answered((request) => {
        const inputs = fromStruct(request.getNews());
        const failures = containsUnknown(inputs) ? [] : this.handler(request).check(inputs);
        return new CheckResponse()
          .setInputs(toStruct(inputs))
          .setFailuresList(
            failures.map(({ property, reason }) => new CheckFailureMessage().setProperty(property).setReason(reason)),
          );
      }),
      diff: answered((request) => {
        const old = { id: request.getId(), properties: fromStruct(request.getOlds()) };
        return diffResponse(this.handler(request).diff(old, fromStruct(request.getNews())));
      }),
      create: answered(async (request) => {
        const handler = this.handler(request);
        const inputs = fromStruct(request.getProperties());
        if (request.getPreview()) {
          return new CreateResponse().setProperties(toStruct(previewed(handler, inputs, undefined)));
        }
        const { id, outputs } = await this.operate("create", request, (context) => handler.create(inputs, context));
        return new CreateResponse().setId(id).setProperties(toStruct(outputs));
      }),
      read: answered(async (request) => {
        const old = { id: request.getId(), properties: fromStruct(request.getProperties()) };
        const context = { signal: this.cancellation.signal, ...this.log.about(request.getUrn()) };
        const found = await this.handler(request).read(old, context);
        if (found === undefined) return new ReadResponse();
        return new ReadResponse().setId(old.id).setProperties(toStruct(found)).setInputs(request.getInputs());
      }),
      update: answered(async (request) => {
        const handler = this.handler(request);
        const inputs = fromStruct(request.getNews());
        const old = { id: request.getId(), properties: fromStruct(request.getOlds()) };
        if (request.getPreview()) {
          return new UpdateResponse().setProperties(toStruct(previewed(handler, inputs, old.properties)));
        }
        const outputs = await this.operate("update", request, (context) => handler.update(old, inputs, context));
        return new UpdateResponse().setProperties(toStruct(outputs));
      }),
      delete: answered(async (request) => {
        const old = { id: request.getId(), properties: fromStruct(request.getProperties()) };
        const handler = this.handler(request);
        await this.operate("delete", request, (context) => handler.delete(old, context));
        return new Empty();
      }),
      invoke: answered((request) => this.refuse("function", request.getTok())),
      cancel: answered(() => {
        this.cancel();
        return new Empty();
      }),
    } satisfies Partial<IResourceProviderServer>;
  }

  private handler(request: { getUrn(): string }): ResourceHandler {
    const type = typeOf(request.getUrn());
    return this.definition.handlers.get(type) ?? this.refuse("resource of the type", type);
  }

  private refuse(what: string, token: string): never {
    const { remedy } = this.definition;
    throw new Error(`The provider knows no ${what} ${token}.${remedy === undefined ? "" : ` ${remedy}`}`);
  }

  /** Runs one operation until it ends, is cancelled, or takes longer than the resource's `customTimeouts` allow. */
  private operate<T>(
    kind: "create" | "update" | "delete",
    request: { getUrn(): string; getTimeout(): number },
    work: (context: OperationContext) => Promise<T>,
  ): Promise<T> {
    const seconds = request.getTimeout();
    const late = `${kind} took longer than the ${seconds} s of customTimeouts.${kind}; allow more, or see what it waits for.`;
    return withDeadline(seconds, late, this.cancellation.signal, async (signal) => {
      const working = work({ signal, ...this.log.about(request.getUrn()) });
      this.underWay.add(working);
      try {
        return await working;
      } catch (error) {
        // What an aborted wait throws says only that it was aborted.
        throw codeOf(error) === "ABORT_ERR" && signal.aborted ? signal.reason : error;
      } finally {
        this.underWay.delete(working);
      }
    });
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

function diffResponse({ changed, replaces, createsFirst }: Difference): DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = DiffResponse.DiffChanges;
  const response = new DiffResponse()
    .setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME)
    .setDiffsList([...changed])
    .setReplacesList([...replaces])
    .setDeletebeforereplace(replaces.length > 0 && createsFirst !== true)
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
