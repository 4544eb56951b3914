/** What `--help` tells of each command is what the command takes. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import * as exec from "../../cli/commands/exec";
import * as ssh from "../../cli/commands/ssh";
import { asksForHelp, helpText } from "../../cli/help";
import { projectRoot } from "../../host/paths";

const command = z.object({ help: z.string(), options: z.record(z.string(), z.unknown()).optional() });
const require = createRequire(__filename);
const commands = readdirSync(join(projectRoot, "cli", "commands"))
  .map((file) => file.replace(/\.ts$/, ""))
  // Its options are Pulumi's.
  .filter((name) => name !== "pulumi");

const names = (text: string): string[] => [
  ...new Set([...text.matchAll(/--([a-z0-9][\w-]*)/g)].map(([, name = ""]) => name)),
];
/** The lines of options, without the lines of usage before them and the exit codes behind. */
const listed = (help: string): string[] => names(help.split("\n\n").slice(2, 3).join("\n"));

describe("help", () => {
  it.each(commands)("of %s begins with how it is called, fits a terminal, and names pages that there are", (name) => {
    const { help } = command.parse(require(`../../cli/commands/${name}.ts`));
    expect(help).toMatch(new RegExp(`^npm (run )?${name} -- `));
    expect(help.split("\n").filter((line) => line.length > 100)).toEqual([]);
    const pages = help.match(/docs\/[\w.]+\w/g) ?? [];
    expect(pages.filter((page) => !existsSync(join(projectRoot, page)))).toEqual([]);
  });

  it.each(commands.filter((name) => command.parse(require(`../../cli/commands/${name}.ts`)).options !== undefined))(
    "of %s lists just what is parsed",
    (name) => {
      const { help, options = {} } = command.parse(require(`../../cli/commands/${name}.ts`));
      expect(listed(help).sort()).toEqual([...Object.keys(options), "stack"].sort());
    },
  );

  it("of exec is what its page's table lists", () => {
    const table = readFileSync(join(projectRoot, "docs", "exec.md"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `--"))
      .map((line) => line.split("|")[1] ?? "")
      .join("\n");
    expect(names(table).sort()).toEqual(Object.keys(exec.options).sort());
  });

  it("is all that happens when it is asked for", () => {
    const main = ["-r", "./host/typescript.cjs", "cli/main.ts"];
    const { status, stdout, stderr } = spawnSync("node", [...main, "destroy", "--stack", "nobody", "--help"], {
      cwd: projectRoot,
      encoding: "utf8",
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^npm run destroy -- .*\n\nTakes the lab/);
  });

  it("is where an option that nobody knows leads", () => {
    const main = ["-r", "./host/typescript.cjs", "cli/main.ts"];
    const { status, stderr } = spawnSync("node", [...main, "sessions", "--nope"], {
      cwd: projectRoot,
      encoding: "utf8",
    });
    expect(status).toBe(1);
    expect(stderr).toContain("'--nope'");
    expect(stderr).toContain("npm run sessions -- --help");
  });

  it("is a failure where it cannot be written, and not where nobody reads it to its end", () => {
    const main = "node -r ./host/typescript.cjs cli/main.ts";
    const inShell = (line: string) => spawnSync("bash", ["-c", line], { cwd: projectRoot, encoding: "utf8" });
    const unread = inShell(`${main} exec --help | true; echo "\${PIPESTATUS[0]}"`);
    expect({ stdout: unread.stdout, stderr: unread.stderr }).toEqual({ stdout: "0\n", stderr: "" });
    if (!existsSync("/dev/full")) return;
    const { status, stderr } = inShell(`${main} exec --help >/dev/full`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: not all could be written that was to be said: ENOSPC/);
  });

  it("is not asked for by what a program is given", () => {
    expect(asksForHelp(["client-1", "--help"])).toBe(true);
    expect(asksForHelp(["-h"])).toBe(true);
    expect(asksForHelp(["--", "--help"])).toBe(false);
    expect(exec.ownArguments(["--network", "all", "--json", "curl", "--help"])).toEqual(["--network", "all", "--json"]);
    expect(exec.ownArguments(["--json", "--", "--help"])).toEqual(["--json"]);
    expect(exec.ownArguments(["--help"])).toEqual(["--help"]);
    expect(ssh.ownArguments(["-s", "two", "client-1", "ls", "--help"])).toEqual(["-s", "two"]);
    expect(ssh.ownArguments(["--help"])).toEqual(["--help"]);
  });

  it("tells of a long option on the next line", () => {
    const long = "--an-option-that-is-longer WORDS AND MORE";
    const text = helpText({ usage: ["x"], about: "y", options: { "-a": "one", [long]: "two" } });
    expect(text).toBe(`x\n\ny\n\n  -a  one\n  ${long}\n      two`);
  });
});
