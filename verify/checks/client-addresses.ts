/** The addresses and routes that a client has made of what the network tells. */
import { clatAddresses, clatDevice } from "../../plan/clat";
import { containsAddress, parseIpv4, parseIpv4Prefix } from "../../plan/prefix";
import { announcesDeprecated, defaultRouters, nativeIpv4 } from "../access";
import { sameAddress } from "../addresses";
import { clatOf } from "../client-facts";
import { gatewayIpv6, kinds } from "../questions";
import { hexAddress } from "../wire/hex";
import { type Check, fail, judge, listed, noneOf, pass, type Verdict } from "./check";
import {
  type ClientEvidence,
  learnAgain,
  look,
  lookAtOwnWays,
  reservation,
  withClat,
  withIpv4,
  withIpv6,
} from "./evidence";

export const clientAddressChecks: readonly Check<ClientEvidence>[] = [
  {
    where: withIpv6,
    title: (seen) => {
      const leased = leasedBeside(seen);
      const deprecated = announcesDeprecated(seen.network) ? ", deprecated as it is announced" : "";
      const beside = leased === undefined ? "" : ` but ${leased}, which DHCPv6 leases,`;
      return `the address ${plannedIpv6(seen)} is in use${deprecated}, and no other one${beside} is preferred`;
    },
    judge: checkAddress,
    remedy: learnAgain,
  },
  {
    where: (seen) => !withIpv6(seen),
    title: "there is no IPv6 address beyond the link, and no IPv6 default route",
    judge: checkNoIpv6,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: "no other machine on the segment has its address or the gateway's",
    judge: checkDuplicate,
    remedy: () => "Take the address away from the machine with that MAC.",
  },
  {
    where: (seen) => !withIpv4(seen),
    title: (seen) => {
      const others = [...(withClat(seen) ? ["the CLAT's"] : []), ...(ownBridges(seen, "inet") === "" ? [] : [bridges])];
      return `there is no IPv4 address and no IPv4 route${others.length === 0 ? "" : ` but ${others.join(" and ")}`}`;
    },
    judge: checkNoIpv4,
    remedy: learnAgain,
  },
  {
    where: withClat,
    title: `the CLAT has an address of ${clatAddresses} (RFC 7335) and the IPv4 default route`,
    judge: checkClat,
    remedy: clatRemedy,
  },
  {
    where: (seen) => seen.access.clat && !withClat(seen),
    title: (seen) =>
      `no CLAT runs: ${withIpv4(seen) ? "the network has IPv4 of its own" : "there is no translator to be found"}`,
    judge: checkNoClat,
    remedy: clatRemedy,
  },
  {
    where: withIpv4,
    title: (seen) =>
      `the IPv4 address ${nativeIpv4(seen.access, seen.network) ?? ""} is in use, and the gateway is its router`,
    judge: checkIpv4,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: ({ network }) =>
      defaultRouters(network).length === 0
        ? "there is no IPv6 default route: the gateway does not offer itself as a router"
        : "the default route is the gateway's alone, learned from its advertisements",
    judge: checkDefaultRoute,
    remedy: learnAgain,
  },
  {
    where: withIpv6,
    title: "the MTU is the planned one",
    judge: ({ facts, network }) => judge(facts.mtu === network.mtu, String(facts.mtu)),
    remedy: learnAgain,
  },
];

/** Where containers are, which reach nobody beyond this machine but by it. */
const bridges = "those of its own bridges";

type OwnAddress = ClientEvidence["facts"]["addresses"][number];

/** Its addresses of a family beyond the link, but for those of bridges of its own. */
function addressesOf({ facts }: ClientEvidence, family: OwnAddress["family"]): OwnAddress[] {
  return facts.addresses.filter(
    (each) =>
      each.family === family &&
      !facts.ownBridges.includes(each.device) &&
      (family === "inet" ? each.device !== "lo" : each.scope === "global"),
  );
}

/** What is said of them beside what was found; empty: there are none. */
function ownBridges({ facts }: ClientEvidence, family: OwnAddress["family"]): string {
  return facts.addresses
    .filter((each) => each.family === family && each.scope === "global" && facts.ownBridges.includes(each.device))
    .map(({ address, device }) => `${address} on ${device}, a bridge of its own`)
    .join("; ");
}

