import { createHash } from "node:crypto";
import { DOMParser } from "@xmldom/xmldom";
import * as fc from "fast-check";
import { junitXml, type JunitProblem } from "../../report/junit";
import { escapeMarkup, markup, type Markup } from "../../report/markup";
import { pageHtml } from "../../report/page";

const anyText = fc.string({
  unit: fc.oneof(fc.string({ unit: "binary", maxLength: 2 }), fc.constantFrom("<", "&", '"', "'", ">", "]]>")),
});

/** What an XML parser reads. It throws for what is not well-formed. */
function parsed(text: string) {
  const onError = (level: string, message: string): void => {
    // It warns of the character that stands for others.
    if (level !== "warning") throw new Error(message);
  };
  const root = new DOMParser({ onError }).parseFromString(text, "text/xml").documentElement;
  if (root === null) throw new Error("The document has a root.");
  return root;
}

/** As a parser must see it: no control characters, no halves of characters, and line ends as XML has them. */
function readable(text: string): string {
  return text.replace(/[^\n\t\u0020-\uFFFD]/g, "\uFFFD");
}

describe("markup", () => {
  it("escapes whatever is put into it, wherever that stands", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const root = parsed(String(markup`<a b="${text}">${[text]}</a>`));
        expect(root.textContent).toBe(readable(text));
        expect(root.childNodes.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("leaves markup as it is, and nothing of what is undefined", () => {
    const inner: Markup = markup`<b>${1}</b>`;
    expect(String(markup`<p>${inner}${undefined}${[inner, "<"]}</p>`)).toBe("<p><b>1</b><b>1</b>&lt;</p>");
  });

  it("knows no control characters and no halves of characters", () => {
    expect(escapeMarkup("\ud83d \ud83d\ude00 \ude00")).toBe("\uFFFD \ud83d\ude00 \uFFFD");
    expect(escapeMarkup('<a b="c">&\u0001')).toBe("&lt;a b=&quot;c&quot;&gt;&amp;\uFFFD");
  });
});

describe("JUnit's XML", () => {
  const problem = fc.option(
    fc.record({
      kind: fc.constantFrom<JunitProblem["kind"]>("failure", "error", "skipped"),
      message: anyText,
      text: anyText,
    }),
    { nil: undefined },
  );
  const suite = fc.record({
    name: anyText,
    cases: fc.array(
      fc.record({ classname: anyText, name: anyText, problem, output: fc.option(anyText, { nil: undefined }) }),
    ),
  });

  it("is well-formed and counts what is in it, whatever names and messages there are", () => {
    fc.assert(
      fc.property(anyText, fc.array(suite, { maxLength: 3 }), (name, suites) => {
        const root = parsed(junitXml(name, suites, new Date(0)));
        const of = (tag: string): number => root.getElementsByTagName(tag).length;
        const said = (attribute: string): number => Number(root.getAttribute(attribute));
        expect(of("testcase")).toBe(suites.flatMap(({ cases }) => cases).length);
        expect([said("tests"), said("failures"), said("errors"), said("skipped")]).toEqual(
          ["testcase", "failure", "error", "skipped"].map(of),
        );
      }),
    );
  });

  it("says when it was, and how long each case took", () => {
    const cases = [
      { classname: "c", name: "one", seconds: 1.5 },
      { classname: "c", name: "two", seconds: 0.25, problem: { kind: "failure", message: "m", text: "t" } as const },
    ];
    expect(junitXml("all", [{ name: "s", cases }], new Date("2026-11-25T15:00:00Z")))
      .toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="2" failures="1" errors="0" skipped="0" time="1.750">
  <testsuite name="s" tests="2" failures="1" errors="0" skipped="0" time="1.750" timestamp="2026-11-25T15:00:00">
    <testcase classname="c" name="one" time="1.500"></testcase>
    <testcase classname="c" name="two" time="0.250"><failure message="m">t</failure></testcase>
  </testsuite>
</testsuites>
`);
  });
});

describe("a page", () => {
  const page = pageHtml({ title: "</title><script>", body: markup`<p>here</p>`, foot: "<b>" });

  it("needs nothing else: no file, no other host", () => {
    expect(page).not.toMatch(/\b(?:src|href)=|@import|url\(|https?:/);
    expect(page).toContain("default-src &#39;none&#39;");
  });

  it("has one script, which its own policy names", () => {
    const [script = "", ...more] = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text ?? "");
    expect(more).toEqual([]);
    expect(page).toContain(`script-src &#39;sha256-${createHash("sha256").update(script).digest("base64")}&#39;`);
  });

  it("escapes its title and its last line", () => {
    expect(page).toContain("<title>&lt;/title&gt;&lt;script&gt;</title>");
    expect(page).toContain("<footer>&lt;b&gt;</footer>");
  });
});
