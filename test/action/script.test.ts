/** docs/ci.sh, with an `npm` that writes down what it is asked for and ends as it is told. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as exec from "../../cli/commands/exec";
import { projectRoot } from "../../host/paths";

/**
 * Each command ends with the code in its variable (`UP=1`); the one that `HANG` names goes on until it gets a SIGTERM, of
 * which it leaves a word. `exec` leaves a report with a verdict's code, unless `NO_REPORT` is set.
 */
const npm = `#!/bin/bash
[[ $1 != run ]] || shift 2
name=$1
printf '%s\\0' "$PWD" "$@" >>"$CALLS"; printf '\\n' >>"$CALLS"
if [[ $name == "$HANG" ]]; then
  sleep 60 &
  trap 'kill "$!"; sleep 0.2; printf "%s\\0" "$PWD" "$name got SIGTERM" >>"$CALLS"; printf "\\n" >>"$CALLS"; exit 1' TERM
  echo "$name hangs"
  wait
fi
code=\${name^^}
code=\${!code:-0}
if [[ $name == exec && $code == [013] && -z $NO_REPORT ]]; then
  while [[ $1 != --report ]]; do shift; done
  mkdir -p "$2" && echo '{}' >"$2/report.json"
fi
exit "$code"
`;

describe("docs/ci.sh", () => {
  let folder = "";
  const lab = (): string => join(folder, "lab");
  const work = (): string => join(folder, "work");
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "ci-test-")));
    for (const name of ["bin", "work", "lab/docs", "lab/node_modules"])
      mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, "bin", "npm"), npm, { mode: 0o755 });
    copyFileSync(join(projectRoot, "docs", "ci.sh"), join(lab(), "docs", "ci.sh"));
    writeFileSync(join(lab(), "node_modules", ".package-lock.json"), "{}");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** What npm was called with, each with the folder that it was called in. */
  const calls = (): { readonly at: string; readonly words: readonly string[] }[] =>
    (existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8") : "")
      .split("\0\n")
      .slice(0, -1)
      .map((line) => line.split("\0"))
      .map(([at = "", ...words]) => ({ at, words }));
  const names = (): (string | undefined)[] => calls().map(({ words: [name] }) => name);
  const execWords = (): readonly string[] =>
    calls()
      .find(({ words: [name] }) => name === "exec")
      ?.words.slice(2) ?? [];

  interface Started {
    readonly child: ChildProcess;
    readonly said: () => string;
    readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  }

  const start = (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    script = join(lab(), "docs", "ci.sh"),
  ): Started => {
    const path = [join(folder, "bin"), process.env.PATH].join(delimiter);
    const child = spawn("bash", [script, ...args], {
      cwd: work(),
      env: { HOME: folder, CALLS: join(folder, "calls"), ...env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => (said[name] += text));
    const ended = new Promise<Awaited<Started["ended"]>>((resolve) => {
      child.on("close", (code) => {
        resolve({ code, ...said });
      });
    });
    return { child, said: () => said.stdout, ended };
  };
  const run = (...args: Parameters<typeof start>): Started["ended"] => start(...args).ended;

  it("brings the lab up, runs the command, and takes the lab away", async () => {
    const { code } = await run(["report", "curl", "-6", "http://a.test/"]);
    const [report, stack] = [join(work(), "report"), ["--", "--stack", "dev"]];
    expect({ code, calls: calls().map(({ words }) => words) }).toEqual({
      code: 0,
      calls: [
        ["up", ...stack],
        [
          ...["exec", "--", "--timeout", "600", ...stack.slice(1), "--report", report, "--verdict-code"],
          ...["--", "curl", "-6", "http://a.test/"],
        ],
        ["destroy", ...stack],
      ],
    });
  });

  describe("ends with the verdict's code", () => {
    it.each([0, 1, 2, 3])("%d", async (code) => {
      expect((await run(["report", "true"], { EXEC: String(code) })).code).toBe(code);
      expect(names()).toEqual(["up", "exec", "destroy"]);
    });

    it.each([0, 1, 3])("%d where the lab cannot be taken away, and says that", async (code) => {
      const end = await run(["report", "true"], { EXEC: String(code), DESTROY: "7" });
      expect(end.code).toBe(code);
      expect(end.stderr).toContain(
        "the lab could not be taken away (destroy ended with 7): npm run destroy -- --stack",
      );
    });
  });

  describe("ends with 2, for nothing is told,", () => {
    it("without arguments, with words of help", async () => {
      const { code, stderr } = await run([]);
      expect(code).toBe(2);
      expect(stderr).toContain("Usage: docs/ci.sh FOLDER [OPTION…] [--] COMMAND…");
      expect(names()).toEqual([]);
    });

    it("without a command", async () => {
      const { code, stderr } = await run(["report"]);
      expect({ code, names: names() }).toEqual({ code: 2, names: [] });
      expect(stderr).toContain("which command?");
    });

    it("where the lab's packages cannot be had", async () => {
      rmSync(join(lab(), "node_modules"), { recursive: true });
      const { code, stderr } = await run(["report", "true"], { CI: "1" });
      expect({ code, names: names() }).toEqual({ code: 2, names: ["ci"] });
      expect(stderr).toContain("npm ci ended with 1: nothing was run.");
    });

    it("where the lab does not come up, and takes away what there is of it", async () => {
      const { code, stderr } = await run(["report", "true"], { UP: "1", DESTROY: "1" });
      expect({ code, names: names() }).toEqual({ code: 2, names: ["up", "destroy"] });
      expect(stderr).toContain("there is no lab (up ended with 1): nothing was run.");
    });

    it.each(["1", "0", "137"])("where exec ends with %s and left no report", async (code) => {
      const end = await run(["report", "true"], { EXEC: code, NO_REPORT: "yes" });
      expect({ code: end.code, names: names() }).toEqual({ code: 2, names: ["up", "exec", "destroy"] });
      expect(end.stderr).toContain(`exec ended with ${code} and left no verdict.`);
    });

    it("where the report's folder is not to be had", async () => {
      writeFileSync(join(work(), "file"), "");
      mkdirSync(join(work(), "report", "report.txt"), { recursive: true });
      expect((await run(["report", "true"])).code).toBe(2);
      expect(names()).toEqual([]);
    });
  });

  it("is of its own checkout, wherever and by whatever link it is called; the report's folder is the caller's", async () => {
    rmSync(join(lab(), "node_modules"), { recursive: true });
    symlinkSync("../lab/docs/ci.sh", join(work(), "link"));
    await run(["out/report", "true"], {}, "../lab/docs/ci.sh");
    await run(["out/report", "true"], {}, "./link");
    expect(new Set(calls().map(({ at }) => at))).toEqual(new Set([lab()]));
    expect(names().slice(0, 4)).toEqual(["ci", "up", "exec", "destroy"]);
    expect(execWords()).toContain(join(work(), "out/report"));
    expect(existsSync(join(work(), "out/report/report.json"))).toBe(true);
  });

  it("leaves nothing of a run before", async () => {
    mkdirSync(join(work(), "report"));
    for (const name of ["report.txt", "report.json", "report.html", "junit.xml"])
      writeFileSync(join(work(), "report", name), "old");
    await run(["report", "true"], { UP: "1" });
    expect(existsSync(join(work(), "report", "report.json"))).toBe(false);
  });

  describe("a signal to it alone", () => {
    const interrupted = async (signal: "SIGTERM" | "SIGINT" | "SIGHUP", hang: string, again = 0) => {
      const { child, said, ended } = start(["report", "true"], { HANG: hang, EXEC: "0" });
      while (!said().includes(`${hang} hangs`)) await pause(20);
      child.kill(signal);
      for (let times = 0; times < again; times += 1) {
        await pause(100);
        child.kill(signal);
      }
      return ended;
    };

    it.each([
      ["SIGTERM", "up", 143],
      ["SIGINT", "up", 130],
      ["SIGHUP", "exec", 129],
      ["SIGTERM", "exec", 143],
    ] as const)("%s ends %s, and takes the lab away when that has ended", async (signal, hang, code) => {
      const started = performance.now();
      expect((await interrupted(signal, hang)).code).toBe(code);
      expect(names()).toEqual([...(hang === "up" ? ["up"] : ["up", "exec"]), `${hang} got SIGTERM`, "destroy"]);
      expect(performance.now() - started).toBeLessThan(20_000);
    });

    it("ends it before there is a lab", async () => {
      rmSync(join(lab(), "node_modules"), { recursive: true });
      expect((await interrupted("SIGTERM", "ci")).code).toBe(143);
      expect(names()).toEqual(["ci", "ci got SIGTERM"]);
    });

    it("does not keep the lab where it comes again and again", async () => {
      expect((await interrupted("SIGTERM", "exec", 5)).code).toBe(143);
      expect(names().at(-1)).toBe("destroy");
    });

    it("takes the lab away where nobody reads any more what is said", async () => {
      const { child, said, ended } = start(["report", "true"], { HANG: "up" });
      while (!said().includes("up hangs")) await pause(20);
      child.stderr?.destroy();
      child.stdout?.destroy();
      child.kill("SIGTERM");
      expect((await ended).code).toBe(143);
      expect(names()).toEqual(["up", "up got SIGTERM", "destroy"]);
    });
  });

  describe("options", () => {
    it("choose what runs where, and paths are the caller's", async () => {
      mkdirSync(join(work(), "two words"));
      writeFileSync(join(work(), "two words", "file"), "");
      symlinkSync("two words/file", join(work(), "my-program"));
      const { code } = await run(
        [
          ...["report", "--stack", "scenarios", "--put", "my-program", "--put", "./two words/"],
          ...["--client", "phone", "--network", "nat64,strict", "--prepare", "sudo apt-get update", "--timeout", "60"],
          ...["--confirm", "--listen", "80", "--", "./my-program", "--stack", "other", "--", "-x"],
        ],
        { LAB_STACK: "dev", LAB_NETWORKS: "v4" },
      );
      expect(code).toBe(0);
      const stack = ["--stack", "scenarios"];
      expect(calls().map(({ words: [name, , ...words] }) => [name, ...words])).toEqual([
        ["up", ...stack],
        ["ssh", ...stack, "phone", "sudo apt-get update"],
        [
          ...["exec", "--timeout", "600", "--network", "v4"],
          ...["--put", join(work(), "my-program"), "--put", `${work()}/./two words/`],
          ...["--network", "nat64,strict", "--timeout", "60", "--confirm", "--listen", "80", "--client", "phone"],
          ...[...stack, "--report", join(work(), "report"), "--verdict-code"],
          ...["--", "./my-program", "--stack", "other", "--", "-x"],
        ],
        ["destroy", ...stack],
      ]);
    });

    it("end at the first word that is none", async () => {
      await run(["report", "--confirm", "curl", "--put", "x"]);
      expect(execWords().slice(-4)).toEqual(["--", "curl", "--put", "x"]);
    });

    it.each([
      ["fail", 3],
      ["pass", 0],
    ])("--remarks %s makes 3 to %d", async (remarks, code) => {
      expect((await run(["report", "--remarks", remarks, "true"], { EXEC: "3" })).code).toBe(code);
      expect((await run(["report", "--remarks", remarks, "true"], { EXEC: "1" })).code).toBe(1);
    });

    it("a client that is prepared is the one that the command runs on", async () => {
      await run(["report", "--prepare", "true", "true"]);
      expect(calls()[1]?.words).toEqual(["ssh", "--", "--stack", "dev", "client-1", "true"]);
      expect(execWords().join(" ")).toContain("--client client-1 ");
    });

    it("what cannot be prepared is not run", async () => {
      const { code, stderr } = await run(["report", "--prepare", "false", "true"], { SSH: "1" });
      expect({ code, names: names() }).toEqual({ code: 2, names: ["up", "ssh", "destroy"] });
      expect(stderr).toContain("--prepare ended with 1: the command was not run.");
    });

    it.each([
      [["--put", "nowhere/file", "true"], "--put nowhere/file: there is no such file here."],
      [["--put"], "--put takes a value."],
      [["--remarks", "maybe", "true"], "--remarks takes pass or fail."],
      [["--verdict", "true"], "--verdict is none of the options."],
      [["-s", "dev", "true"], "-s is none of the options."],
    ])("%j: nothing is done, 2, and why", async (args, words) => {
      const { code, stderr } = await run(["report", ...args]);
      expect({ code, names: names() }).toEqual({ code: 2, names: [] });
      expect(stderr).toContain(words);
    });

    it("--help tells all of them, and docs/ci.md what they are in place of an input", async () => {
      const { code, stdout } = await run(["--help"]);
      expect(code).toBe(0);
      const told = [...new Set(stdout.match(/--[a-z][\w-]+/g))].filter((name) => name !== "--help").sort();
      const script = readFileSync(join(projectRoot, "docs", "ci.sh"), "utf8");
      const taken = [...script.matchAll(/^ {4}(--\w[^)]*)\) (?:;;|handed)/gm)].flatMap(([, each = ""]) =>
        each.split(" | "),
      );
      expect(taken.sort()).toEqual(told);
      const page = readFileSync(join(projectRoot, "docs", "ci.md"), "utf8");
      expect(told.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
      // The others are the script's own, or name files of the lab's checkout.
      const own = ["--stack", "--prepare", "--remarks"];
      const left = ["get", "json", "junit", "html", "report", "trace", "verdict-code"];
      const all = Object.keys(exec.options).filter((name) => !left.includes(name));
      expect(told.filter((name) => !own.includes(name))).toEqual(all.map((name) => `--${name}`).sort());
    });
  });
});
