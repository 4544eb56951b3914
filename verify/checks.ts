import { embedIpv4 } from "../plan/rfc6052";
import { isAddressInPrefix, sameAddress } from "./addresses";
import type { ClientAccess, LabAccess, PromisedPlan } from "./access";
import type { ClientFacts, FetchFact } from "./client-facts";
import type { ServiceFacts, TranslationFacts } from "./gateway-facts";
import type { CheckResult } from "./report";
import type { Section } from "./sections";

/** Everything that was seen of one client, and what the gateway translated right after it. */
export interface ClientEvidence {
  readonly access: ClientAccess;
  readonly facts: ClientFacts;
  /** The client's pings to the gateway and to clients before it. */
  readonly neighbours: readonly { readonly name: string; readonly ping: Section }[];
  /** Its ping to an address inside pool6; undefined: none is known. */
  readonly ping: Section | undefined;
  /** The fetch that went to an address inside pool6, if one did. */
  readonly fetch: FetchFact;
  readonly sessions: TranslationFacts["sessions"];
  /** The gateway's own IPv4 ping of the same server; undefined: not seen. */
  readonly uplinkPing: Section | undefined;
}

type Verdict = Pick<CheckResult, "status" | "evidence" | "remedy">;

/** The checks on one client, in the order in which a packet would meet what they look at. */
export function checkClient(lab: LabAccess, seen: ClientEvidence): CheckResult[] {
  const { promised } = lab;
  const checks: [string, Verdict][] = [
    [`the address ${seen.access.address} is in use`, checkAddress(seen)],
    ["there is no IPv4 address and no IPv4 route", checkNoIpv4(seen.facts)],
    ["the default route is the gateway's, learned from its advertisements", checkDefaultRoute(seen.facts)],
    ["the resolver is the one that the advertisements name (RFC 8106)", checkRdnss(promised, seen.facts)],
    ["the NAT64 prefix is known from the advertisements (RFC 8781)", checkPref64(promised, seen.facts)],
    [`DHCPv6 is ${promised.dhcpv6}`, checkDhcpv6(promised, seen)],
    ["the gateway and the other clients answer pings", checkNeighbours(seen)],
    ["ipv4only.arpa leads to the NAT64 prefix (RFC 7050)", checkIpv4Only(promised, seen.facts)],
    ["DNS64 gives an address inside the NAT64 prefix", checkDns64(promised, seen.facts)],
    ["an IPv4 host answers a ping through NAT64", checkPing(seen)],
    ["IPv4-only content comes over HTTP through DNS64 and NAT64", checkFetch(promised, seen)],
    ["Jool's session table shows the connection", checkSession(promised, seen)],
  ];
  return checks.map(([check, verdict]) => ({ machine: seen.access.name, check, ...verdict }));
}

/** The one result of a machine that could not be asked. */
export function unreachable(machine: string, at: string, console: string, why: string): CheckResult {
  return {
    machine,
    check: `SSH reaches it at ${at}`,
    status: "fail",
    evidence: why,
    remedy: `npm run up powers on what has died. What the machine said at last is in ${console}`,
  };
}

/** The checks on the gateway. */
export function checkGateway(lab: LabAccess, gateway: ServiceFacts): CheckResult[] {
  const expected = [
    "jool.service",
    "nftables.service",
    "unbound.service",
    "radvd.service",
    ...(lab.promised.dhcpv6 === "off" ? [] : ["kea-dhcp6-server.service"]),
  ];
  const { name } = lab.gateway;
  const down = expected.filter((unit) => !gateway.units.some((known) => known.name === unit && known.active));
  const services: Verdict =
    down.length === 0
      ? pass(expected.map((unit) => unit.replace(".service", "")).join(", "))
      : fail(
          gateway.units
            .filter((unit) => down.includes(unit.name))
            .map((unit) => `${unit.name} is ${unit.state}`)
            .join(", "),
          `See why: npm run ssh -- ${name} "sudo journalctl -b -u ${down[0] ?? ""}"`,
        );
  const translator: Verdict =
    gateway.instances.length === 1
      ? pass(`Jool ${gateway.joolVersion} on kernel ${gateway.kernel}`)
      : fail(
          `${gateway.instances.length} Jool instances on kernel ${gateway.kernel}`,
          `See why: npm run ssh -- ${name} "sudo dkms status; sudo journalctl -b -u jool"`,
        );
  return [
    { machine: name, check: "every service runs", ...services },
    { machine: name, check: "one NAT64 translator is in the kernel", ...translator },
  ];
}

