/** A real SSH server on loopback, in this process: commands run by /bin/sh, forwarding as a jump host does it. */
import { spawn } from "node:child_process";
import { type Socket, connect as connectTcp } from "node:net";
import { Server, type ServerChannel, utils } from "ssh2";
import { type GeneratedKeyPair, generateKeyPair } from "../../ssh";

export function newKey(): GeneratedKeyPair {
  return generateKeyPair("test");
}

export interface ServerOptions {
  readonly hostKey?: GeneratedKeyPair;
  readonly authorized?: GeneratedKeyPair;
  /** Never answers when it is asked to run a command. */
  readonly hangs?: boolean;
  /** Called when the other side of a connection has ended it. */
  readonly onEnd?: () => void;
}

export interface RunningServer {
  readonly port: number;
  readonly hostKey: GeneratedKeyPair;
  /** Commands that were started, in order. */
  readonly commands: string[];
  /** Connections that came through to authentication. */
  readonly logins: () => number;
  /** Ends every connection without a word. */
  readonly dropConnections: () => void;
  readonly stop: () => Promise<void>;
}

/** Listens on a free port of the loopback interface; `port` asks for a certain one. */
export async function startServer(options: ServerOptions = {}, port = 0): Promise<RunningServer> {
  const hostKey = options.hostKey ?? newKey();
  const commands: string[] = [];
  const sockets = new Set<{ end: () => void }>();
  let logins = 0;
  const server = new Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    sockets.add(client);
    client.on("error", () => undefined);
    client.on("close", () => sockets.delete(client));
    client.on("end", () => options.onEnd?.());
    client.on("authentication", (context) => {
      if (context.method === "publickey" && isAuthorized(options.authorized, context.key.data)) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("ready", () => {
      logins += 1;
    });
    client.on("session", (accept) => {
      const session = accept();
      session.on("exec", (acceptExec, _reject, info) => {
        commands.push(info.command);
        if (options.hangs !== true) execute(acceptExec(), info.command);
      });
    });
    client.on("tcpip", (accept, reject, info) => {
      const target: Socket = connectTcp(info.destPort, info.destIP);
      target.on("error", () => {
        reject();
      });
      target.on("connect", () => {
        const channel = accept();
        channel.pipe(target).pipe(channel);
        channel.on("error", () => target.destroy());
        target.on("close", () => {
          channel.end();
        });
      });
    });
  });
  const bound = await new Promise<number>((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null && "port" in address ? address.port : 0);
    });
  });
  const dropConnections = (): void => {
    for (const socket of sockets) socket.end();
  };
  return {
    port: bound,
    hostKey,
    commands,
    logins: () => logins,
    dropConnections,
    stop: () =>
      new Promise((resolve) => {
        dropConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function isAuthorized(pair: GeneratedKeyPair | undefined, presented: Buffer): boolean {
  if (pair === undefined) return false;
  const key = utils.parseKey(pair.publicKey);
  return !(key instanceof Error) && key.getPublicSSH().equals(presented);
}

function execute(channel: ServerChannel, command: string): void {
  const child = spawn("/bin/sh", ["-c", command], { env: { PATH: process.env.PATH }, detached: true });
  channel.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
  child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
  channel.on("error", () => undefined);
  channel.on("close", () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      process.kill(-child.pid, "SIGKILL");
  });
  child.on("close", (code, signal) => {
    if (code === null) channel.exit(signal?.replace(/^SIG/, "") ?? "KILL");
    else channel.exit(code);
    channel.end();
  });
}
