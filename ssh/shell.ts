/**
 * A command line that runs a script as root. The script comes first on standard input, since the command line is what is
 * shown when something fails; what follows it there is left to the script.
 */
export function rootCommand(script: string): string {
  return `sudo -n -- bash -c 'eval "$(head -c ${Buffer.byteLength(script)})"'`;
}

/** One word for a POSIX shell (XCU 2.2.2: nothing is special between single quotes but the quote itself). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
