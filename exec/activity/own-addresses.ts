/** What a program asked the kernel about its own machine's addresses: rtnetlink(7), and the calls that are older. */
import type { Call, Trace } from "../trace/calls";
import type { Processes } from "../trace/processes";
import { bytesOf, fieldOf, itemsOf, type Value, wordOf } from "../trace/values";
import type { GivenAddress, OwnAddressQuestion, Seen } from "./facts";

interface Request extends Seen {
  readonly type: string;
  readonly family: string;
}

/**
 * Dumps of all addresses count where the cards were asked for as well, as getifaddrs(3) does: getaddrinfo(3) asks for the
 * addresses alone, whatever the program wants (AI_ADDRCONFIG).
 */
export function ownAddressQuestions(trace: Trace, processes: Processes): readonly OwnAddressQuestion[] {
  const requests = requestsIn(trace, processes);
  const ofCards = new Set(requests.filter(({ type }) => type === "RTM_GETLINK").map(({ process }) => process));
  const byNetlink = requests.flatMap(({ type, family, ...rest }): OwnAddressQuestion[] => {
    if (type === "RTM_GETADDR" && family === "AF_INET") return [{ ...rest, by: `${type}, ${family}`, onlyIpv4: true }];
    if (type !== "RTM_GETADDR" || family !== "AF_UNSPEC" || !ofCards.has(rest.process)) return [];
    return [{ ...rest, by: type, onlyIpv4: false }];
  });
  const byIoctl = callsIn(trace).flatMap((call): OwnAddressQuestion[] => {
    const by = call.name === "ioctl" ? wordOf(call.args[1]) : undefined;
    return by === undefined || !ioctls.has(by)
      ? []
      : [{ ...seenBy(processes, call), by, onlyIpv4: by === "SIOCGIFADDR" }];
  });
  return [...byNetlink, ...byIoctl].sort((one, other) => one.at - other.at);
}

/** Of either family, by whoever makes containers, or another network. */
export function givenAddresses(trace: Trace, processes: Processes): readonly GivenAddress[] {
  return requestsIn(trace, processes).flatMap(({ type, family, ...seen }): GivenAddress[] => {
    if (type !== "RTM_NEWADDR" || (family !== "AF_INET" && family !== "AF_INET6")) return [];
    return [{ ...seen, family: family === "AF_INET" ? "IPv4" : "IPv6" }];
  });
}

/** Where a call was seen, and whose it was. */
export function seenBy(processes: Processes, { at, pid, line }: Pick<Call, "at" | "pid" | "line">): Seen {
  return { at, process: processes.of(pid), line, namespace: processes.namespaceAt(pid, line) };
}

function callsIn({ events }: Trace): Call[] {
  return events.flatMap((event) => (event.kind === "call" ? [event.call] : []));
}

function requestsIn(trace: Trace, processes: Processes): Request[] {
  return callsIn(trace)
    .filter(isSent)
    .flatMap((call): Request[] => {
      const [type, family] = requestIn(call.name === "sendto" ? call.args[1] : messageOf(call.args[1]));
      return type === undefined || family === undefined ? [] : [{ ...seenBy(processes, call), type, family }];
    });
}

/** They know IPv4 only (netdevice(7)); who asks for a list may read the one of IPv6 elsewhere, as Java does. */
const ioctls: ReadonlySet<string> = new Set(["SIOCGIFADDR", "SIOCGIFCONF"]);

function isSent({ name }: Call): boolean {
  return name === "sendto" || name === "sendmsg";
}

function messageOf(header: Value | undefined): Value | undefined {
  return fieldOf(itemsOf(fieldOf(header, "msg_iov"))[0], "iov_base");
}

/** What strace does not put into words, of a socket of another network namespace: RTM_NEWADDR (linux/rtnetlink.h). */
const newAddress = "0x14";
const familyNames: Readonly<Record<number, string>> = { 2: "AF_INET", 10: "AF_INET6" };

/** Type and family of the first request that strace tells of: it has them in a structure each, in lists or not. */
function requestIn(data: Value | undefined): [type: string | undefined, family: string | undefined] {
  const [head, body] = itemsOf(data);
  // struct ifaddrmsg begins with the family.
  const [octet] = bytesOf(body) ?? [];
  if (octet !== undefined && wordOf(fieldOf(head, "nlmsg_type")) === newAddress) {
    return ["RTM_NEWADDR", familyNames[octet]];
  }
  const structs = structsIn(data);
  const type = structs.map((each) => wordOf(fieldOf(each, "nlmsg_type"))).find((word) => word !== undefined);
  const families = structs.flatMap((each) =>
    ["ifa_family", "ifi_family", "rtgen_family"].map((name) => fieldOf(each, name)),
  );
  return [type, families.map(wordOf).find((word) => word !== undefined)];
}

function structsIn(value: Value | undefined): Value[] {
  if (value?.kind === "struct") return [value];
  return itemsOf(value).flatMap(structsIn);
}
