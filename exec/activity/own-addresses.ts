/** What a program asked the kernel about its own machine's addresses: rtnetlink(7), and the calls that are older. */
import { addressText } from "../overheard";
import type { Call, EndOfProcess, Trace } from "../trace/calls";
import type { Processes } from "../trace/processes";
import { bytesOf, fieldOf, itemsOf, type Value, wordOf } from "../trace/values";
import type { GivenAddress, OwnAddressQuestion, Seen } from "./facts";
import { seenBy } from "./seen";

interface Request extends Seen, Asked {}

/** What a request of rtnetlink(7) is about. */
interface Asked {
  readonly type: string;
  readonly family: string;
  /** The address of a new one. */
  readonly address: string | undefined;
}

/** What was asked of the kernel about addresses, and told it. */
export function readAddressRequests({ events }: Trace, processes: Processes) {
  const calls = events.flatMap((event) => (event.kind === "call" ? [event.call] : []));
  const requests = calls.filter(isSent).flatMap((call): Request[] => {
    const asked = requestIn(call.name === "sendto" ? call.args[1] : messageOf(call.args[1]));
    return asked === undefined ? [] : [{ ...seenBy(processes, call), ...asked }];
  });
  // As getifaddrs(3) does, for all that it tells.
  const ofCards = new Set(requests.filter(({ type }) => type === "RTM_GETLINK").map(({ process }) => process));
  return {
    ownAddressQuestions: ownAddressQuestions(requests, calls, processes, ofCards),
    familyChecks: familyChecks(requests, calls, processes, ofCards),
    givenAddresses: givenAddresses(requests),
  };
}

function isDumpOfAll({ type, family }: Request): boolean {
  return type === "RTM_GETADDR" && family === "AF_UNSPEC";
}

/**
 * Dumps of all addresses and of nothing else, after which nobody was asked for a name: getaddrinfo(3) of glibc, for which
 * nscd(8) is asked for its time then, and once more, or another service by a socket of its own, before hosts(5) is read.
 */
function familyChecks(
  requests: readonly Request[],
  calls: readonly Call[],
  processes: Processes,
  ofCards: ReadonlySet<number>,
): readonly Seen[] {
  const local = calls.filter(({ name, args }) => name === "socket" && wordOf(args[0]) === "AF_UNIX");
  const asked = ({ process, at }: Request): boolean =>
    local.filter((call) => call.at > at && processes.of(call.pid) === process).length > 1;
  return requests.flatMap((request) => {
    if (!isDumpOfAll(request) || ofCards.has(request.process) || asked(request)) return [];
    if (passesOn(processes, request)) return [];
    const { process, at, line, namespace } = request;
    return [{ process, at, line, namespace }];
  });
}

/** Dumps of all addresses count where the cards were asked for as well: getaddrinfo(3) asks for them whatever is wanted of it. */
function ownAddressQuestions(
  requests: readonly Request[],
  calls: readonly Call[],
  processes: Processes,
  ofCards: ReadonlySet<number>,
): readonly OwnAddressQuestion[] {
  const byNetlink = requests.flatMap((request): OwnAddressQuestion[] => {
    const { type, family, ...rest } = request;
    if (type === "RTM_GETADDR" && family === "AF_INET") return [{ ...rest, by: `${type}, ${family}`, onlyIpv4: true }];
    if (!isDumpOfAll(request) || !ofCards.has(rest.process)) return [];
    return [{ ...rest, by: type, onlyIpv4: false }];
  });
  const byIoctl = calls.flatMap((call): OwnAddressQuestion[] => {
    const by = call.name === "ioctl" ? wordOf(call.args[1]) : undefined;
    return by === undefined || !ioctls.has(by)
      ? []
      : [{ ...seenBy(processes, call), by, onlyIpv4: by === "SIOCGIFADDR" }];
  });
  return [...byNetlink, ...byIoctl]
    .filter((question) => !passesOn(processes, question))
    .sort((one, other) => one.at - other.at);
}

