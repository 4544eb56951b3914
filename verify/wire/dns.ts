/** DNS messages (RFC 1035 section 4): a question, and the addresses in its answer. */
import { rcodes, type RecordType, recordTypes } from "../../plan/dns-parameters";
import { formatIpv4 } from "../../plan/prefix";
import { hex, hexText } from "./hex";
import { type Reader, readPacket } from "./reader";

export type DnsAnswer = NonNullable<ReturnType<typeof readDnsAnswer>>;

/** Whether a resolver has said what there is, and be it nothing: any other RCODE is a failure, and says nothing of the name. */
export function isTold({ rcode }: DnsAnswer): boolean {
  return rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN;
}

/** With the RD bit: a resolver is to find it out. Without the OPT record what is longer than 512 octets would be cut off. */
export function dnsQuestion(name: string, type: RecordType): string {
  return `6c6101000001000000000001${encoded(name)}00${hex(recordTypes[type], 2)}0001${opt(0)}`;
}

/** As one asks who validates for himself: with the CD bit, and DO in the OPT record (RFC 4035 section 3.2.2, RFC 6891). */
export function validatorsQuestion(name: string, type: RecordType): string {
  return `6c6101100001000000000001${encoded(name)}00${hex(recordTypes[type], 2)}0001${opt(0x8000)}`;
}

/** RFC 6891 section 6.1.2; 1232 octets come through any network (RFC 9715 section 3.2). */
function opt(flags: number): string {
  return `000029${hex(1232, 2)}0000${hex(flags, 2)}0000`;
}

function encoded(name: string): string {
  const labels = name.split(".").filter((label) => label !== "");
  return labels.map((label) => `${hex(label.length, 1)}${hexText(label)}`).join("");
}

export function readDnsAnswer(octets: string) {
  return readPacket(octets, (message) => {
    message.take(2);
    const rcode = message.u16() & 0xf;
    const [questions, answers] = [message.u16(), message.u16()];
    message.take(4);
    for (let index = 0; index < questions; index += 1) {
      skipName(message);
      message.take(4);
    }
    return { rcode, addresses: Array.from({ length: answers }, () => readRecord(message)).flat() };
  });
}

function readRecord(message: Reader): string[] {
  skipName(message);
  const type = message.u16();
  message.take(6);
  const data = message.sub(message.u16());
  switch (type) {
    case recordTypes.A:
      return [formatIpv4(BigInt(data.u32()))];
    case recordTypes.AAAA:
      return [data.address()];
    default:
      return [];
  }
}

/** A pointer ends a name (RFC 1035 section 4.1.4). */
function skipName(message: Reader): void {
  for (let length = message.u8(); length > 0; length = message.u8()) {
    if (length >= 0xc0) {
      message.take(1);
      return;
    }
    message.take(length);
  }
}
