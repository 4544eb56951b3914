/** What stands in probes/wire.py, run on loopback: what needs no privileges. */
import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { canRunProbes, runProbe } from "./python";

/** What it prints, a line each, in any order. */
async function heard(...instructions: readonly string[]): Promise<string[]> {
  return (await text(runProbe("wire.py", instructions.join("\n")).stdout)).trimEnd().split("\n").sort();
}

(canRunProbes("the probe that asks the network") ? describe : describe.skip)("a port that is tried", () => {
  it("is open, closed, or out of reach at once, and each is told as what it is", async () => {
    const server = createServer();
    const port = await listening(server);
    try {
      const all = await heard(
        "window 0 20",
        "await open closed unreachable",
        `tcp open ::ffff:127.0.0.1 ${port}`,
        "tcp closed ::ffff:127.0.0.1 1",
        // No TCP goes there: the kernel says so before anything is sent.
        "tcp unreachable ::ffff:255.255.255.255 22",
      );
      expect(all).toEqual([
        "closed error Connection refused",
        "open open",
        "unreachable error at once Network is unreachable",
      ]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

(canRunProbes("the probe that asks the network") ? describe : describe.skip)("a resolver that is asked by TCP", () => {
  /** What is told of one that does this with the octets of a question. */
  async function told(answer: (question: Buffer) => readonly string[] | "reset"): Promise<string[]> {
    const server = createServer((socket) => {
      socket.once("data", (question) => {
        const pieces = answer(Buffer.from(question));
        if (pieces === "reset") socket.resetAndDestroy();
        else void say(pieces);
      });
      const say = async (pieces: readonly string[]): Promise<void> => {
        for (const piece of pieces) {
          socket.write(Buffer.from(piece, "hex"));
          await setTimeout(50);
        }
        socket.end();
      };
    });
    const port = await listening(server);
    try {
      return await heard("window 0 20", "await answer", `dns-tcp answer ::ffff:127.0.0.1 ${port} 6c610100`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  it("hears the question with its length, and its answer is told whole, in however many pieces it comes", async () => {
    const questions: string[] = [];
    const answers = await told((question) => {
      questions.push(question.toString("hex"));
      return ["00", "036c", "6181"];
    });
    expect(questions).toEqual(["00046c610100"]);
    expect(answers).toEqual(["answer 6c6181"]);
  });

  it("is told as one without an answer where it hangs up, at once or in the middle", async () => {
    expect(await told(() => [])).toEqual(["answer error closed without an answer"]);
    expect(await told(() => ["00036c"])).toEqual(["answer error closed without an answer"]);
    expect(await told(() => "reset")).toEqual(["answer error Connection reset by peer"]);
  });
});

(canRunProbes("the probe that asks the network") ? describe : describe.skip)("a datagram that is answered late", () => {
  /** What is told where a server says this, one after the other. */
  async function told(kind: "dns" | "udp", answers: readonly string[]): Promise<string[]> {
    const server = createSocket("udp4");
    let count = 0;
    server.on("message", (_, from) => {
      server.send(Buffer.from(answers[count] ?? "", "hex"), from.port);
      count += 1;
    });
    await new Promise<void>((resolve) => server.bind(0, "127.0.0.1", resolve));
    try {
      return await heard(
        "window 0 20",
        "await answer",
        `${kind} answer - ::ffff:127.0.0.1 ${server.address().port} 6c610100`,
      );
    } finally {
      server.close();
    }
  }

  const [failed, found, refused] = ["6c618182", "6c618180", "6c618185"];

  it("is a resolver's answer when it has failed before: it is asked again", async () => {
    expect(await told("dns", [failed, failed, found])).toEqual(
      [`answer ${failed}`, `answer ${failed}`, `answer ${found}`].sort(),
    );
    expect(await told("dns", [refused, found])).toEqual([`answer ${refused}`]);
    expect(await told("udp", [failed, found])).toEqual([`answer ${failed}`]);
  });

  it("is heard from who was not there when it was asked first", async () => {
    const place = createSocket("udp4");
    await new Promise<void>((resolve) => place.bind(0, "127.0.0.1", resolve));
    const { port } = place.address();
    await new Promise<void>((resolve) => place.close(resolve));
    const told = heard("window 0 20", "await answer", `udp answer - ::ffff:127.0.0.1 ${port} 6c610100`);
    await setTimeout(1800);
    const late = createSocket("udp4").bind(port, "127.0.0.1");
    late.on("message", (_, from) => {
      late.send("x", from.port);
    });
    try {
      expect(await told).toEqual(["answer 78", "answer error Connection refused"]);
    } finally {
      late.close();
    }
  });
});

/** The port of 127.0.0.1 that it has now. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("A TCP server has a port.");
  return address.port;
}
