/** `remote.Command`, with the inputs that this project's program gives it (components/remote.ts). */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { checkWith } from "../../../plugin/check";
import { compareInputs, type OperationContext, type Properties, type ResourceHandler } from "../../../plugin/handler";
import { type SshEndpoint, connect, defaultRetry } from "../../../ssh";

/** Where what is missing here can be had. */
export const remedy =
  "This project's stand-in for the command plugin makes what its own program uses, no more. " +
  "The official plugin comes with an installed or released Pulumi (docs/tool-chain.md).";

/** What the stand-in does not know it must not ignore: the official plugin would do it. */
function only<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? `has the unknown input ${issue.keys.join(", ")}. ${remedy}` : undefined,
  });
}

const endpoint = {
  host: z.string().min(1),
  port: z.number().default(22),
  user: z.string().default("root"),
  privateKey: z.string(),
  hostKey: z.string(),
  dialErrorLimit: z.int().min(-1).default(10),
  perDialTimeout: z.number().min(0).default(15),
};

const inputsSchema = only({
  connection: only({ ...endpoint, proxy: only(endpoint).optional() }),
  create: z.string().optional(),
  update: z.string().optional(),
  stdin: z.string().optional(),
  triggers: z.array(z.unknown()).optional(),
  // Otherwise an update's command would find the last output in its environment.
  addPreviousOutputInEnv: z.literal(false, `has to be false. ${remedy}`),
});

type Inputs = z.infer<typeof inputsSchema>;

const updatable = ["connection", "create", "update", "stdin", "addPreviousOutputInEnv"];

export const remoteCommandHandler: ResourceHandler = {
  check: checkWith(inputsSchema),
  diff: (old, inputs) => ({
    ...compareInputs(old.properties, inputs, [...updatable, "triggers"], updatable),
    createsFirst: true,
  }),
  async create(properties, context) {
    const inputs = inputsSchema.parse(properties);
    const output = inputs.create === undefined ? noOutput : await runRemote(inputs, inputs.create, context);
    return { id: randomBytes(8).toString("hex"), outputs: { ...properties, ...output } };
  },
  read: (old) => Promise.resolve(old.properties),
  async update(old, properties, context) {
    const inputs = inputsSchema.parse(properties);
    const command = inputs.update ?? inputs.create;
    const { stdout, stderr } = old.properties;
    const output = command === undefined ? { stdout, stderr } : await runRemote(inputs, command, context);
    return { ...properties, ...output };
  },
  delete: () => Promise.resolve(),
};

const noOutput: Properties = { stdout: "", stderr: "" };

/**
 * Runs a command on the machine; its lines are shown as they come.
 * @throws Error with the command and everything that it printed when it does not end with code 0.
 */
async function runRemote(inputs: Inputs, command: string, context: OperationContext): Promise<Properties> {
  const { connection: target, stdin } = inputs;
  const { proxy } = target;
  const connection = await connect(
    { ...endpointOf(target), ...(proxy === undefined ? {} : { proxy: endpointOf(proxy) }) },
    {
      signal: context.signal,
      share: true,
      onRetry: ({ address, attempt, error }) => {
        context.progress(`Dial ${address}, attempt ${attempt}: ${error.message}; retrying`);
      },
    },
  );
  try {
    let printed = "";
    let line = "";
    const onText = (text: string): void => {
      printed += text;
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      lines.forEach(context.progress);
    };
    const ended = await connection.exec(command, { stdin, signal: context.signal, onStdout: onText, onStderr: onText });
    if (line !== "") context.progress(line);
    if (ended.code !== 0) {
      const how =
        ended.code === undefined ? `ended by signal ${ended.signal ?? "unknown"}` : `exited with status ${ended.code}`;
      throw new Error(`Process ${how}: running ${JSON.stringify(command)}:\n${printed}`);
    }
    return { stdout: ended.stdout.replace(/\n$/, ""), stderr: ended.stderr.replace(/\n$/, "") };
  } finally {
    connection.close();
  }
}

function endpointOf(inputs: z.infer<z.ZodObject<typeof endpoint>>): SshEndpoint {
  const { host, port, user, privateKey, hostKey, dialErrorLimit, perDialTimeout } = inputs;
  const limit = dialErrorLimit === -1 ? Number.POSITIVE_INFINITY : dialErrorLimit;
  return { host, port, user, privateKey, hostKey, dialTimeout: perDialTimeout, retry: { ...defaultRetry, limit } };
}
