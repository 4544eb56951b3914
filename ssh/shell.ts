/** One word for a POSIX shell (XCU 2.2.2: nothing is special between single quotes but the quote itself). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
