/** The inputs of the plugin's resources, checked at the door and typed against the SDK that sends them. */
import type { local, remote, types } from "@pulumi/command";
import type { Unwrap } from "@pulumi/pulumi";
import { z } from "zod";

/** Absent and undefined are the same here, at any depth. */
type Loose<T> = T extends readonly (infer Element)[]
  ? Loose<Element>[]
  : T extends object
    ? { [Key in keyof T]: Loose<T[Key]> | undefined }
    : T;
/** What the SDK's argument type is once everything in it is known. */
type Known<T> = Loose<Unwrap<T>>;
/** Makes the compiler compare a schema with the SDK's type: each key there, each value of that type. */
type SameShape<Schema extends Required<Known<T>>, T> = Schema;

const logging = z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]).optional();
const text = z.string().optional();
const endpoint = {
  host: z.string().min(1),
  port: z.number().optional(),
  user: text,
  password: text,
  privateKey: text,
  privateKeyPassword: text,
  agentSocketPath: text,
  dialErrorLimit: z.number().int().min(-1).optional(),
  perDialTimeout: z.number().min(0).optional(),
  hostKey: text,
};
const endpointSchema = z.strictObject(endpoint);
export const connectionSchema = z.strictObject({ ...endpoint, proxy: endpointSchema.optional() });

const commands = { create: text, update: text, delete: text, triggers: z.array(z.unknown()).optional() };
const process = {
  stdin: text,
  logging,
  environment: z.record(z.string(), z.string()).optional(),
  addPreviousOutputInEnv: z.boolean().optional(),
};

export const remoteCommandSchema = z.strictObject({ ...commands, ...process, connection: connectionSchema });

const localProcess = {
  ...process,
  interpreter: z.array(z.string()).optional(),
  dir: text,
  assetPaths: z.array(z.string()).optional(),
  archivePaths: z.array(z.string()).optional(),
};
export const localCommandSchema = z.strictObject({ ...commands, ...localProcess });
export const localRunSchema = z.strictObject({ ...localProcess, command: z.string() });

export const copyToRemoteSchema = z.strictObject({
  connection: connectionSchema,
  remotePath: z.string().min(1),
  source: z.custom<Unwrap<remote.CopyToRemoteArgs>["source"]>((value) => typeof value === "object" && value !== null),
  triggers: z.array(z.unknown()).optional(),
});

export type EndpointInputs = z.infer<typeof endpointSchema>;
export type ConnectionInputs = z.infer<typeof connectionSchema>;
export type RemoteCommandInputs = z.infer<typeof remoteCommandSchema>;
export type LocalCommandInputs = z.infer<typeof localCommandSchema>;
export type LocalRunInputs = z.infer<typeof localRunSchema>;
export type CopyToRemoteInputs = z.infer<typeof copyToRemoteSchema>;
export type LocalProcessInputs = Omit<LocalRunInputs, "command">;

/** Nothing at run time: this line does not compile when the SDK's arguments and the schemas part. */
export type Agreement = [
  SameShape<Required<RemoteCommandInputs>, remote.CommandArgs>,
  SameShape<Required<LocalCommandInputs>, local.CommandArgs>,
  SameShape<Required<LocalRunInputs>, local.RunArgs>,
  SameShape<Required<CopyToRemoteInputs>, remote.CopyToRemoteArgs>,
  SameShape<Required<ConnectionInputs>, types.input.remote.ConnectionArgs>,
  SameShape<Required<EndpointInputs>, types.input.remote.ProxyConnectionArgs>,
];