function checkAddress({ access, facts }: ClientEvidence): Verdict {
  const own = facts.addresses.filter(({ family, scope }) => family === "inet6" && scope === "global");
  const planned = own.find(({ address }) => sameAddress(address, access.address));
  const evidence = own.map(({ address }) => address).join(", ") || "no global IPv6 address";
  if (planned === undefined) {
    return fail(evidence, "The client did not hear the gateway's router advertisements, or not yet.");
  }
  return planned.usable
    ? pass(evidence)
    : fail(`${evidence} (tentative or duplicate)`, "Another machine on the segment has the same address.");
}

function checkNoIpv4(facts: ClientFacts): Verdict {
  const ipv4 = facts.addresses.filter(({ family, device }) => family === "inet" && device !== "lo");
  return ipv4.length === 0 && facts.ipv4Routes === 0
    ? pass("none")
    : fail(
        `${ipv4.map(({ address, device }) => `${address} on ${device}`).join(", ")}; ${facts.ipv4Routes} IPv4 routes`,
        "Something gave this machine IPv4: it is no proof for IPv6-only any more.",
      );
}

function checkDefaultRoute({ defaultRoutes }: ClientFacts): Verdict {
  const evidence = defaultRoutes.map(({ gateway, dev, protocol }) => `${gateway} dev ${dev} (${protocol})`).join(", ");
  return defaultRoutes.length > 0 &&
    defaultRoutes.every(({ gateway, dev }) => gateway.startsWith("fe80:") && dev === "lan")
    ? pass(evidence)
    : fail(evidence || "no default route", "Is radvd running on the gateway? npm run status tells.");
}

function checkRdnss(promised: PromisedPlan, facts: ClientFacts): Verdict {
  const servers = facts.learned?.dnsFromRa ?? facts.dnsServers;
  const evidence = servers.join(", ") || "no resolver";
  return promised.rdnss.every((server) => servers.some((known) => sameAddress(known, server)))
    ? pass(promised.rdnss.join(", "))
    : fail(evidence, `Expected ${promised.rdnss.join(", ")} in the advertisements' RDNSS option.`);
}

function checkPref64(promised: PromisedPlan, { learned }: ClientFacts): Verdict {
  const { pref64 } = promised;
  if (pref64 === undefined) {
    return skip("switched off by configuration");
  }
  if (learned === undefined) {
    return skip("this client's network manager does not tell");
  }
  const evidence = learned.pref64.join(", ") || "none";
  return learned.pref64.some((known) => samePrefix(known, pref64))
    ? pass(pref64)
    : fail(evidence, `Expected ${pref64} in the advertisements' PREF64 option.`);
}

function checkDhcpv6(promised: PromisedPlan, { facts, access }: ClientEvidence): Verdict {
  const servers = facts.learned?.dnsFromDhcp ?? [];
  switch (promised.dhcpv6) {
    case "off":
      return servers.length === 0
        ? pass("no answers")
        : fail(`a DHCPv6 server named ${servers.join(", ")}`, "Another DHCPv6 server is on the segment.");
    case "stateless":
      if (facts.learned === undefined) {
        return skip("this client's network manager does not tell");
      }
      return servers.length > 0
        ? pass(`named the resolver ${servers.join(", ")}`)
        : fail("no DHCPv6 answer", "Is Kea running on the gateway? npm run status tells.");
    case "stateful": {
      const reserved = promised.reservations[access.lanMac];
      return reserved !== undefined && facts.addresses.some(({ address }) => sameAddress(address, reserved))
        ? pass(`gave ${reserved}`)
        : fail(
            `${reserved ?? "no address"} is reserved, the client has ${facts.addresses.map(({ address }) => address).join(", ")}`,
            "Is Kea running on the gateway? npm run status tells.",
          );
    }
  }
}

