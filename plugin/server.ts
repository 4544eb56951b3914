/** What every plugin process does: serve on loopback, tell the port, and end with the engine that started it. */
import { promisify } from "node:util";
import * as grpc from "@grpc/grpc-js";

/** The engine's own limit: large states travel in one message. */
const maximumMessageBytes = 400 * 1024 * 1024;

/** Milliseconds in which what was begun must have been ended: a machine that does not listen takes five seconds. */
const endLimit = 10_000;

/**
 * Serves on a port of the loopback interface and prints the port as the first line of stdout, which is how the engine
 * finds a plugin. The process ends when the engine tells it to, by SIGINT (the terminal's Ctrl-C does not come here:
 * the engine gives each plugin a process group of its own), and when the engine that is its parent is gone.
 * @param onEnd stops what is still running; the process ends when it is done, or at the limit.
 */
export async function serve(
  service: grpc.ServiceDefinition,
  implementation: grpc.UntypedServiceImplementation,
  onEnd: () => void | Promise<void>,
): Promise<void> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": maximumMessageBytes,
    "grpc.max_send_message_length": maximumMessageBytes,
  });
  server.addService(service, implementation);
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
  const end = (): void => {
    setTimeout(() => process.exit(0), endLimit);
    void Promise.resolve(onEnd()).finally(() => process.exit(0));
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  endWithParent(end);
  process.stdout.write(`${port}\n`);
}

function endWithParent(end: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 1000).unref();
}

/** Where the engine that started this process listens: the first argument that is no option. */
export function engineAddress(): string {
  return process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
}