function plannedIpv6({ access, network }: ClientEvidence): string {
  return access.addresses[network.name]?.ipv6 ?? "";
}

/** The address that DHCPv6 gives beside SLAAC's, which is the planned one; undefined: it gives none, or the planned one. */
function leasedBeside(seen: ClientEvidence): string | undefined {
  const reserved = reservation(seen.network, seen.access.lanMac);
  return reserved === undefined || sameAddress(reserved, plannedIpv6(seen)) ? undefined : reserved;
}

function checkAddress(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const own = addressesOf(seen, "inet6");
  const planned = own.find(({ address }) => sameAddress(address, plannedIpv6(seen)));
  const evidence = listed(
    own.map(
      ({ address, usable, preferred }) =>
        `${address}${usable ? (preferred ? "" : " (deprecated)") : " (duplicate or tentative)"}`,
    ),
    "no global IPv6 address",
  );
  const leased = leasedBeside(seen);
  const expected = [plannedIpv6(seen), ...(leased === undefined ? [] : [leased])];
  const foreign = own.filter(
    ({ address, preferred }) => preferred && !expected.some((known) => sameAddress(known, address)),
  );
  const isRight = planned?.usable === true && planned.preferred !== announcesDeprecated(seen.network);
  if (!isRight || foreign.length > 0) {
    return fail(evidence);
  }
  // Without a way there it has none, which is the next checks' business.
  const { source } = facts;
  return judge(
    source === "" || expected.some((known) => sameAddress(known, source)),
    `${evidence}; ${source || "nothing"} speaks to the NAT64 prefix`,
  );
}

function checkNoIpv6(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const addresses = addressesOf(seen, "inet6");
  const ways = facts.ways.filter(({ to, dev }) => to.includes(":") && dev !== "");
  return addresses.length === 0 && facts.defaultRoutes.length === 0 && ways.length === 0
    ? pass("none")
    : fail(
        [
          listed(
            addresses.map(({ address, device }) => `${address} on ${device}`),
            "no address",
          ),
          `${facts.defaultRoutes.length} IPv6 default routes`,
          ...ways.map(shownWay),
        ].join("; "),
      );
}

function checkDuplicate(seen: ClientEvidence): Verdict {
  const { heard, access, network } = seen;
  const owners = [
    { address: plannedIpv6(seen), owner: access.lanMac },
    ...gatewayIpv6(network).map((address) => ({ address, owner: network.router.mac })),
  ];
  const others = owners.flatMap(({ address, owner }) =>
    heard
      .packets(kinds.neighbourAdvertisement)
      .filter(({ mac, packet }) => mac !== owner && speaksOf(packet, address))
      .map(({ mac }) => `${address} is also at ${mac}`),
  );
  return noneOf([...new Set(others)], "nobody else answers for them");
}

/** Whether a neighbour advertisement's target (RFC 4861 section 4.4) is an address. */
function speaksOf(packet: string, address: string): boolean {
  return sameAddress(hexAddress(packet.slice(48 * 2, 64 * 2)), address);
}

function checkNoIpv4(seen: ClientEvidence): Verdict {
  const { facts } = seen;
  const isClat = (device: string): boolean => withClat(seen) && device === clatDevice;
  const ipv4 = addressesOf(seen, "inet").filter(({ device }) => !isClat(device));
  // What goes by somebody on such a bridge goes on from there.
  const isOwn = ({ dev, gateway }: (typeof facts.ipv4Routes)[number]): boolean =>
    dev === "lo" || (gateway === "" && facts.ownBridges.includes(dev));
  const routes = facts.ipv4Routes.filter((route) => !isOwn(route) && !isClat(route.dev));
  return ipv4.length === 0 && routes.length === 0
    ? pass(ownBridges(seen, "inet") || "none")
    : fail(
        `${listed(
          ipv4.map(({ address, device }) => `${address} on ${device}`),
          "no address",
        )}; ${routes.length} IPv4 routes`,
      );
}

function shownClat({ facts }: ClientEvidence): string {
  const { addresses, defaultRoutes } = clatOf(facts);
  const own = listed(
    addresses.map(({ address }) => address),
    "no address",
  );
  return `${own} on ${clatDevice}; ${defaultRoutes === 0 ? "no" : defaultRoutes} default route`;
}

