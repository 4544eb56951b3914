/** The provider protocol: the part of it that resources without configuration need. */
import * as grpc from "@grpc/grpc-js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckFailure,
  CheckResponse,
  ConfigureResponse,
  CreateResponse,
  DiffResponse,
  GetSchemaResponse,
  InvokeResponse,
  ProviderHandshakeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { messageOf } from "../../../host/messages";
import type { RunContext } from "./command-output";
import type { Log } from "./log";
import { inputsOf, invoke, newId, problems, stateOf, typeOf } from "./resources";
import { type Properties, changedKeys, hasUnknown, isObject, toPlain, unwrapProperties } from "./values";

type Served = Pick<
  IResourceProviderServer,
  | "handshake"
  | "getSchema"
  | "checkConfig"
  | "diffConfig"
  | "configure"
  | "invoke"
  | "check"
  | "diff"
  | "create"
  | "read"
  | "update"
  | "delete"
  | "cancel"
  | "getPluginInfo"
>;

/** A change of one of these replaces the resource. */
const replacing: ReadonlySet<string> = new Set(["triggers"]);

export class CommandProvider {
  private readonly cancellation = new AbortController();

  constructor(
    private readonly version: string,
    private readonly log: Log,
  ) {}

  /** What is not listed here answers UNIMPLEMENTED. */
  implementation(): Served {
    return {
      handshake: (_call, done) => {
        done(
          null,
          new ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true).setAcceptOutputs(false),
        );
      },
      getSchema: (_call, done) => {
        done(null, new GetSchemaResponse().setSchema(JSON.stringify({ name: "command", version: this.version })));
      },
      getPluginInfo: (_call, done) => {
        done(null, new PluginInfo().setVersion(this.version));
      },
      checkConfig: (call, done) => {
        done(null, new CheckResponse().setInputs(call.request.getNews()));
      },
      diffConfig: (_call, done) => {
        done(null, new DiffResponse().setChanges(DiffResponse.DiffChanges.DIFF_NONE));
      },
      // An engine that shook hands takes previews for granted; nothing but the inputs is known in one.
      configure: (_call, done) => {
        done(null, new ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true));
      },
      check: (call, done) => {
        void reply(done, () => this.check(call.request.getUrn(), fromStruct(call.request.getNews())));
      },
      diff: (call, done) => {
        const { request } = call;
        const olds = request.getOldInputs();
        void reply(done, () =>
          diff(
            olds === undefined ? inputsOf(fromStruct(request.getOlds())) : fromStruct(olds),
            fromStruct(request.getNews()),
            request.getIgnorechangesList(),
          ),
        );
      },
      create: (call, done) => {
        const { request } = call;
        void reply(done, async () => {
          const inputs = fromStruct(request.getProperties());
          if (request.getPreview()) return new CreateResponse().setProperties(toStruct(inputs));
          const outputs = await this.within(request.getUrn(), request.getTimeout(), (context) =>
            typeOf(request.getUrn()).create(unwrapProperties(inputs), context),
          );
          return new CreateResponse().setId(newId()).setProperties(toStruct(stateOf(inputs, outputs)));
        });
      },
      read: (call, done) => {
        const { request } = call;
        done(
          null,
          new ReadResponse()
            .setId(request.getId())
            .setProperties(request.getProperties())
            .setInputs(request.getInputs()),
        );
      },
      update: (call, done) => {
        const { request } = call;
        void reply(done, async () => {
          const inputs = fromStruct(request.getNews());
          if (request.getPreview()) return new UpdateResponse().setProperties(toStruct(inputs));
          const olds = unwrapProperties(fromStruct(request.getOlds()));
          const outputs = await this.within(request.getUrn(), request.getTimeout(), (context) =>
            typeOf(request.getUrn()).update(unwrapProperties(inputs), olds, context),
          );
          return new UpdateResponse().setProperties(toStruct(stateOf(inputs, outputs)));
        });
      },
      delete: (call, done) => {
        const { request } = call;
        void reply(done, async () => {
          const olds = unwrapProperties(fromStruct(request.getProperties()));
          await this.within(request.getUrn(), request.getTimeout(), (context) =>
            typeOf(request.getUrn()).delete(olds, context),
          );
          return new Empty();
        });
      },
      invoke: (call, done) => {
        const { request } = call;
        void reply(done, async () => {
          const outputs = await this.within("", 0, (context) =>
            invoke(request.getTok(), fromStruct(request.getArgs()), context),
          );
          return new InvokeResponse().setReturn(toStruct(outputs));
        });
      },
      cancel: (_call, done) => {
        this.cancel();
        done(null, new Empty());
      },
    };
  }

  /** Ends everything that runs, at once. */
  cancel(): void {
    this.cancellation.abort(new Error("The operation was cancelled."));
  }

  private check(urn: string, news: Properties): Promise<CheckResponse> {
    const response = new CheckResponse().setInputs(toStruct(news));
    // What a preview does not know yet is checked when it is known.
    const failures = hasUnknown(news) ? [] : problems(typeOf(urn), news);
    response.setFailuresList(
      failures.map(({ property, reason }) => new CheckFailure().setProperty(property).setReason(reason)),
    );
    return Promise.resolve(response);
  }

  /** Runs an operation that ends by cancellation or after the resource's custom timeout, in seconds; 0 is none. */
  private async within<T>(urn: string, timeout: number, work: (context: RunContext) => Promise<T>): Promise<T> {
    const { signal: cancelled } = this.cancellation;
    if (timeout === 0) return work({ urn, log: this.log, signal: cancelled });
    const expiry = new AbortController();
    const timer = setTimeout(() => {
      expiry.abort(new Error(`The command did not end within its custom timeout of ${timeout} s.`));
    }, timeout * 1000);
    try {
      return await work({ urn, log: this.log, signal: AbortSignal.any([cancelled, expiry.signal]) });
    } finally {
      clearTimeout(timer);
    }
  }
}

function diff(olds: Properties, news: Properties, ignored: readonly string[]): Promise<DiffResponse> {
  const changes = changedKeys(olds, news).filter((key) => !ignored.includes(key));
  const response = new DiffResponse()
    .setChanges(changes.length === 0 ? DiffResponse.DiffChanges.DIFF_NONE : DiffResponse.DiffChanges.DIFF_SOME)
    .setDiffsList(changes)
    .setReplacesList(changes.filter((key) => replacing.has(key)));
  return Promise.resolve(response);
}

function fromStruct(struct: Struct | undefined): Properties {
  const plain: unknown = struct?.toJavaScript();
  return isObject(plain) ? plain : {};
}

function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(toPlain(properties));
}

async function reply<T>(done: grpc.sendUnaryData<T>, work: () => Promise<T>): Promise<void> {
  try {
    done(null, await work());
  } catch (error) {
    const details = messageOf(error);
    done({ code: grpc.status.UNKNOWN, details });
  }
}
