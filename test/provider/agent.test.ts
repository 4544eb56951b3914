import { join } from "node:path";
import { isFileInGuest, runInGuest, StillRunsError } from "../../provider/qemu/agent";
import { makePipes, removePipes } from "../../provider/qemu/pipes";
import { answeringByPipes, type OtherEnd, type Question } from "./answering";
import { recordedContext, temporaryFolder } from "./context";

const folder = temporaryFolder();
const line = join(folder.path, "agent");
const { signal } = recordedContext();
let otherEnd: OtherEnd | undefined;

beforeEach(async () => {
  await makePipes(line, signal);
});

afterEach(() => {
  otherEnd?.hangUp();
  otherEnd = undefined;
});

afterAll(() => {
  folder.remove();
});

/** An agent that says something, or nothing, to each question; gives the names of the questions as they come. */
function agent(answer: (question: Question) => unknown): string[] {
  const asked: string[] = [];
  otherEnd = answeringByPipes(line, (question) => {
    asked.push(question.execute);
    return answer(question);
  });
  return asked;
}

/** What a sound agent says, of a program that has ended. */
function sound({ execute, arguments: args }: Question): unknown {
  const said = (text: string): string => Buffer.from(text).toString("base64");
  switch (execute) {
    case "guest-sync":
      return { return: args?.id };
    case "guest-exec":
      return { return: { pid: 7 } };
    case "guest-exec-status":
      return { return: { exited: true, exitcode: args?.pid === 7 ? 0 : 1, "out-data": said("done\n") } };
    default:
      return { error: { class: "GenericError", desc: "no such file" } };
  }
}

function run(seconds = 20): Promise<string> {
  const program = { path: "/bin/true", args: [], stdin: Buffer.from("") };
  return runInGuest(line, program, seconds, signal);
}

describe("a guest's agent", () => {
  it("is told to run a program once it has said that it listens, and gives what that printed", async () => {
    const asked = agent(sound);
    expect(await run()).toBe("done\n");
    expect(asked).toEqual(["guest-sync", "guest-exec", "guest-exec-status"]);
  });

  it("is asked again whether it listens when its first answer is lost, and runs the program once", async () => {
    let count = 0;
    const asked = agent((question) =>
      question.execute === "guest-sync" && ++count === 1 ? undefined : sound(question),
    );
    expect(await run()).toBe("done\n");
    expect(asked).toEqual(["guest-sync", "guest-sync", "guest-exec", "guest-exec-status"]);
  });

  it("whose first answer comes after the second question is not taken for one that has answered everything", async () => {
    const late: unknown[] = [];
    const asked = agent((question) => {
      if (question.execute !== "guest-sync") return sound(question);
      late.push(sound(question));
      if (late.length === 2) for (const each of late) otherEnd?.say(`${JSON.stringify(each)}\n`);
      return undefined;
    });
    expect(await run()).toBe("done\n");
    expect(asked).toEqual(["guest-sync", "guest-sync", "guest-exec", "guest-exec-status"]);
  });

  it("may say first what somebody else was to read, half of it too", async () => {
    agent(sound);
    otherEnd?.say('":{"exited":true}}\n{"return":{"exited":true,"exitcode":3}}\n{"return":12}\n');
    expect(await run()).toBe("done\n");
  });

  it("tells what a program said that failed", async () => {
    const words = Buffer.from("no such bundle\n").toString("base64");
    agent((question) =>
      question.execute === "guest-exec-status"
        ? { return: { exited: true, exitcode: 1, "err-data": words } }
        : sound(question),
    );
    await expect(run()).rejects.toThrow("/bin/true ended with 1: no such bundle");
  });

  it("that never answers is given up after the time that it has", async () => {
    const asked = agent(() => undefined);
    await expect(run(1)).rejects.toThrow("The guest did not run /bin/true within 1 s.");
    expect(new Set(asked)).toEqual(new Set(["guest-sync"]));
  });

  it("in which a program runs on when its time is over is told from one that did not begin it", async () => {
    const asked = agent((question) =>
      question.execute === "guest-exec-status" ? { return: { exited: false } } : sound(question),
    );
    const error = await run(1).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StillRunsError);
    expect(error).toMatchObject({ message: "The guest did not run /bin/true within 1 s." });
    expect(asked).toContain("guest-exec-status");
    otherEnd?.hangUp();
    agent(() => undefined);
    await expect(run(1)).rejects.not.toBeInstanceOf(StillRunsError);
  });

  it("is given up at once when the machine goes", async () => {
    agent(({ execute }) => {
      if (execute === "guest-sync") otherEnd?.hangUp();
      return undefined;
    });
    await expect(run()).rejects.toThrow("the machine has hung up");
  });

  it("speaks with one after the other, though pipes do not tell them apart", async () => {
    const asked = agent(sound);
    expect(await Promise.all([run(), run()])).toEqual(["done\n", "done\n"]);
    const conversation = ["guest-sync", "guest-exec", "guest-exec-status"];
    expect(asked).toEqual([...conversation, ...conversation]);
  });

  it("is known at once not to be there when the machine is not", async () => {
    await expect(run()).rejects.toThrow("The machine is not there to speak to its guest");
    removePipes(line);
    await expect(run()).rejects.toThrow("The machine has no line to its guest.");
  });

  it("tells a file that is there from one that is not", async () => {
    const asked = agent((question) =>
      question.execute === "guest-file-open" && question.arguments?.path === "/run/there"
        ? { return: 1000 }
        : question.execute === "guest-file-close"
          ? { return: {} }
          : sound(question),
    );
    expect(await isFileInGuest(line, "/run/there", 20, signal)).toBe(true);
    expect(await isFileInGuest(line, "/run/else", 20, signal)).toBe(false);
    expect(asked).toEqual(["guest-sync", "guest-file-open", "guest-file-close", "guest-sync", "guest-file-open"]);
  });
});