function checkClat(seen: ClientEvidence): Verdict {
  const { addresses, defaultRoutes } = clatOf(seen.facts);
  const block = parseIpv4Prefix(clatAddresses);
  const right = addresses.every(({ address }) => containsAddress(block, parseIpv4(address)));
  if (addresses.length !== 1 || !right || defaultRoutes !== 1) return fail(shownClat(seen));
  return judgeWays(seen, "IPv4", shownClat(seen), ({ dev }) => dev === clatDevice);
}

function checkNoClat(seen: ClientEvidence): Verdict {
  const { addresses, defaultRoutes } = clatOf(seen.facts);
  return addresses.length + defaultRoutes === 0 ? pass("none") : fail(shownClat(seen));
}

/** What runs it says what it finds. */
function clatRemedy(seen: ClientEvidence): string {
  return `It tells why: ${look(seen, seen.access.name, "journalctl -b -u clatd -u ipv6-only-lab-clat")}`;
}

function checkIpv4(seen: ClientEvidence): Verdict {
  const { facts, network } = seen;
  const planned = nativeIpv4(seen.access, network);
  const own = addressesOf(seen, "inet");
  const defaults = facts.ipv4Routes.filter(({ dst }) => dst === "default");
  const isRouter = (gateway: string | undefined): boolean => gateway === network.ipv4?.gatewayAddress;
  const evidence = `${listed(
    own.map(({ address, device }) => `${address} on ${device}`),
    "no address",
  )}; ${listed(
    defaults.map(({ gateway, dev }) => `${gateway} dev ${dev}`),
    "no default route",
  )}`;
  const isRight =
    own.length === 1 && own[0]?.address === planned && defaults.length === 1 && isRouter(defaults[0]?.gateway);
  if (!isRight) return fail(evidence);
  return judgeWays(seen, "IPv4", evidence, ({ gateway, dev }) => isRouter(gateway) && dev === "lan");
}

function checkDefaultRoute(seen: ClientEvidence): Verdict {
  const { defaultRoutes } = seen.facts;
  const routers = defaultRouters(seen.network);
  const evidence = listed(
    defaultRoutes.map(({ gateway, dev, protocol }) => `${gateway} dev ${dev} (${protocol})`),
    "no default route",
  );
  const isRouter = (gateway: string): boolean => routers.some((router) => sameAddress(gateway, router));
  const isRight =
    defaultRoutes.length === routers.length &&
    defaultRoutes.every(({ gateway, dev, protocol }) => isRouter(gateway) && dev === "lan" && protocol === "ra");
  if (!isRight) return fail(evidence);
  const leads: LeadsRight = ({ gateway, dev }) =>
    routers.length === 0 ? dev === "" : isRouter(gateway) && dev === "lan";
  // The kernel takes the default one as long as it holds the narrow one's router for unreachable.
  const narrow = seen.facts.narrowRoutes.filter(({ gateway }) => !isRouter(gateway));
  return narrow.length > 0
    ? fail([evidence, ...narrow.map(({ dst, gateway, dev }) => shownWay({ to: dst, gateway, dev }))].join("; "))
    : judgeWays(seen, "IPv6", evidence, leads);
}

type Way = ClientEvidence["facts"]["ways"][number];
type LeadsRight = (way: Way) => boolean;

/** A default route says nothing of what goes past it: two halves in its place, as VPNs have them, or a rule before it. */
function judgeWays(seen: ClientEvidence, family: "IPv6" | "IPv4", evidence: string, leads: LeadsRight): Verdict {
  const ways = seen.facts.ways.filter(({ to }) => to.includes(":") === (family === "IPv6"));
  const astray = ways.filter((way) => !leads(way));
  const [first] = astray;
  if (first === undefined) return pass(evidence);
  const what = `${evidence}; ${astray.map(shownWay).join("; ")}`;
  // What is on its card goes when that is configured anew; nobody knows who would take away the rest.
  return fail(
    what,
    first.dev === "lan" ? undefined : `Other routes or rules come first: ${lookAtOwnWays(seen, first.to)}`,
  );
}

function shownWay({ to, gateway, dev }: Way): string {
  if (dev === "") return `nothing leads to ${to}`;
  return `${to} by ${gateway === "" ? "no router" : gateway} dev ${dev}`;
}
