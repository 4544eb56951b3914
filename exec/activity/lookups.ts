/** Names that a program asks for: by DNS messages of its own, or of systemd-resolved by varlink. */
import { type DnsMessage, readDnsMessage } from "../dns";
import { DnsStream } from "./dns-stream";
import type { Message } from "./messages";
import type { Call } from "../trace/calls";
import { readAnswer, readQuestion } from "../varlink";
import type { Attempt, Lookup, Mutable, Seen } from "./facts";
import { returned } from "./outcomes";

/** A connection to systemd-resolved: texts that have not ended, and what is under way on it. */
export interface VarlinkTalk {
  sent: string;
  received: string;
  readonly open: Mutable<Lookup>[];
}

/** One socket may ask for several names with one number, each when the one before is answered. */
function questionKey(inode: string, { id, question: { name, type } }: DnsMessage): string {
  return `${inode} ${id} ${type} ${name}`;
}

export class LookupWatcher {
  private readonly lookups: Mutable<Lookup>[] = [];
  private readonly questions = new Map<string, Mutable<Lookup>>();
  /** By socket and direction: what TCP carries has no borders of its own. */
  private readonly streams = new Map<string, DnsStream>();

  /** @param seen where a call was seen. */
  constructor(private readonly seen: (call: Call) => Seen) {}

  /** In the order of time. */
  all(): Lookup[] {
    return this.lookups.sort((one, other) => one.at - other.at);
  }

  /** What was sent to a port 53. */
  question(call: Call, inode: string, { address, port, transport }: Attempt, sent: Message): void {
    if (port !== 53) return;
    for (const data of this.messages(`${inode} out`, transport, sent)) this.asksFor(call, inode, address, data);
  }

  private asksFor(call: Call, inode: string, address: string, data: Buffer): void {
    const message = readDnsMessage(data);
    if (message === undefined || message.isAnswer) return;
    const { name, type } = message.question;
    const key = questionKey(inode, message);
    // The same question once more, after no answer or a failure.
    if (this.questions.has(key)) return;
    const lookup = { ...this.seen(call), name, types: [type], server: address, overheard: false, answer: undefined };
    this.questions.set(key, lookup);
    this.lookups.push(lookup);
  }

  answered(call: Call, inode: string, attempt: Attempt | undefined, received: Message): void {
    if (attempt !== undefined && attempt.port !== 53) return;
    for (const data of this.messages(`${inode} in`, attempt?.transport ?? "udp", received)) {
      const message = readDnsMessage(data);
      if (message?.isAnswer !== true) continue;
      const lookup = this.questions.get(questionKey(inode, message));
      const { rcode, addresses, cut } = message;
      if (lookup !== undefined && (lookup.answer === undefined || lookup.answer.rcode === "SERVFAIL"))
        lookup.answer = { at: returned(call), rcode, addresses, cut };
    }
  }

  private messages(direction: string, transport: Attempt["transport"], { data, octets }: Message): Buffer[] {
    if (transport === "udp") return [data];
    const stream = this.streams.get(direction) ?? new DnsStream();
    this.streams.set(direction, stream);
    return stream.push(data, octets);
  }

  asked(call: Call, varlink: VarlinkTalk, data: Buffer): void {
    const texts = (varlink.sent + data.toString("utf8")).split("\0");
    varlink.sent = texts.pop() ?? "";
    for (const text of texts) {
      const question = readQuestion(text);
      if (question === undefined) continue;
      const lookup = {
        ...this.seen(call),
        ...question,
        server: "systemd-resolved",
        overheard: false,
        answer: undefined,
      };
      varlink.open.push(lookup);
      this.lookups.push(lookup);
    }
  }

  told(call: Call, varlink: VarlinkTalk, { data, octets }: Message): void {
    const texts = (varlink.received + data.toString("utf8")).split("\0");
    // The end of a text that the tracer cut never comes.
    varlink.received = data.length < octets ? "" : (texts.pop() ?? "");
    for (const text of texts) {
      const answer = readAnswer(text);
      const lookup = varlink.open.shift();
      if (lookup === undefined) continue;
      lookup.answer =
        answer === undefined
          ? { at: returned(call), rcode: "unreadable", addresses: [], cut: true }
          : { at: returned(call), ...answer, cut: false };
    }
  }
}
