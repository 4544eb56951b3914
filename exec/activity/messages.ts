/** The data that a call sent or received, with the address beside it. */
import type { Call } from "../trace/calls";
import { bytesOf, fieldOf, itemsOf, type Value, wordOf } from "../trace/values";

export interface Message {
  readonly data: Buffer;
  readonly address: Value | undefined;
  readonly octets: number;
}

export function messagesOf({ name, args, result }: Call): Message[] {
  const value = result.value ?? 0;
  switch (name) {
    case "sendto":
    case "recvfrom": {
      const octets = value < 0 ? Number(wordOf(args[2]) ?? 0) : value;
      return [{ data: bytesOf(args[1]) ?? Buffer.alloc(0), address: args[4], octets }];
    }
    case "sendmsg":
    case "recvmsg":
      return [ofHeader(args[1], value)];
    default:
      return itemsOf(args[1])
        .slice(0, value < 0 ? 1 : value)
        .map((each) => ofHeader(fieldOf(each, "msg_hdr"), Number(wordOf(fieldOf(each, "msg_len")) ?? 0)));
  }
}

function ofHeader(header: Value | undefined, value: number): Message {
  const parts = itemsOf(fieldOf(header, "msg_iov"));
  const data = Buffer.concat(parts.map((part) => bytesOf(fieldOf(part, "iov_base")) ?? Buffer.alloc(0)));
  const whole = parts.reduce((sum, part) => sum + Number(wordOf(fieldOf(part, "iov_len")) ?? 0), 0);
  return { data, address: fieldOf(header, "msg_name"), octets: value < 0 ? whole : value };
}
