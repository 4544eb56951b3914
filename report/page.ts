/** One page that needs nothing else: no other file, no network, and a script only to unfold what a link leads to. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { markup, Markup } from "./markup";

/** What is said of a thing, and its colour: as it should be, not so, worth a look, or not known. */
export type State = "good" | "bad" | "warn" | "unknown";

export interface Page {
  /** Of the browser's tab. */
  readonly title: string;
  readonly body: Markup;
  /** The last line. */
  readonly foot: string;
}

export function pageHtml({ title, body, foot }: Page): string {
  // Nothing here is the lab's: both files are the project's own.
  const [style, script] = [ownFile("page.css"), ownFile("unfold.js")];
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${digestOf(script)}'`;
  return String(markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
<footer>${foot}</footer>
<script>${script}</script>
</body>
</html>
`);
}

function ownFile(name: string): Markup {
  return new Markup(readFileSync(join(__dirname, name), "utf8"));
}

function digestOf(script: Markup): string {
  return createHash("sha256").update(String(script)).digest("base64");
}

/** The verdict, which comes first. */
export function banner(state: State, verdict: string, words: string, more?: Markup): Markup {
  return markup`<div class="banner ${state}" role="status"><p class="verdict">${verdict}</p><p>${words}</p>${more}</div>`;
}

/** A word in the colour of its state. */
export function mark(state: State, word: string): Markup {
  return markup`<span class="mark ${state}">${word}</span>`;
}

/** A part of the page with a heading of its own. @param id where links lead to. @param state undefined: it has none. */
export function card(id: string, state: State | undefined, heading: Markup, content: Markup): Markup {
  return markup`<section id="${id}" class="card ${state}"><h2>${heading}</h2>${content}</section>`;
}

export interface Folded {
  /** Where links lead to: inside of it, which is what browsers unfold by themselves. */
  readonly id?: string;
  readonly open?: boolean;
  readonly summary: Markup;
  readonly content: Markup;
}

/** What is one click away. */
export function folded({ id, open = false, summary, content }: Folded): Markup {
  const anchor = id === undefined ? undefined : markup` id="${id}"`;
  return markup`<details${open ? markup` open` : undefined}><summary>${summary}</summary><div class="inside"${anchor}>${content}</div></details>`;
}

/** Words and what they stand for; what has none is left out. */
export function facts(rows: readonly (readonly [string, Markup | string | undefined])[]): Markup {
  const shown = rows.filter(([, value]) => value !== undefined && String(value) !== "");
  return markup`<dl>${shown.map(([word, value]) => markup`<div><dt>${word}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function code(text: string): Markup {
  return markup`<code>${text}</code>`;
}
