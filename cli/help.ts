/** What `npm run COMMAND -- --help` tells. */

export interface Help {
  /** How it is called: a line each. */
  readonly usage: readonly string[];
  /** What it does, in a few sentences. */
  readonly about: string;
  /** Each option as it is written, and what it does. */
  readonly options?: Readonly<Record<string, string>>;
  /** What it ends with, where that tells more than whether it worked. */
  readonly exitCodes?: string;
}

/** Of every command that is about one lab. */
export const stackOption = { "--stack NAME, -s NAME": "which lab; default: PULUMI_STACK, else dev" };

/** Of those whose other arguments are Pulumi's. */
export function pulumiOptions(operation: string): string {
  return `Everything else is passed on; npm run pulumi -- ${operation} --help tells what there is.`;
}

/** Columns of a terminal. */
const width = 100;
/** Columns of options; of a longer one it is told on the next line. */
const optionWidth = 32;

export function helpText({ usage, about, options = {}, exitCodes }: Help): string {
  const lengths = Object.keys(options).map((option) => option.length);
  const widest = Math.max(0, ...lengths.filter((length) => length <= optionWidth));
  const indent = " ".repeat(widest + 4);
  const rows = Object.entries(options).flatMap(([option, what]) => {
    const lines = wrapped(what, width - indent.length).map((line) => indent + line);
    if (option.length > widest) return [`  ${option}`, ...lines];
    return [`  ${option.padEnd(widest)}  ${(lines[0] ?? "").trimStart()}`, ...lines.slice(1)];
  });
  const parts = [
    usage.join("\n"),
    wrapped(about, width).join("\n"),
    rows.join("\n"),
    exitCodes === undefined ? "" : wrapped(`Exit codes: ${exitCodes}`, width).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Whether it is asked for; what follows `--` belongs to somebody else. */
export function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((argument) => argument === "--help" || argument === "-h");
}
