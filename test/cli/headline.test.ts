import { escaped, headlineOf } from "../../cli/headline";
import { reportJson } from "../../exec/report/json";
import { reportText } from "../../exec/report/text";
import { judge, type Verdict } from "../../exec/verdict";
import { recorded } from "../exec/recorded";

const run = recorded("python-a-only", { command: ["bash", "-c", "true\nFAILS  by itself"] });
const finding = { cause: "not-for-want-of-ipv4", confidence: "probable", words: "It.", process: 0 } as const;
const verdicts: readonly Verdict[] = [
  judge(run),
  { kind: "cause", finding: { ...finding, line: undefined }, remarks: [] },
  { kind: "cannot-tell", words: "It was ended by SIGKILL.", remarks: [] },
  { kind: "not-run", words: "x is not on client-1." },
];
const json = (verdict: Verdict): unknown => JSON.parse(JSON.stringify(reportJson(run, verdict)));

it.each(verdicts.map((verdict) => [headlineOf(json(verdict)), verdict] as const))(
  "%s: that is the text report's line, whatever the command says",
  (line, verdict) => {
    // Behind the heading, in which the command is.
    expect(reportText(run, verdict).split("client-1\n")[1]?.split("\n")[0]).toBe(line);
  },
);

it("of several networks one with a cause is told, else one that does not work", () => {
  const [cause, , untold] = verdicts.map(json);
  const works = json({ kind: "works", words: "", remarks: [] });
  expect(headlineOf([works, untold, cause])).toMatch(/^FAILS {2}it asks for IPv4 addresses only/);
  expect(headlineOf([works, untold])).toMatch(/^I CANNOT TELL/);
  expect(headlineOf([works])).toBe("WORKS");
});

it("a message for GitHub is one line", () => {
  expect(escaped("100%\r\n::error::x")).toBe("100%25%0D%0A::error::x");
});
