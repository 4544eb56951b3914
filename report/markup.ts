/** Marked-up text that is safe by the way it is made: whatever is put into it is escaped, unless it is markup itself. */

/** Text that holds tags of our own, and everything else escaped. */
export class Markup {
  constructor(private readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type Insert = string | number | Markup | undefined | readonly Insert[];

/** A tagged template. Lists are joined, and what is undefined leaves nothing. */
export function markup(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Markup {
  return new Markup(parts.map((part, index) => `${index === 0 ? "" : written(inserts[index - 1])}${part}`).join(""));
}

function written(insert: Insert): string {
  if (insert === undefined) return "";
  if (insert instanceof Markup) return insert.toString();
  if (typeof insert === "string" || typeof insert === "number") return escapeMarkup(String(insert));
  return insert.map(written).join("");
}

/** For HTML, SVG and XML alike. What is no character of XML 1.0 (section 2.2) cannot be written in any way. */
export function escapeMarkup(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text
    .replace(/[&<>"']/g, (mark) => marks[mark] ?? mark)
    .replace(/[^\n\t\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
