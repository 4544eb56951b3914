/** Names that a program asks for: by DNS messages of its own, or of systemd-resolved by varlink. */
import { readDnsMessage } from "../dns";
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

export class LookupWatcher {
  private readonly lookups: Mutable<Lookup>[] = [];
  private readonly questions = new Map<string, Mutable<Lookup>>();

  /** @param seen where a call was seen. */
  constructor(private readonly seen: (call: Call) => Seen) {}

  /** In the order of time. */
  all(): Lookup[] {
    return this.lookups.sort((one, other) => one.at - other.at);
  }

  /** What was sent to a port 53. */
  question(call: Call, inode: string, { address, port }: Attempt, data: Buffer): void {
    const message = port === 53 ? readDnsMessage(data) : undefined;
    if (message === undefined || message.isAnswer) return;
    const { name, type } = message.question;
    const key = `${inode} ${message.id} ${type}`;
    // The same question once more, after no answer.
    if (this.questions.has(key)) return;
    const lookup = { ...this.seen(call), name, types: [type], server: address, answer: undefined };
    this.questions.set(key, lookup);
    this.lookups.push(lookup);
  }

  answered(call: Call, inode: string, data: Buffer): void {
    const message = readDnsMessage(data);
    if (message?.isAnswer !== true) return;
    const lookup = this.questions.get(`${inode} ${message.id} ${message.question.type}`);
    const { rcode, addresses, cut } = message;
    if (lookup !== undefined) lookup.answer ??= { at: returned(call), rcode, addresses, cut };
  }

  asked(call: Call, varlink: VarlinkTalk, data: Buffer): void {
    const texts = (varlink.sent + data.toString("utf8")).split("\0");
    varlink.sent = texts.pop() ?? "";
    for (const text of texts) {
      const question = readQuestion(text);
      if (question === undefined) continue;
      const lookup = { ...this.seen(call), ...question, server: "systemd-resolved", answer: undefined };
      varlink.open.push(lookup);
      this.lookups.push(lookup);
    }
  }

  told(call: Call, varlink: VarlinkTalk, data: Buffer): void {
    const texts = (varlink.received + data.toString("utf8")).split("\0");
    varlink.received = texts.pop() ?? "";
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
