/** What a client hears of routers. */
import { sameAddress } from "../addresses";
import { type Heard, kinds } from "../questions";
import { plannedAdvertisement, readAdvertisement } from "../wire/advertisement";
import { type Check, distinct, fail, pass, type Verdict } from "./check";
import { type ClientEvidence, putBack, withIpv6 } from "./evidence";

export const clientRouterChecks: readonly Check<ClientEvidence>[] = [
  {
    title: ({ network }) =>
      network.ipv6 === undefined ? "nobody answers as a router" : "only the gateway answers as a router",
    judge: checkRouters,
    remedy: (seen) => `Is radvd running? ${putBack(seen)}`,
  },
  { where: withIpv6, title: "the router advertisements say what was planned", judge: checkAdvertisements },
];

function checkRouters({ heard, network: { router: own, ipv6 } }: ClientEvidence): Verdict {
  const routers = advertisements(heard);
  const foreign = routers.filter(
    ({ router, mac }) => ipv6 === undefined || !sameAddress(router, own.linkLocal) || mac !== own.mac,
  );
  if (foreign.length > 0) {
    const who = foreign.map(({ router, mac }) => `${router} at ${mac}`);
    return fail(distinct(who), `Switch off the router advertisements of the machine with that MAC.`);
  }
  if (ipv6 === undefined) return pass("nobody");
  return routers.length > 0 ? pass(own.linkLocal) : fail("nobody");
}

function checkAdvertisements({ heard, network }: ClientEvidence): Verdict {
  const own = advertisements(heard).filter(({ router }) => sameAddress(router, network.router.linkLocal));
  const planned = plannedAdvertisement(network);
  const wrong = own.find(({ says }) => says.join("\n") !== planned.join("\n"));
  if (own.length === 0) {
    return fail("the gateway does not answer a router solicitation");
  }
  return wrong === undefined
    ? pass(planned.join("; "))
    : fail(
        [
          ...planned.filter((line) => !wrong.says.includes(line)).map((line) => `missing: ${line}`),
          ...wrong.says.filter((line) => !planned.includes(line)).map((line) => `not planned: ${line}`),
        ].join("; "),
      );
}

function advertisements(heard: Heard) {
  return heard.packets(kinds.routerAdvertisement).flatMap(({ mac, packet }) => {
    const read = readAdvertisement(packet);
    return read === undefined ? [] : [{ ...read, mac }];
  });
}
