import { connect } from "node:net";

/**
 * Whether an sshd greets there (RFC 4253 section 4.2). A forwarded port alone tells nothing: QEMU accepts connections to it
 * whether anybody listens behind it or not.
 * @param seconds that it may take.
 */
export function greets(host: string, port: number, seconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(seconds * 1000, () => {
      settle(false);
    });
    socket.on("data", (data) => {
      settle(data.toString("latin1").startsWith("SSH-"));
    });
    socket.on("close", () => {
      settle(false);
    });
    socket.on("error", () => {
      settle(false);
    });
  });
}
