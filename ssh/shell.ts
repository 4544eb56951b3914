/**
 * A command line that runs a script. The script comes first on standard input, since the command line is what is shown
 * when something fails; what follows it there is left to the script. What it starts is loaded at the same addresses each
 * time (setarch(8)), which an emulated machine does in half the time.
 * @param words the script's arguments.
 */
export function scriptCommand(script: string, ...words: readonly string[]): string {
  const args = words.length === 0 ? [] : ["script", ...words];
  const command = `setarch --addr-no-randomize bash -c 'eval "$(head -c ${Buffer.byteLength(script)})"'`;
  return [command, ...args.map(shellQuote)].join(" ");
}

/** The same as root. */
export function rootCommand(script: string, ...words: readonly string[]): string {
  return `sudo -n -- ${scriptCommand(script, ...words)}`;
}

/** One word for a POSIX shell (XCU 2.2.2: nothing is special between single quotes but the quote itself). */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
