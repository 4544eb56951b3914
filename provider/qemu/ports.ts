/** Free TCP ports on loopback. */
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A port that nobody listens on now. Another program may take it before it is used: be ready to ask again. */
export function freeTcpPort(): Promise<number> {
  return listen(0);
}

/** Whether the port can be had; the kernel may need a moment to take it back from a program that was killed. */
export async function becomesFree(port: number, milliseconds = 500): Promise<boolean> {
  const until = Date.now() + milliseconds;
  for (;;) {
    const free = await listen(port).then(
      () => true,
      () => false,
    );
    if (free || Date.now() > until) return free;
    await delay(20);
  }
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("The system gave no port."));
      });
    });
  });
}
