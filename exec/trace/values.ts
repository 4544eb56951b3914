/**
 * The arguments of a system call as strace prints them with `-xx -y`: every text in hexadecimal (so that no quote and
 * no bracket inside one can be mistaken), and every file descriptor with what it stands for, `3<socket:[4711]>`.
 */

export type Value =
  /** `cut`: strace left out the end of it. */
  | { readonly kind: "text"; readonly bytes: Buffer; readonly cut: boolean }
  /** A number, a name, flags, a pointer. `of`: what a file descriptor stands for. */
  | { readonly kind: "word"; readonly word: string; readonly of: string | undefined }
  | { readonly kind: "list"; readonly items: readonly Value[] }
  | { readonly kind: "struct"; readonly fields: ReadonlyMap<string, Value> }
  /** What a macro or a function of the C library makes of its arguments: `htons(80)`. */
  | { readonly kind: "made"; readonly by: string; readonly from: readonly Value[] };

/** Reads the arguments, without the brackets around them. What cannot be read is a word. */
export function readValues(text: string): Value[] {
  return new ValueReader(text).values(undefined);
}

/** What a file descriptor stands for, from `<…>` behind it. */
export function readAnnotation(text: string): string {
  return unescape(text).toString("latin1");
}

const hexEscape = /\\x([0-9a-f]{2})/g;
const onlyHexEscapes = /^(?:\\x[0-9a-f]{2})*$/;

function unescape(text: string): Buffer {
  // All that strace prints with `-xx`; a trace holds a million of them.
  if (onlyHexEscapes.test(text)) return Buffer.from(text.replaceAll("\\x", ""), "hex");
  return Buffer.from(
    text.replace(hexEscape, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    "latin1",
  );
}

class ValueReader {
  private at = 0;

  constructor(private readonly text: string) {}

  /** Values up to the closing bracket, or to the end. */
  values(close: string | undefined): Value[] {
    const items: Value[] = [];
    for (;;) {
      this.take(/(?:\s|,|\/\*.*?\*\/)*/y);
      if (this.at >= this.text.length) return items;
      if (close !== undefined && this.text[this.at] === close) {
        this.at += 1;
        return items;
      }
      items.push(this.value());
    }
  }

  private value(): Value {
    const value = this.one();
    // `[128 => 16]`: before the call, and after it.
    if (this.take(/\s*=>\s*/y) === undefined) return value;
    const after = this.one();
    if (value.kind !== "struct" || after.kind !== "struct") return after;
    // What is not told again is as it was.
    return { kind: "struct", fields: new Map([...value.fields, ...after.fields]) };
  }

  private one(): Value {
    const quoted = this.take(/@?"([^"]*)"(\.\.\.)?/y);
    if (quoted !== undefined) {
      return { kind: "text", bytes: unescape(quoted[1] ?? ""), cut: quoted[2] !== undefined };
    }
    if (this.take(/\[/y) !== undefined) return { kind: "list", items: this.values("]") };
    if (this.take(/\{/y) !== undefined) return this.struct();
    const made = this.take(/([A-Za-z_]\w*)\(/y);
    if (made !== undefined) return { kind: "made", by: made[1] ?? "", from: this.values(")") };
    // One character at least, whatever it is: this must come to an end.
    const word = this.take(/[^\s,()[\]{}"<>=]+/y)?.[0] ?? this.text[this.at++] ?? "";
    const of = this.take(/<([^<>]*)>/y)?.[1];
    return { kind: "word", word, of: of === undefined ? undefined : readAnnotation(of) };
  }

  private struct(): Value {
    const fields = new Map<string, Value>();
    for (;;) {
      this.take(/(?:\s|,|\/\*.*?\*\/)*/y);
      if (this.at >= this.text.length || this.take(/\}/y) !== undefined) return { kind: "struct", fields };
      const name = this.take(/([A-Za-z_]\w*)=(?!>)/y)?.[1];
      const value = this.value();
      fields.set(name ?? (value.kind === "made" ? value.by : String(fields.size)), value);
    }
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at += found[0].length;
    return found;
  }
}

export function wordOf(value: Value | undefined): string | undefined {
  return value?.kind === "word" ? value.word : undefined;
}

export function bytesOf(value: Value | undefined): Buffer | undefined {
  return value?.kind === "text" ? value.bytes : undefined;
}

export function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === "list" ? value.items : [];
}

export function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === "struct" ? value.fields.get(name) : undefined;
}

/** What a file descriptor stands for, as the kernel names it. */
export function openedOf(value: Value | undefined): string | undefined {
  return value?.kind === "word" ? value.of : undefined;
}

/** The kernel's number of the socket that a file descriptor stands for: the same in every process that has it. */
export function socketOf(value: Value | undefined): string | undefined {
  return value?.kind === "word" ? /^socket:\[(\d+)\]$/.exec(value.of ?? "")?.[1] : undefined;
}

export interface SocketAddress {
  readonly family: "inet" | "inet6";
  readonly address: string;
  readonly port: number;
}

/** An address of the network as bind(2), connect(2) and others take it. */
export function socketAddressOf(value: Value | undefined): SocketAddress | undefined {
  switch (wordOf(fieldOf(value, "sa_family"))) {
    case "AF_INET": {
      const text = madeText(fieldOf(value, "sin_addr"), 0);
      return text === undefined ? undefined : { family: "inet", address: text, port: madePort(value, "sin_port") };
    }
    case "AF_INET6": {
      const text = madeText(fieldOf(value, "inet_pton"), 1);
      return text === undefined ? undefined : { family: "inet6", address: text, port: madePort(value, "sin6_port") };
    }
    default:
      return undefined;
  }
}

/** The path of a socket in the file system (unix(7)). */
export function unixPathOf(value: Value | undefined): string | undefined {
  return bytesOf(fieldOf(value, "sun_path"))?.toString("latin1");
}

/** The group of an IPv4 membership (struct ip_mreq of ip(7)). */
export function groupOf(value: Value | undefined): string | undefined {
  return madeText(fieldOf(value, "imr_multiaddr"), 0);
}

function madeText(value: Value | undefined, index: number): string | undefined {
  return value?.kind === "made" ? bytesOf(value.from[index])?.toString("latin1") : undefined;
}

/** The port alone, which may be all that is known of an address. */
export function socketPortOf(value: Value | undefined): number {
  return madePort(value, "sin6_port") || madePort(value, "sin_port");
}

function madePort(value: Value | undefined, name: string): number {
  const made = fieldOf(value, name);
  return made?.kind === "made" ? Number(wordOf(made.from[0])) : 0;
}
