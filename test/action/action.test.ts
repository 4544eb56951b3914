/** action.yml: what it says of itself holds together, and its steps do what a runner's job needs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { allParts, missingPackages } from "../../cli/system-packages";
import { projectRoot } from "../../host/paths";
import { action, readOutput, runAction, type Step, type StepEnd } from "./runner";

const steps = action.runs.steps;
const scripts = steps.flatMap((step) => ("run" in step ? [[step.name, step.run] as const] : []));
const step = (name: string): Step => steps.find((each) => each.name === name) ?? fail(name);
const fail = (name: string): never => {
  throw new Error(`There is no step ${name}.`);
};

describe("what it says of itself", () => {
  const text = readFileSync(join(projectRoot, "action.yml"), "utf8");
  const used = (pattern: RegExp): Set<string> => new Set([...text.matchAll(pattern)].map(([, name = ""]) => name));

  it("every input is used, and every one that is used is declared", () => {
    expect(used(/\binputs\.([\w-]+)/g)).toEqual(new Set(Object.keys(action.inputs)));
  });

  it("every output of a step that is read is one that this step, or the cache's, writes", () => {
    const read = new Set(
      [...text.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)].map(([, id, name]) => `${id} ${name}`),
    );
    const keys = ["folder", "toolchain", "image", "templates"].map((name) => `keys ${name}`);
    const written = steps.flatMap((each) =>
      "run" in each
        ? [...each.run.matchAll(/["\s]([\w-]+)=\$\w+"/g)].map(([, name]) => `${each.id ?? ""} ${name}`)
        : [],
    );
    const caches = steps.flatMap((each) => ("uses" in each && each.id !== undefined ? [`${each.id} cache-hit`] : []));
    expect([...read].filter((each) => ![...written, ...keys, ...caches].includes(each))).toEqual([]);
  });

  it("no script holds an expression: what a caller writes never becomes part of one", () => {
    expect(scripts.filter(([, script]) => script.includes("${{"))).toEqual([]);
  });

  it("others' actions are GitHub's own, by a major version", () => {
    const names = steps.flatMap((each) => ("uses" in each ? [each.uses] : []));
    expect(names.filter((name) => !/^actions\/[\w/-]+@v\d+$/.test(name))).toEqual([]);
  });

  it.each([
    ["Restore the tool chain", "Save the tool chain"],
    ["Restore the guests' image", "Save the guests' image"],
  ])("%s and %s mean the same", (restore, save) => {
    const given = (name: string): unknown => {
      const { key, path } = z.object({ with: z.object({ key: z.string(), path: z.string() }) }).parse(step(name)).with;
      return { key, path };
    };
    expect(given(save)).toEqual(given(restore));
  });

  it("it installs what the lab lacks on a bare machine, for root and for others", () => {
    const [, script = ""] = scripts.find(([name]) => name.startsWith("Install what the lab needs")) ?? [];
    for (const root of [true, false]) {
      for (const architecture of ["x64", "arm64"] as const) {
        const bare = { system: "linux", architecture, root, has: () => false } as const;
        const { packages } = missingPackages(bare, allParts);
        expect(packages.filter((name) => !new RegExp(`[( =]${name}[; )\n]`).test(script))).toEqual([]);
      }
    }
  });

  it("the oldest Node.js that it takes is the one of package.json", () => {
    const { engines } = z
      .object({ engines: z.object({ node: z.string() }) })
      .parse(JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")));
    expect(scripts.map(([, script]) => script).join("\n")).toContain(`oldest=v${engines.node.replace(">=", "")}\n`);
  });

  it("docs/ci.md has its inputs with their defaults, and its outputs", () => {
    const page = readFileSync(join(projectRoot, "docs", "ci.md"), "utf8");
    const rows = [...page.matchAll(/^\| `([\w-]+)`\s*\|(?: `?([^|`]*?)`?\s*\|)? /gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    const inputs = Object.entries(action.inputs).map(([name, { default: value }]) => [name, value ?? "required"]);
    expect(rows.filter(([, value]) => value !== undefined)).toEqual(
      inputs.map(([name, value]) => [name, value === "" ? "empty" : value]),
    );
    for (const name of Object.keys(action.outputs)) expect(page).toContain(`\`${name}\``);
  });

  const missing = spawnSync("shellcheck", ["--version"]).error !== undefined;
  (missing ? it.skip : it).each(scripts)("shellcheck finds nothing to say about: %s", (_name, script) => {
    const { stdout } = spawnSync("shellcheck", ["-"], {
      input: `#!/bin/bash\nset -eo pipefail\n${script}`,
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});

it("outputs are read as a runner reads them", () => {
  expect(readOutput("a=1\nb-c=x=y\nd<<END\none\ntwo\nEND\ne=\n")).toEqual({
    a: "1",
    "b-c": "x=y",
    d: "one\ntwo",
    e: "",
  });
});

/** A lab whose `npm run` writes down its arguments, and whose `exec` leaves the reports and ends as it is told. */
describe("its steps", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "action-test-"));
    mkdirSync(join(folder, "workspace"));
    mkdirSync(join(folder, "bin"));
    const npm = `#!/bin/bash
shift 2
printf '%s\\0' "$@" >>"$CALLS"; printf '\\n' >>"$CALLS"
[[ $1 != "$FAILS" ]] || exit 1
case $1 in
setup) printf '%s\\n' folder=/cache toolchain=t image=i templates=m ;;
exec)
  while [[ $1 != --report ]]; do shift; done
  [[ -z $JSON ]] || { mkdir -p "$2"; echo "$TEXT" >"$2/report.txt"; echo "$JSON" >"$2/report.json"; }
  exit "$CODE" ;;
esac
`;
    writeFileSync(join(folder, "bin", "npm"), npm, { mode: 0o755 });
    // Packages and KVM are this machine's matter.
    for (const name of ["dpkg", "setfacl"]) writeFileSync(join(folder, "bin", name), "#!/bin/sh\n", { mode: 0o755 });
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const stub = (name: string, script: string): void => {
    writeFileSync(join(folder, "bin", name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  };
  /** What `exec` leaves: of a verdict, reports. */
  const reports = (code: number) => {
    if (code === 2 || code > 3) return {};
    const verdict = code === 1 ? { kind: "cause", cause: "ipv4-literal", ...{ title, confidence: "certain" } } : works;
    return {
      TEXT: `── true · lan\n${code === 1 ? `FAILS  ${title} (certain)` : "WORKS"}`,
      JSON: JSON.stringify({ verdict }),
    };
  };
  const title = "it dials an IPv4 literal";
  const works = { kind: "works" };

  const go = async (
    code: number,
    inputs: Readonly<Record<string, string>>,
    environment: Readonly<Record<string, string>> = reports(code),
  ) => {
    const calls = join(folder, "calls");
    writeFileSync(calls, "");
    const path = [join(folder, "bin"), process.env.PATH].join(delimiter);
    const given = { PATH: path, CODE: String(code), CALLS: calls, FAILS: "", TEXT: "", JSON: "", ...environment };
    const end = await runAction(inputs, join(folder, "workspace"), given);
    const said = end.steps.map((each) => each.said).join("");
    const errors = [...said.matchAll(/^::error title=IPv6-only lab::(.*)$/gm)].map(([, words]) => words);
    const called = readFileSync(calls, "utf8")
      .split("\0\n")
      .slice(0, -1)
      .map((line) => line.split("\0"));
    const outcome = (name: string): string | undefined => end.steps.find((each) => each.name === name)?.outcome;
    return { ...end, called, outcome, errors };
  };

  it("bring the lab up, run the command, keep the report and take the lab away", async () => {
    const { called, passed, outputs, outcome } = await go(0, { command: "curl http://a.test/" });
    expect(called.map(([name]) => name)).toEqual(["setup", "up", "exec", "destroy"]);
    expect({ passed, outputs }).toEqual({
      passed: true,
      outputs: { verdict: "works", "exit-code": "0", report: join(folder, "workspace", "ipv6-only-lab-report") },
    });
    expect(outcome("Keep the report")).toBe("someone else's");
    expect(outcome("Set Node.js up")).toBe("skipped");
  });

  it.each([
    [1, "fails", "failure", 1],
    [2, "untold", "failure", 2],
    [3, "remarks", "success", 3],
    [139, "untold", "failure", 2],
  ])("end when exec does with %d: %s, %s, %d; the lab goes and the report stays", async (code, verdict, end, told) => {
    const { called, outputs, outcome, steps: ends } = await go(code, { command: "true" });
    expect(outcome("Run the command on the client")).toBe(end);
    expect(outputs).toMatchObject({ verdict, "exit-code": String(told) });
    expect(called.at(-1)).toEqual(["destroy", "--", "--stack", "dev"]);
    expect(outcome("Keep the report")).toBe("someone else's");
    expect(ends.find(({ name }) => name === "Run the command on the client")?.code).toBe(end === "success" ? 0 : told);
  });

  it.each([0, 1, 3])("tell nothing where exec, npm or Node.js ends with %d and leaves no report", async (code) => {
    const { outputs, passed, errors } = await go(code, { command: "true" }, {});
    expect(outputs).toMatchObject({ verdict: "untold", "exit-code": "2" });
    expect({ passed, errors }).toEqual({ passed: false, errors: ["There is no report: the step's log says why."] });
  });

  it("remarks fail the job where they are to", async () => {
    expect((await go(3, { command: "true", remarks: "fail" })).passed).toBe(false);
  });

  it("show nothing of a run before when this one left no report", async () => {
    const stale = join(folder, "workspace", "ipv6-only-lab-report");
    mkdirSync(stale, { recursive: true });
    for (const name of ["report.txt", "report.json", "report.html", "junit.xml"])
      writeFileSync(join(stale, name), "FAILS  old");
    const { summary, steps: ends } = await go(2, { command: "true" });
    expect(summary).not.toContain("old");
    expect(ends.map(({ said }) => said).join("")).not.toContain("FAILS  old");
    expect(readdirSync(stale)).toEqual([]);
  });

  it("say why it fails, on the run's page and beside the code", async () => {
    const { summary, errors } = await go(1, { command: "true" });
    expect(summary).toContain("### IPv6-only lab: fails\n");
    expect(errors).toEqual(["FAILS  it dials an IPv4 literal (certain)"]);
  });

  it("take no line of the command for the reason or the end of the report", async () => {
    const command = "cat <<'END'\nFAILS  it is somebody else's fault\n```\n<h1>WORKS</h1>\n`````\nEND\nfalse";
    const environment = { TEXT: `── bash -c ${command} · lan\nFAILS  ${title} (certain)`, JSON: reports(1).JSON ?? "" };
    const { summary, errors } = await go(1, { command }, environment);
    expect(errors).toEqual(["FAILS  it dials an IPv4 literal (certain)"]);
    const fence = "``````";
    expect(summary).toBe(`### IPv6-only lab: fails\n${fence}\n${environment.TEXT}\n${fence}\n`);
  });

  it("pass the command on as one word, whatever is in it", async () => {
    const command = `echo "$HOME" '; exit 1'\n$(touch here) && :`;
    const { called } = await go(0, { command });
    expect(called.find(([name]) => name === "exec")?.slice(-2)).toEqual(["-c", command]);
    expect(existsSync(join(folder, "workspace", "here"))).toBe(false);
  });

  it("take files from the workspace, several networks, and a stack of the caller's own", async () => {
    const workspace = join(folder, "workspace");
    for (const name of ["one", "two words"]) writeFileSync(join(workspace, name), "");
    writeFileSync(join(workspace, "lab.yaml"), "config: {}\n");
    const own = join(projectRoot, "Pulumi.ci.yaml");
    const { called, passed } = await go(0, {
      ...{ command: "true", put: "one\n\ntwo words\n", networks: "nat64,strict", config: "lab.yaml", stack: "dev" },
    });
    const [, , ...words] = called.find(([name]) => name === "exec") ?? [];
    expect(words).toEqual([
      ...["--stack", "ci", "--client", "client-1", "--timeout", "600"],
      ...["--report", join(workspace, "ipv6-only-lab-report"), "--verdict-code", "--network", "nat64,strict"],
      ...["--put", join(workspace, "one"), "--put", join(workspace, "two words")],
      ...["--", "bash", "-eo", "pipefail", "-c", "true"],
    ]);
    expect({ passed, left: existsSync(own) }).toEqual({ passed: true, left: false });
  });

  it("take a link by its own name", async () => {
    const workspace = join(folder, "workspace");
    writeFileSync(join(workspace, "program-1.2"), "");
    symlinkSync("program-1.2", join(workspace, "program"));
    const { called } = await go(0, { command: "./program", put: "program" });
    expect(called.find(([name]) => name === "exec")?.join(" ")).toContain(`--put ${join(workspace, "program")} --`);
  });

  describe("tell nothing, 2, and say why", () => {
    const untold = { verdict: "untold", "exit-code": "2", report: "" };
    const own = join(projectRoot, "Pulumi.ci.yaml");
    beforeEach(() => {
      writeFileSync(join(folder, "workspace", "lab.yaml"), "config: {}\n");
    });
    const codes = ({ steps: ends }: { readonly steps: readonly StepEnd[] }) =>
      ends.filter(({ outcome }) => outcome === "failure").map(({ code }) => code);

    it.each(["nowhere", "nowhere/file"])(
      "where %s is to be put and is not there: before the lab comes up",
      async (put) => {
        const end = await go(0, { command: "true", put: `lab.yaml\n${put}`, config: "lab.yaml" });
        expect({ outputs: end.outputs, codes: codes(end), called: end.called }).toEqual({
          ...{ outputs: untold, codes: [2], called: [] },
        });
        expect(end.errors).toEqual([`put: there is no ${put} in the workspace.`]);
        expect(existsSync(own)).toBe(false);
      },
    );

    it("where the stack file is not there", async () => {
      const end = await go(0, { command: "true", config: "other.yaml" });
      expect({ outputs: end.outputs, codes: codes(end), called: end.called }).toEqual({
        ...{ outputs: untold, codes: [2], called: [] },
      });
      expect(end.errors).toEqual(["config: there is no such file in the workspace."]);
    });

    it.each([
      ["without sudo", "echo 'sudo: command not found' >&2; exit 127"],
      ["with a sudo that wants a password", "echo 'sudo: a password is required' >&2; exit 1"],
    ])("to a user %s, with the one command, and no stack file is left", async (_who, sudo) => {
      stub("id", "[[ $* == -u ]] && echo 1000 || echo somebody");
      stub("dpkg", "[[ $2 != uidmap && $2 != qemu-utils ]]");
      stub("sudo", sudo);
      const end = await go(0, { command: "true", config: "lab.yaml" });
      expect({ outputs: end.outputs, codes: codes(end), called: end.called }).toEqual({
        ...{ outputs: untold, codes: [2], called: [] },
      });
      expect(end.errors).toEqual([
        "This runner lacks qemu-utils uidmap. As root: apt-get update && apt-get install --yes --no-install-recommends qemu-utils uidmap",
      ]);
      expect(existsSync(own)).toBe(false);
    });

    it.each([
      ["setup", "The stack cannot be read: the step's log says why.", ["setup"]],
      ["up", "There is no lab to run the command in: the step's log says why.", ["setup", "up", "destroy"]],
      ["ssh", "prepare ended with 1: the command was not run.", ["setup", "up", "ssh", "destroy"]],
    ])("where %s fails", async (fails, words, names) => {
      const end = await go(0, { command: "true", prepare: "true", config: "lab.yaml" }, { FAILS: fails });
      expect({ outputs: end.outputs, codes: codes(end), errors: end.errors }).toEqual({
        ...{ outputs: untold, codes: [2], errors: [words] },
      });
      expect(end.called.map(([name]) => name)).toEqual(names);
      expect(existsSync(own)).toBe(false);
    });
  });

  it("keep the stack file of a lab that could not be taken away: that needs it", async () => {
    const own = join(projectRoot, "Pulumi.ci.yaml");
    writeFileSync(join(folder, "workspace", "lab.yaml"), "config: {}\n");
    try {
      const { outputs } = await go(0, { command: "true", config: "lab.yaml" }, { ...reports(0), FAILS: "destroy" });
      expect({ verdict: outputs.verdict, left: existsSync(own) }).toEqual({ verdict: "works", left: true });
    } finally {
      rmSync(own, { force: true });
    }
  });
});