function checkNeighbours({ neighbours }: ClientEvidence): Verdict {
  const silent = neighbours.filter(({ ping }) => ping.exitCode !== 0);
  const names = (list: typeof neighbours): string => list.map(({ name }) => name).join(", ");
  return silent.length === 0
    ? pass(names(neighbours))
    : fail(`no answer from ${names(silent)}`, "Is that machine running? npm run status tells.");
}

function checkIpv4Only(promised: PromisedPlan, { ipv4only }: ClientFacts): Verdict {
  const evidence = ipv4only.join(", ") || "no AAAA";
  return ipv4only.length > 0 &&
    ipv4only.every((address) => promised.ipv4OnlyArpa.some((known) => sameAddress(known, address)))
    ? pass(evidence)
    : fail(evidence, `Expected ${promised.ipv4OnlyArpa.join(", ")}: unbound on the gateway answers this name itself.`);
}

function checkDns64(promised: PromisedPlan, { aaaa, a, url }: ClientFacts): Verdict {
  const synthesized = aaaa.filter((address) => isAddressInPrefix(address, promised.nat64.prefix));
  const evidence = `${hostOf(url)}: ${aaaa.join(", ") || "no AAAA"}`;
  if (synthesized.length > 0) {
    return pass(evidence);
  }
  if (aaaa.length > 0 && !promised.synthesizeAll) {
    return skip(`${evidence}: it has IPv6 of its own and the uplink carries it; set verify.url to an IPv4-only host`);
  }
  return a.length === 0
    ? fail(
        `${hostOf(url)} has no address`,
        "The forwarders do not answer: check dns.forwarders and this machine's DNS.",
      )
    : fail(evidence, "unbound on the gateway does not synthesize: npm run status tells whether it runs.");
}

function checkPing({ ping, uplinkPing }: ClientEvidence): Verdict {
  if (ping === undefined) {
    return skip("no content came, so no address to ping is known");
  }
  if (ping.exitCode === 0) {
    return pass(lastLine(ping.output));
  }
  return uplinkPing !== undefined && uplinkPing.exitCode !== 0
    ? skip("the gateway's own IPv4 pings of that host are not answered either: the uplink carries no ICMP echo")
    : fail(lastLine(ping.output), "NAT64 loses ICMP: see the counters with npm run status.");
}

function checkFetch(promised: PromisedPlan, { fetch, facts }: ClientEvidence): Verdict {
  const { ok, status, bytes, remote, said } = fetch;
  return ok && isAddressInPrefix(remote, promised.nat64.prefix)
    ? pass(`${bytes} bytes of ${facts.url} from ${remote}`)
    : fail(
        status === 0 ? said : `HTTP status ${status} from ${remote}`,
        `Can this machine itself fetch ${facts.url}? If not, set verify.url to something that it can.`,
      );
}

function checkSession(promised: PromisedPlan, { access, sessions, fetch, facts }: ClientEvidence): Verdict {
  const session = sessions.find(
    ({ protocol, client, serverIpv6 }) =>
      protocol === "TCP" &&
      facts.addresses.some(({ address }) => sameAddress(address, client.address)) &&
      sameAddress(serverIpv6.address, fetch.remote),
  );
  if (session === undefined) {
    return fail(
      `${sessions.length} sessions, none of ${access.address} to ${fetch.remote || promised.nat64.prefix}`,
      "The content came another way than through this translator.",
    );
  }
  const { client, ipv4, server } = session;
  const translated = embedIpv4(promised.nat64.prefix, server.address);
  return sameAddress(translated, fetch.remote)
    ? pass(
        `${client.address}#${client.id} -> ${session.serverIpv6.address} is ${ipv4.address}#${ipv4.id} -> ${server.address}#${server.id}`,
      )
    : fail(`${server.address} is not what ${fetch.remote} stands for`, "Jool's pool6 is not the planned one.");
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

function samePrefix(a: string, b: string): boolean {
  const [addressA = "", lengthA] = a.split("/");
  const [addressB = "", lengthB] = b.split("/");
  return lengthA === lengthB && sameAddress(addressA, addressB);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

function pass(evidence: string): Verdict {
  return { status: "pass", evidence };
}

function skip(evidence: string): Verdict {
  return { status: "skipped", evidence };
}

function fail(evidence: string, remedy: string): Verdict {
  return { status: "fail", evidence, remedy };
}
