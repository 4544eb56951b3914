/** DNS messages in a program's buffers (RFC 1035 section 4): what it asked, and what it was told. */
import { rcodeName } from "../plan/dns-parameters";
import { formatIpv4 } from "../plan/prefix";
import { Reader } from "../verify/wire/reader";

export interface DnsMessage {
  readonly id: number;
  readonly isAnswer: boolean;
  readonly question: { readonly name: string; readonly type: string };
  readonly rcode: string;
  readonly addresses: readonly string[];
  /** It says so (TC), does not end where it says, or was cut by the tracer: addresses may be missing. */
  readonly cut: boolean;
}

const types = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [255, "ANY"],
]);

const flagQr = 0x8000;
const flagTc = 0x0200;
const opcode = 0x7800;

/** Undefined for what is no DNS message with a question. */
export function readDnsMessage(bytes: Buffer): DnsMessage | undefined {
  try {
    const reader = new Reader(bytes);
    const id = reader.u16();
    const flags = reader.u16();
    const [questions, answers] = [reader.u16(), reader.u16()];
    reader.take(4);
    if ((flags & opcode) !== 0 || questions !== 1) return undefined;
    const name = readName(bytes, reader);
    const type = typeName(reader.u16());
    reader.take(2);
    const { addresses, cut: short } = readAddresses(bytes, reader, answers);
    const cut = short || (flags & flagTc) !== 0;
    const rcode = rcodeName(flags & 0xf);
    return { id, isAnswer: (flags & flagQr) !== 0, question: { name, type }, rcode, addresses, cut };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export function typeName(type: number): string {
  return types.get(type) ?? `TYPE${type}`;
}

function readAddresses(bytes: Buffer, reader: Reader, answers: number): Pick<DnsMessage, "addresses" | "cut"> {
  const addresses: string[] = [];
  try {
    for (let index = 0; index < answers; index += 1) {
      readName(bytes, reader);
      const type = typeName(reader.u16());
      reader.take(6);
      const data = reader.sub(reader.u16());
      if (type === "A") addresses.push(formatIpv4(BigInt(data.u32())));
      if (type === "AAAA") addresses.push(data.address());
    }
  } catch (error) {
    if (error instanceof RangeError) return { addresses, cut: true };
    throw error;
  }
  return { addresses, cut: false };
}

/** Section 4.1.4: a pointer leads to labels earlier in the message, and ends the name where it stands. */
function readName(bytes: Buffer, reader: Reader): string {
  const labels: string[] = [];
  for (let length = reader.u8(); length > 0; length = reader.u8()) {
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | reader.u8();
      // What it leads to ends before it, or a message could lead around in a circle.
      const before = bytes.subarray(0, bytes.length - reader.left - 2);
      labels.push(readName(before, new Reader(before, target)));
      break;
    }
    labels.push(reader.take(length).toString("latin1"));
  }
  return labels.join(".").toLowerCase();
}