/** Whether it asked before it started another program, whose end became its own: sudo(8) looks so for its host's rules. */
function passesOn({ all, executions }: Processes, { process, at }: Seen): boolean {
  const end = all.find(({ pid }) => pid === process)?.end;
  const isBelow = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === process || isBelow(all.find((each) => each.pid === pid)?.parent));
  return all.some(
    (each) =>
      each.pid !== process &&
      isBelow(each.parent) &&
      sameEnd(each.end, end) &&
      executions.some((execution) => execution.pid === each.pid && execution.at > at && execution.error === undefined),
  );
}

function sameEnd(one: EndOfProcess | undefined, other: EndOfProcess | undefined): boolean {
  return one?.kind === "exit" && other?.kind === "exit" && one.code === other.code;
}

/** Of either family, by whoever makes containers, or another network. */
function givenAddresses(requests: readonly Request[]): readonly GivenAddress[] {
  return requests.flatMap(({ type, family, ...seen }): GivenAddress[] => {
    if (type !== "RTM_NEWADDR" || (family !== "AF_INET" && family !== "AF_INET6")) return [];
    return [{ ...seen, family: family === "AF_INET" ? "IPv4" : "IPv6" }];
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
/** IFA_LOCAL (linux/if_addr.h). */
const localAddress = 2;
const families: Readonly<Record<number, Pick<Asked, "family"> & { octets: number }>> = {
  2: { family: "AF_INET", octets: 4 },
  10: { family: "AF_INET6", octets: 16 },
};

/** The first request that strace tells of: it has type and family in a structure each, in lists or not. */
function requestIn(data: Value | undefined): Asked | undefined {
  const [head, body] = itemsOf(data);
  const octets = bytesOf(body);
  if (octets !== undefined && wordOf(fieldOf(head, "nlmsg_type")) === newAddress) return newAddressIn(octets);
  const structs = structsIn(data);
  const type = structs.map((each) => wordOf(fieldOf(each, "nlmsg_type"))).find((word) => word !== undefined);
  const family = structs
    .flatMap((each) => ["ifa_family", "ifi_family", "rtgen_family"].map((name) => fieldOf(each, name)))
    .map(wordOf)
    .find((word) => word !== undefined);
  if (type === undefined || family === undefined) return undefined;
  return { type, family, address: localAddressIn(data) };
}

/** struct ifaddrmsg, and attributes of which each tells its length, rounded up to four octets, and its type. */
function newAddressIn(octets: Buffer): Asked | undefined {
  const { family, octets: size } = families[octets[0] ?? 0] ?? {};
  if (family === undefined || size === undefined) return undefined;
  for (let at = 8; at + 4 <= octets.length; at += Math.max(4, (octets.readUInt16LE(at) + 3) & ~3)) {
    const value = octets.subarray(at + 4, at + 4 + size);
    if (octets.readUInt16LE(at + 2) !== localAddress || value.length < size) continue;
    return { type: "RTM_NEWADDR", family, address: addressText([...value]) };
  }
  return { type: "RTM_NEWADDR", family, address: undefined };
}

/** The value behind `{nla_len=8, nla_type=IFA_LOCAL}`. */
function localAddressIn(data: Value | undefined): string | undefined {
  const items = itemsOf(data);
  const at = items.findIndex((each) => wordOf(fieldOf(each, "nla_type")) === "IFA_LOCAL");
  const value = at < 0 ? undefined : items[at + 1];
  if (value?.kind === "made")
    return value.from
      .map(bytesOf)
      .find((each) => each !== undefined)
      ?.toString("latin1");
  return items.map(localAddressIn).find((each) => each !== undefined);
}

function structsIn(value: Value | undefined): Value[] {
  if (value?.kind === "struct") return [value];
  return itemsOf(value).flatMap(structsIn);
}
