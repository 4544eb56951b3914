/** Small helpers for the text that daemons read: lines in, text with a final newline out. */

/** The head of every rendered file, as comment lines of the given kind (`#` or `//`). */
export function banner(comment: "#" | "//"): string {
  return `${comment} Laid down by ipv6-only-lab; the next update of the stack overwrites changes made here.`;
}

/** Joins lines and ends the text with a newline. An `undefined` or `false` is a line that is not there. */
export function lines(...parts: readonly (string | undefined | false)[]): string {
  return parts
    .filter((part) => part !== undefined && part !== false)
    .map((part) => `${part}\n`)
    .join("");
}

/** Puts `by` in front of every line that has something on it. */
export function indent(by: string, text: string): string {
  return text.replace(/^(?=.)/gm, by).replace(/\n$/, "");
}
