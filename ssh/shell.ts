/**
 * A command line that runs a script. The script comes first on standard input, since the command line is what is shown
 * when something fails; what follows it there is left to the script. What it starts is loaded at the same addresses each
 * time (setarch(8)), which an emulated machine does in half the time.
 */
export function scriptCommand(script: string): string {
  return `setarch --addr-no-randomize bash -c 'eval "$(head -c ${Buffer.byteLength(script)})"'`;
}

/** The same as root. */
export function rootCommand(script: string): string {
  return `sudo -n -- ${scriptCommand(script)}`;
}

/** One word for a POSIX shell (XCU 2.2.2: nothing is special between single quotes but the quote itself). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
