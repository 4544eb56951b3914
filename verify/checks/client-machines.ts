/** What a client reaches of the lab's other machines. */
import { command } from "../access";
import { type PeerWay, wayName } from "../peers";
import { atOnce } from "../questions";
import { type Check, fail, listed, noneOf, pass, skip, type Verdict } from "./check";
import { type ClientEvidence, lookAtOwnWays, putBack, withIpv6 } from "./evidence";

export const clientMachineChecks: readonly Check<ClientEvidence>[] = [
  {
    where: withIpv6,
    title: "the gateway and clients that were there before it answer pings",
    judge: checkNeighbours,
    remedy: (seen) => `Is that machine running? ${command(seen.lab.promised, "status")} tells.`,
  },
  {
    where: ({ lab }) => lab.promised.networks.length > 1,
    title: "clients on other networks are reached, by every way that the two have in common",
    judge: checkPeers,
    remedy: (seen) =>
      `Is that machine running? ${command(seen.lab.promised, "status")} tells. If it is: ${putBack(seen)}`,
  },
];

function checkNeighbours({ neighbours, heard }: ClientEvidence): Verdict {
  const silent = neighbours.filter((name) => !heard.answered(`neighbour-${name}`));
  return noneOf(silent, neighbours.join(", "), `no answer from ${silent.join(", ")}`);
}

function checkPeers(seen: ClientEvidence): Verdict {
  const { lab, access, peers, heard } = seen;
  const elsewhere = lab.clients.filter(({ name, network }) => name !== access.name && network !== access.network);
  if (elsewhere.length === 0) return skip("no other client of the lab is on another network");
  if (peers.length === 0)
    return skip("those on other networks had not come yet, or another command moves them: they look from there");
  const tried = peers.flatMap((peer) => peer.ways.map((way) => ({ peer, way, came: heard.of(wayName(peer, way)) })));
  const strangers = peers.filter(({ ways }) => ways.length === 0).map(({ name, network }) => `${name} on ${network}`);
  const apart = strangers.length === 0 ? [] : [`nothing in common with ${strangers.join(", ")}`];
  if (tried.length === 0) return skip(apart.join());
  const told = ({ peer, way }: (typeof tried)[number]): string => `${peer.name} on ${peer.network} by ${way.kind}`;
  const silent = tried.filter(({ came }) => !came.includes("open"));
  if (silent.length === 0) return pass([...tried.map(told), ...apart].join("; "));
  return fail(
    silent.map((each) => `${told(each)}: ${listed(each.came.map(whatCame), "no answer")}`).join("; "),
    whoRefuses(seen, silent),
  );
}

/** Undefined: nobody has said that it may not be. */
function whoRefuses(
  seen: ClientEvidence,
  silent: readonly { way: PeerWay; came: readonly string[] }[],
): string | undefined {
  const by = (own: (each: string) => boolean) =>
    silent.find(({ came }) => came.some(own))?.way.address.replace("::ffff:", "");
  const itself = by((each) => each.startsWith(atOnce));
  if (itself !== undefined) return `The client itself lets nothing go there: ${lookAtOwnWays(seen, itself)}`;
  // As ICMP says it (RFC 4443 section 3.1: code 1), and a firewall on the client says it like one on the way.
  const somebody = by((each) => each.endsWith("Permission denied"));
  if (somebody === undefined) return undefined;
  return `A firewall refuses it. The client's own? ${lookAtOwnWays(seen, somebody)} If not: ${putBack(seen)}`;
}

function whatCame(each: string): string {
  return each.startsWith(atOnce)
    ? `${each.slice(atOnce.length)}, says the client's own kernel`
    : each.replace("error ", "");
}
