/** docs/exec.md tells every option of exec, and none that is not there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { options, usage } from "../../cli/commands/exec";
import { projectRoot } from "../../host/paths";

const names = (text: string): string[] => [
  ...new Set([...text.matchAll(/--([a-z0-9][\w-]*)/g)].map(([, name = ""]) => name)),
];
const table = readFileSync(join(projectRoot, "docs", "exec.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `--"))
  .map((line) => line.split("|")[1] ?? "")
  .join("\n");

it("the options in the page's table and in the usage are those that are parsed", () => {
  const known = Object.keys(options).sort();
  expect(names(table).sort()).toEqual(known);
  expect(names(usage.replace(/^.*\n/, "")).sort()).toEqual(known);
});
