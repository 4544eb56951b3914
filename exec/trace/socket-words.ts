/** Numbers of Linux's socket calls in the words in which strace tells them. */
import { formatIpv4, formatIpv6 } from "../../plan/prefix";

/** bits/socket.h. */
const domains = new Map([
  [1, "AF_UNIX"],
  [2, "AF_INET"],
  [10, "AF_INET6"],
  [16, "AF_NETLINK"],
  [17, "AF_PACKET"],
]);

export function domainName(value: number): string {
  return domains.get(value) ?? String(value);
}

/** linux/net.h. */
const types = new Map([
  [1, "SOCK_STREAM"],
  [2, "SOCK_DGRAM"],
  [3, "SOCK_RAW"],
  [5, "SOCK_SEQPACKET"],
]);
const flags = new Map([
  [0o2000000, "SOCK_CLOEXEC"],
  [0o4000, "SOCK_NONBLOCK"],
]);

/** Of a type, with its flags. */
export function typeName(value: number): string {
  const type = value & 0xf;
  const others = [...flags].flatMap(([bit, name]) => ((value & bit) === 0 ? [] : [name]));
  return [types.get(type) ?? String(type), ...others].join("|");
}

/** linux/in.h. */
const protocols = new Map([
  [0, "IPPROTO_IP"],
  [1, "IPPROTO_ICMP"],
  [6, "IPPROTO_TCP"],
  [17, "IPPROTO_UDP"],
  [58, "IPPROTO_ICMPV6"],
]);

export function protocolName(value: number): string {
  return protocols.get(value) ?? String(value);
}

/** A socket's address as the kernel has it (struct sockaddr of ip(7), ipv6(7) and unix(7)), of little-endian machines. */
export function socketAddressText(octets: Buffer): string {
  const family = octets.length < 2 ? 0 : octets.readUInt16LE(0);
  const port = octets.length < 4 ? 0 : octets.readUInt16BE(2);
  switch (family) {
    case 1: {
      const path = octets.subarray(2);
      // Of an abstract name the first octet is 0 and the others count all; of a path, a 0 ends it.
      const end = path.indexOf(0, 1);
      const text = path.subarray(0, end < 0 || path[0] === 0 ? path.length : end);
      return `{sa_family=AF_UNIX, sun_path="${inHex(text)}"}`;
    }
    case 2:
      if (octets.length < 8) break;
      return `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${ipv4(octets.subarray(4, 8))}")}`;
    case 10:
      if (octets.length < 24) break;
      return `{sa_family=AF_INET6, sin6_port=htons(${port}), inet_pton(AF_INET6, "${ipv6(octets.subarray(8, 24))}", &sin6_addr)}`;
  }
  return `{sa_family=${family === 0 ? "AF_UNSPEC" : domainName(family)}}`;
}

/** The address of a socket of which the port alone is known, and of other families than IP's not even that. */
export function ownAddressText(family: number, port: number): string {
  const field = new Map([
    [2, "sin_port"],
    [10, "sin6_port"],
  ]).get(family);
  return `{sa_family=${domainName(family)}${field === undefined ? "" : `, ${field}=htons(${port})`}}`;
}

/** An IPv4 address that a little-endian machine has read as a number, though it is in the network's order. */
export function inetText(value: number): string {
  const octets = Buffer.alloc(4);
  octets.writeUInt32LE(value);
  return `inet_addr("${ipv4(octets)}")`;
}

function ipv4(octets: Buffer): string {
  return formatIpv4(BigInt(octets.readUInt32BE(0)));
}

/** inet_ntop(3) writes the IPv4 address of an IPv4-mapped one in its own way (RFC 5952 section 5). */
function ipv6(octets: Buffer): string {
  const value = (octets.readBigUInt64BE(0) << 64n) | octets.readBigUInt64BE(8);
  return value >> 32n === 0xffffn ? `::ffff:${ipv4(octets.subarray(12))}` : formatIpv6(value);
}

function inHex(octets: Buffer): string {
  return octets.toString("hex").replace(/../g, "\\x$&");
}

/** errno(3) on Linux (asm-generic/errno-base.h, errno.h): what calls on sockets may end with; the first four are the kernel's own. */
const errors = new Map([
  [512, "ERESTARTSYS"],
  [513, "ERESTARTNOINTR"],
  [514, "ERESTARTNOHAND"],
  [516, "ERESTART_RESTARTBLOCK"],
  [1, "EPERM"],
  [2, "ENOENT"],
  [4, "EINTR"],
  [5, "EIO"],
  [9, "EBADF"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [14, "EFAULT"],
  [19, "ENODEV"],
  [20, "ENOTDIR"],
  [22, "EINVAL"],
  [23, "ENFILE"],
  [24, "EMFILE"],
  [32, "EPIPE"],
  [71, "EPROTO"],
  [88, "ENOTSOCK"],
  [89, "EDESTADDRREQ"],
  [90, "EMSGSIZE"],
  [91, "EPROTOTYPE"],
  [92, "ENOPROTOOPT"],
  [93, "EPROTONOSUPPORT"],
  [94, "ESOCKTNOSUPPORT"],
  [95, "EOPNOTSUPP"],
  [97, "EAFNOSUPPORT"],
  [98, "EADDRINUSE"],
  [99, "EADDRNOTAVAIL"],
  [100, "ENETDOWN"],
  [101, "ENETUNREACH"],
  [103, "ECONNABORTED"],
  [104, "ECONNRESET"],
  [105, "ENOBUFS"],
  [106, "EISCONN"],
  [107, "ENOTCONN"],
  [110, "ETIMEDOUT"],
  [111, "ECONNREFUSED"],
  [112, "EHOSTDOWN"],
  [113, "EHOSTUNREACH"],
  [114, "EALREADY"],
  [115, "EINPROGRESS"],
]);

/** @param value as errno(3) has it, above 0. Of a rare one its number, in letters that no other one has. */
export function errorName(value: number): string {
  return errors.get(value) ?? `E${value}`;
}
