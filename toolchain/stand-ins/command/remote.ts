/** Commands on a machine reached by SSH. */
import {
  type ExecResult,
  type SshConnection,
  type SshEndpoint,
  type SshTarget,
  connect,
  defaultRetry,
} from "../../../ssh";
import { type CommandOutput, OutputCollector, type RunContext, previousOutput } from "./command-output";
import type { ConnectionInputs, EndpointInputs, RemoteCommandInputs } from "./inputs";

const defaultPort = 22;
const defaultUser = "root";
const defaultDialErrorLimit = 10;

/** Opens the connection with the retries and limits that the inputs ask for. */
export function open(inputs: ConnectionInputs, context: RunContext): Promise<SshConnection> {
  const target: SshTarget = {
    ...endpointOf(inputs),
    ...(inputs.proxy === undefined ? {} : { proxy: endpointOf(inputs.proxy) }),
  };
  return connect(target, {
    signal: context.signal,
    onRetry: ({ address, attempt, error }) => {
      context.log.status(context.urn, `Dial ${address}, attempt ${attempt}: ${error.message}; retrying`);
    },
  });
}

/** The endpoint with the plugin's defaults: user root, port 22, ten repetitions, the agent of the environment. */
export function endpointOf(inputs: EndpointInputs): SshEndpoint {
  const limit = inputs.dialErrorLimit ?? defaultDialErrorLimit;
  return {
    host: inputs.host,
    port: inputs.port ?? defaultPort,
    user: inputs.user ?? defaultUser,
    password: inputs.password,
    privateKey: inputs.privateKey,
    privateKeyPassword: inputs.privateKeyPassword,
    agentSocketPath: inputs.agentSocketPath ?? process.env.SSH_AUTH_SOCK,
    hostKey: inputs.hostKey,
    dialTimeout: inputs.perDialTimeout,
    retry: { ...defaultRetry, limit: limit === -1 ? Number.POSITIVE_INFINITY : limit },
  };
}

/**
 * Runs one command on the machine.
 * @throws Error with the command's output when it fails.
 */
export async function runRemote(
  inputs: RemoteCommandInputs,
  command: string,
  previous: Partial<CommandOutput>,
  context: RunContext,
): Promise<CommandOutput> {
  const connection = await open(inputs.connection, context);
  try {
    const environment = await acceptedEnvironment(connection, inputs, previousOutput(inputs, previous), context);
    const collector = new OutputCollector(context, inputs.logging);
    const { code, signal }: ExecResult = await connection.exec(command, {
      stdin: inputs.stdin,
      signal: context.signal,
      environment,
      onStdout: collector.onStdout,
      onStderr: collector.onStderr,
    });
    return collector.finish(command, code, signal);
  } finally {
    connection.close();
  }
}

/**
 * SSH servers drop variables that AcceptEnv does not name without a word: the machine is asked which arrive.
 * @throws Error when one of `environment` does not; one of the previous output is only worth a warning.
 */
async function acceptedEnvironment(
  connection: SshConnection,
  inputs: RemoteCommandInputs,
  previous: Readonly<Record<string, string>>,
  context: RunContext,
): Promise<Record<string, string> | undefined> {
  const environment = { ...inputs.environment, ...previous };
  const names = Object.keys(environment);
  if (names.length === 0) return undefined;
  const answer = await connection.exec("env", { environment, signal: context.signal });
  const arrived = new Set(answer.stdout.split("\n").map((line) => line.split("=", 1)[0]));
  for (const name of names.filter((candidate) => !arrived.has(candidate))) {
    const message =
      `Unable to set '${name}'. This only works if the SSH server is configured to accept it (AcceptEnv). ` +
      `Otherwise prefix the command with the variable ('VAR=value command') or pass the value by stdin.`;
    if (inputs.environment !== undefined && name in inputs.environment) throw new Error(message);
    context.log.warning(context.urn, `${message} addPreviousOutputInEnv: false switches it off.`);
  }
  return environment;
}
