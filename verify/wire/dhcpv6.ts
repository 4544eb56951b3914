/** DHCPv6 (RFC 8415): the questions that make every kind of server speak, and what is in an answer. */
import { hex, hexText, octetsOf } from "./hex";
import { type Reader, readPacket } from "./reader";

const messages = { solicit: 1, advertise: 2, reply: 7, informationRequest: 11 } as const;
const options = { clientId: 1, iaNa: 3, iaAddress: 5, requested: 6, dnsServers: 23, domainList: 24 } as const;

/** A client that nobody knows: a DUID based on a UUID (RFC 6355) has no reservation, and takes no lease away. */
const stranger = `0004${hexText("ipv6-only-lab---")}`;
const transaction = hexText("lab");

export type Dhcpv6Answer = NonNullable<ReturnType<typeof readDhcpv6>>;

/** Where servers and relays listen (section 7.2), on the group of them all (section 7.1). */
export const dhcpv6Servers = { address: "ff02::1:2", port: 547 } as const;

/** Asks for options alone (section 18.2.6). */
export function informationRequest(): string {
  return message(messages.informationRequest);
}

/** Asks for an address (section 18.2.1); what is offered and not requested is nobody's. */
export function solicit(): string {
  return message(messages.solicit, option(options.iaNa, "000000010000000000000000"));
}

/** The IPv6 packet of an answer; undefined: it is none to these questions. */
export function readDhcpv6(octets: string) {
  return readPacket(octets, (packet) => {
    packet.take(8);
    const server = packet.address();
    packet.take(16 + 8);
    const type = packet.u8();
    const kind = type === messages.advertise ? "advertise" : type === messages.reply ? "reply" : undefined;
    if (kind === undefined || packet.take(3).toString("hex") !== transaction) {
      return undefined;
    }
    const of = optionsOf(packet);
    return {
      server,
      kind,
      addresses: of(options.iaNa).flatMap((association) => {
        association.take(12);
        return optionsOf(association)(options.iaAddress).map((data) => data.address());
      }),
      dnsServers: of(options.dnsServers).flatMap((data) => data.addresses()),
      searchDomains: of(options.domainList).flatMap((data) => data.names()),
    };
  });
}

/** The options in the rest of a message, by their code. */
function optionsOf(reader: Reader): (code: number) => Reader[] {
  const found: { code: number; data: Reader }[] = [];
  while (reader.left > 0) {
    const [code, length] = [reader.u16(), reader.u16()];
    found.push({ code, data: reader.sub(length) });
  }
  return (code) => found.filter((option) => option.code === code).map(({ data }) => data);
}

function message(type: number, more = ""): string {
  const requested = option(options.requested, `${hex(options.dnsServers, 2)}${hex(options.domainList, 2)}`);
  return `${hex(type, 1)}${transaction}${option(options.clientId, stranger)}${requested}${more}`;
}

function option(code: number, data: string): string {
  return `${hex(code, 2)}${hex(octetsOf(data), 2)}${data}`;
}
