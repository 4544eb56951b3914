/** What each resource type does when it is made, changed and taken away. */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import type { CommandOutput, RunContext } from "./command-output";
import { copyToRemote, sourceHash } from "./copy";
import { copyToRemoteSchema, localCommandSchema, localRunSchema, remoteCommandSchema } from "./inputs";
import { runLocal } from "./local";
import { runRemote } from "./remote";
import { type Properties, hasSecret, secret, unwrap, unwrapProperties } from "./values";

export interface ResourceType {
  readonly schema: z.ZodType;
  /** Gives the outputs beside the inputs. */
  create(inputs: Properties, context: RunContext): Promise<Properties>;
  update(inputs: Properties, olds: Properties, context: RunContext): Promise<Properties>;
  delete(olds: Properties, context: RunContext): Promise<void>;
}

const noOutput: CommandOutput = { stdout: "", stderr: "" };

const remoteCommand: ResourceType = {
  schema: remoteCommandSchema,
  async create(raw, context) {
    const inputs = remoteCommandSchema.parse(raw);
    return { ...(inputs.create === undefined ? noOutput : await runRemote(inputs, inputs.create, {}, context)) };
  },
  async update(raw, olds, context) {
    const inputs = remoteCommandSchema.parse(raw);
    const command = inputs.update ?? inputs.create;
    const previous = outputOf(olds);
    return { ...(command === undefined ? previous : await runRemote(inputs, command, previous, context)) };
  },
  async delete(olds, context) {
    const inputs = remoteCommandSchema.parse(inputsOf(olds));
    if (inputs.delete !== undefined) await runRemote(inputs, inputs.delete, outputOf(olds), context);
  },
};

const localCommand: ResourceType = {
  schema: localCommandSchema,
  async create(raw, context) {
    const inputs = localCommandSchema.parse(raw);
    return { ...(inputs.create === undefined ? noOutput : await runLocal(inputs, inputs.create, {}, context)) };
  },
  async update(raw, olds, context) {
    const inputs = localCommandSchema.parse(raw);
    const command = inputs.update ?? inputs.create;
    const previous = outputOf(olds);
    return { ...(command === undefined ? previous : await runLocal(inputs, command, previous, context)) };
  },
  async delete(olds, context) {
    const inputs = localCommandSchema.parse(inputsOf(olds));
    if (inputs.delete !== undefined) await runLocal(inputs, inputs.delete, outputOf(olds), context);
  },
};

const remoteCopy: ResourceType = {
  schema: copyToRemoteSchema,
  async create(raw, context) {
    await copyToRemote(copyToRemoteSchema.parse(raw), context);
    return {};
  },
  async update(raw, olds, context) {
    const news = copyToRemoteSchema.parse(raw);
    const same = sourceHash(raw.source) === sourceHash(olds.source) && news.remotePath === olds.remotePath;
    if (!same) await copyToRemote(news, context);
    return {};
  },
  delete: () => Promise.resolve(),
};

const types: Readonly<Record<string, ResourceType>> = {
  "command:remote:Command": remoteCommand,
  "command:local:Command": localCommand,
  "command:remote:CopyToRemote": remoteCopy,
};

/**
 * The type of a URN's resource (`urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME`).
 * @throws Error for a type that the stand-in does not have.
 */
export function typeOf(urn: string): ResourceType {
  const token = urn.split("::")[2]?.split("$").pop() ?? "";
  const found = types[token];
  if (found === undefined) {
    throw new Error(`${token} is not in this stand-in of the command plugin; it has ${Object.keys(types).join(", ")}.`);
  }
  return found;
}

/** The functions of the package: `local.run`. */
export async function invoke(token: string, inputs: Properties, context: RunContext): Promise<Properties> {
  if (token !== "command:local:run") throw new Error(`${token} is not in this stand-in of the command plugin.`);
  const { command, ...rest } = localRunSchema.parse(unwrapProperties(inputs));
  return { ...inputs, ...(await runLocal(rest, command, {}, context)) };
}

/** Inputs that do not fit the type, each with its path and reason. */
export function problems(type: ResourceType, inputs: Properties): { property: string; reason: string }[] {
  const result = type.schema.safeParse(unwrapProperties(inputs));
  if (result.success) return [];
  return result.error.issues.map(({ path, message }) => ({ property: path.join("."), reason: message }));
}

/** The state of a resource: its inputs as they came, and the outputs, secret when any input is. */
export function stateOf(inputs: Properties, outputs: Properties): Properties {
  const guarded = hasSecret(inputs)
    ? Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, secret(value)]))
    : outputs;
  return { ...inputs, ...guarded };
}

export function newId(): string {
  return randomBytes(8).toString("hex");
}

const outputKeys: ReadonlySet<string> = new Set(["stdout", "stderr", "assets", "archive"]);

/** The inputs in a state, for engines that do not send them apart. */
export function inputsOf(state: Properties): Properties {
  return Object.fromEntries(Object.entries(state).filter(([key]) => !outputKeys.has(key)));
}

function outputOf(state: Properties): CommandOutput {
  return { stdout: textOf(state.stdout), stderr: textOf(state.stderr) };
}

function textOf(value: unknown): string {
  const plain = unwrap(value);
  return typeof plain === "string" ? plain : "";
}
