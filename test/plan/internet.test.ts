import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import fc from "fast-check";
import { parseConfig } from "../../plan/config";
import type { InternetPlan } from "../../plan/internet";
import { sweepDelays, subnets } from "../../plan/internet/paths";
import { zoneKey } from "../../plan/internet/zone-key";
import {
  containsAddress,
  containsPrefix,
  overlap,
  parseIpv4,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
} from "../../plan/prefix";
import { planOf } from "../fixtures/plan";
import { inWords, problemsOf } from "./in-words";

const faultColumns = ["ipv4-only", "ipv6-only-strict", "nat64-dns64", "nat64-clat", "dual-stack"] as const;

function internetOf(kind: "simulated" | "both"): InternetPlan {
  const { internet } = planOf({ internet: { kind } });
  if (internet === undefined) throw new Error("no simulated internet was planned");
  return internet;
}

const plan = internetOf("simulated");
const allHosts = plan.nameServers.flatMap(({ zones }) => zones.flatMap(({ hosts }) => hosts));
const ipv4 = { parse: parseIpv4, prefix: parseIpv4Prefix };
const ipv6 = { parse: parseIpv6, prefix: parseIpv6Prefix };

describe("without a word about it", () => {
  it("there is no simulated internet, and nothing else is planned otherwise", () => {
    const { internet, ...rest } = planOf({});
    const { internet: explicit, ...explicitRest } = planOf({ internet: { kind: "real" } });
    expect([internet, explicit]).toEqual([undefined, undefined]);
    expect(explicitRest).toEqual(rest);
    expect(rest.dns).toMatchObject({ forwarders: ["10.0.2.3"], synthesizeAll: true });
    expect(rest.verify.url).toBeUndefined();
  });
});

describe.each([
  ["ipv4", ipv4],
  ["ipv6", ipv6],
] as const)("the %s subnets", (family, { parse, prefix }) => {
  const prefixes = subnets.map((each) => prefix(each[family]));

  it("lie in the simulated internet's own prefix and do not overlap", () => {
    for (const [index, each] of prefixes.entries()) {
      expect(containsPrefix(prefix(plan.prefixes[family]), each)).toBe(true);
      expect(prefixes.slice(index + 1).filter((other) => overlap(each, other))).toEqual([]);
    }
  });

  it("hold every address that a name leads to, but those that are a fault", () => {
    const addresses = allHosts.flatMap((host) => (family === "ipv4" ? host.a : host.aaaa));
    const outside = addresses.filter((address) => !prefixes.some((each) => containsAddress(each, parse(address))));
    expect(outside).toEqual(family === "ipv4" ? ["10.66.66.66"] : ["::ffff:192.0.2.42"]);
  });

  it("give each server of a kind of its own, each name server and each proxy an address of its own", () => {
    const own = [
      ...Object.values(plan.oddPlaces).map((pair) => pair[family]),
      ...plan.nameServers.flatMap(({ addresses }) =>
        addresses.filter((address) => address.includes(":") === (family === "ipv6")),
      ),
      ...plan.proxies.flatMap(({ host }) => (family === "ipv4" ? host.a : host.aaaa)),
      plan.link.gateway[family],
      plan.link.router[family],
    ];
    expect(new Set(own).size).toBe(own.length);
  });
});

describe("the paths", () => {
  it("have names that Linux takes for cards (IFNAMSIZ) and that no command takes for a word of its own", () => {
    const names = [...plan.paths.map(({ name }) => name), ...plan.proxies.map(({ name }) => `proxy-${name}`)];
    expect(names.filter((name) => !/^[a-z][a-z0-9-]{1,14}$/.test(name))).toEqual([]);
    expect(new Set([...names, "gateway", "lo"]).size).toBe(names.length + 2);
  });

  it("have a delay around Happy Eyeballs' for each step of the sweep, named by it", () => {
    for (const delay of sweepDelays)
      expect(plan.paths.find(({ name }) => name === `delay-${delay}`)?.netem.toServers).toBe(`delay ${delay}ms`);
  });
});

describe("the servers of the base scenarios", () => {
  it.each([
    ["v4only.test", 1, 0],
    ["v6only.test", 0, 1],
    ["dualstack.test", 1, 1],
  ])("%s has %i IPv4 and %i IPv6 addresses", (name, a, aaaa) => {
    const host = plan.hosts.find((each) => each.name === name);
    expect([host?.a.length, host?.aaaa.length]).toEqual([a, aaaa]);
  });
});

describe("the zones", () => {
  it.each(plan.nameServers.flatMap(({ zones }) => zones).map((zone) => [zone.name, zone] as const))(
    "%s has every name once, below itself, and none that is delegated",
    (name, zone) => {
      const names = [...zone.hosts.map((host) => host.name), ...zone.aliases.map((alias) => alias.name)];
      expect(new Set(names).size).toBe(names.length);
      for (const each of names) {
        expect(each.endsWith(`.${name}`)).toBe(true);
        expect(each.length).toBeLessThanOrEqual(253);
        expect(zone.delegations.filter(({ zone: child }) => each === child || each.endsWith(`.${child}`))).toEqual([]);
      }
    },
  );

  it("are delegated to name servers whose addresses answer for them, but the lame one", () => {
    const [parent] = plan.nameServers.flatMap(({ zones }) => zones);
    for (const { zone, to } of parent?.delegations ?? []) {
      const server = parent?.hosts.find(({ name }) => name === to);
      const answering = plan.nameServers.filter(
        ({ addresses, zones }) =>
          zones.some(({ name }) => name === zone) &&
          [...(server?.a ?? []), ...(server?.aaaa ?? [])].every((each) => addresses.includes(each)),
      );
      expect({ zone, answering: answering.length }).toEqual({ zone, answering: zone === "servfail.test" ? 0 : 1 });
    }
  });

  it("that not everybody reaches are unknown to the name server that everybody reaches", () => {
    const main = plan.nameServers.find(({ name }) => name === "main");
    expect(main?.zones.map(({ name }) => name)).toEqual(["test", "signed.test", "bogus.test"]);
  });
});

describe("a zone's key", () => {
  it("is the same for the same lab and purpose, and another for another", () => {
    const texts = fc.string();
    fc.assert(
      fc.property(texts, texts, texts, (stack, one, other) => {
        const identity = { project: "p", stack };
        expect(zoneKey(identity, one)).toEqual(zoneKey(identity, one));
        expect(zoneKey(identity, one).dnskey === zoneKey(identity, other).dnskey).toBe(one === other);
      }),
    );
  });

  it("is a pair: what the private key signs, the DNSKEY verifies", () => {
    const { dnskey, privateKey } = zoneKey({ project: "p", stack: "s" }, "signed");
    const [flags, protocol, algorithm, publicKey = ""] = dnskey.split(" ");
    expect([flags, protocol, algorithm]).toEqual(["257", "3", "15"]);
    const x = Buffer.from(publicKey, "base64").toString("base64url");
    const d = Buffer.from(privateKey, "base64").toString("base64url");
    const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", x, d }, format: "jwk" });
    const publicOne = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    expect(verify(null, Buffer.from("zone"), publicOne, sign(null, Buffer.from("zone"), key))).toBe(true);
  });

  it("that signs a bogus zone is not the one that is trusted", () => {
    const zones = plan.nameServers
      .flatMap((server) => server.zones)
      .filter(({ signedWith }) => signedWith !== undefined);
    expect(
      zones.map(({ name, signedWith, trustAnchor }) => [name, signedWith?.dnskey === trustAnchor?.dnskey]),
    ).toEqual([
      ["signed.test", true],
      ["bogus.test", false],
    ]);
  });
});

describe("the pairs", () => {
  const pair = (name: string) => plan.pairs.find((each) => each.name === name);

  it("have names of their own, and every server and proxy of theirs is there, with its port", () => {
    const names = [...plan.pairs, ...plan.faults].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { url, proxy } of plan.pairs) {
      expect(plan.hosts.map(({ name }) => name)).toContain(new URL(url).hostname);
      if (proxy === undefined) continue;
      const { protocol, hostname, port } = new URL(proxy);
      const own = plan.proxies.find(({ host }) => host.name === hostname);
      expect(Number(port)).toBe(protocol === "http:" ? own?.httpPort : own?.socksPort);
    }
  });

  it.each([
    ["to-v4only", "works", "fails", "works", "works"],
    ["to-v6only", "fails", "works", "works", "works"],
    ["to-dualstack", "works", "works", "works", "works"],
    ["connect-v4only-to-dualstack", "works", "fails", "works", "works"],
    ["socks-strict-to-dualstack", "fails", "works", "works", "works"],
    ["connect-dual-to-v4only", "works", "works", "works", "works"],
    ["socks-dual-to-v6only", "works", "works", "works", "works"],
  ])("come to what the draft says: %s", (name, ipv4Only, strict, nat64, dual) => {
    expect(pair(name)?.expected).toEqual({
      "ipv4-only": ipv4Only,
      "ipv6-only-strict": strict,
      "nat64-dns64": nat64,
      "nat64-clat": nat64,
      "dual-stack": dual,
    });
  });
});

describe("the faults", () => {
  it("have names of their own, and a URL that leads to them, or into the zone", () => {
    expect(new Set(plan.faults.map(({ name }) => name)).size).toBe(plan.faults.length);
    for (const { url, name, host } of plan.faults) {
      const own = host?.name ?? (expect.stringMatching(/\.test$/) as string);
      expect({ name, host: new URL(url).hostname }).toEqual({ name, host: own });
    }
  });

  const hostOf = (name: string) => plan.faults.find((fault) => fault.name === name)?.host;

  it.each(["blackhole", "unreachable", "refused"])("hurt one family and leave the other good: %s", (kind) => {
    const good = plan.hosts.find(({ name }) => name === "dualstack.test");
    expect(hostOf(`aaaa-${kind}`)?.a).toEqual(good?.a);
    expect(hostOf(`a-${kind}`)?.aaaa).toEqual(good?.aaaa);
    expect(hostOf(`aaaa-${kind}`)?.aaaa).not.toEqual(good?.aaaa);
    expect(hostOf(`a-${kind}`)?.a).not.toEqual(good?.a);
  });

  it.each(plan.deadEnds.map((deadEnd) => [deadEnd.kind, deadEnd] as const))(
    "that are called %s lead behind the dead end of that kind",
    (kind, deadEnd) => {
      const [a = "", aaaa = ""] = [hostOf(`a-${kind}`)?.a[0], hostOf(`aaaa-${kind}`)?.aaaa[0]];
      expect(containsAddress(parseIpv4Prefix(deadEnd.ipv4), parseIpv4(a))).toBe(true);
      expect(containsAddress(parseIpv6Prefix(deadEnd.ipv6), parseIpv6(aaaa))).toBe(true);
    },
  );

  it.each([
    ["v6", 0, 1],
    ["v4", 1, 0],
  ])("of dropped fragments over IP%s ask a name server of %i IPv4 and %i IPv6 addresses", (family, a, aaaa) => {
    const host = hostOf(`${family}-no-fragments`);
    expect([host?.a.length, host?.aaaa.length]).toEqual([a, aaaa]);
  });

  it("of a smaller MTU say what fits the way by IPv6, of which hosts can be told", () => {
    const ofMtu = plan.faults.filter(({ pathMtu }) => pathMtu !== undefined);
    expect(ofMtu.map(({ name, pathMtu }) => [name, pathMtu])).toEqual([["v6-mtu-silent", 1280]]);
  });

  it("of an answer that is truncated need more octets than a datagram has (RFC 9715), and lead to a server at last", () => {
    const aliases = plan.nameServers.flatMap(({ zones }) => zones.flatMap((zone) => zone.aliases));
    const targets = aliases.map(({ target }) => target);
    expect(aliases.map(({ name }) => name)).toEqual(["truncated.faults.test", ...targets.slice(0, -1)]);
    expect(targets.at(-1)).toBe("dualstack.test");
    expect(targets.join("").length).toBeGreaterThan(1400);
  });

  it("expect what the matrix says of an AAAA, and of an A, that leads nowhere", () => {
    const expected = (name: string) => plan.faults.find((fault) => fault.name === name)?.expected;
    expect(expected("aaaa-blackhole")).toEqual({
      "ipv4-only": "works",
      "ipv6-only-strict": "fails",
      "nat64-dns64": "fails",
      "nat64-clat": "works",
      "dual-stack": "works",
    });
    expect(expected("a-blackhole")).toEqual({
      "ipv4-only": "fails",
      "ipv6-only-strict": "works",
      "nat64-dns64": "works",
      "nat64-clat": "works",
      "dual-stack": "works",
    });
  });
});

describe("what is tried in the simulated internet", () => {
  it("is the draft's table: how each attempt is called, what it fetches and what it comes to, column by column", () => {
    const signs = { works: "+", fails: "-", "left open": "?" } as const;
    const lines = [...plan.pairs, ...plan.faults].map(({ name, row, title, url, proxy, expected }) => {
      const columns = faultColumns.map((column) => signs[expected[column] ?? "left open"]);
      return `${columns.join(" ")}  ${name}: ${title} [${row}] ${url}${proxy === undefined ? "" : ` by ${proxy}`}`;
    });
    expect([faultColumns.join(", "), ...lines].join("\n")).toMatchSnapshot();
  });

  it("lies on these paths", () => {
    const lines = plan.paths.map(({ name, title, ipv4: v4, ipv6: v6, mtu, tooBig, fragments, netem }) =>
      [
        ...[`${name}: ${title}`, v4, v6, `MTU ${mtu ?? "as the rest"}`],
        ...[tooBig ? "says Packet Too Big" : "silent", fragments ? "fragments pass" : "no fragments"],
        ...[`to servers ${netem.toServers ?? "at once"}`, `from servers ${netem.fromServers ?? "at once"}`],
      ].join(", "),
    );
    expect(lines.join("\n")).toMatchSnapshot();
  });
});

describe("with a simulated internet", () => {
  const lab = planOf({ internet: { kind: "simulated" } });

  it("nobody else is asked for names, and AAAA records are seen as they are", () => {
    expect(lab.dns).toMatchObject({ forwarders: [], dnssec: "off", synthesizeAll: false });
    expect(planOf({ internet: { kind: "simulated" }, dns: { dnssec: "on" } }).dns.dnssec).toBe("off");
  });

  it("a page of its own proves that IPv4-only content is reached, unless another one is configured", () => {
    const url = "http://dualstack.test/";
    expect(lab.verify.url).toBe("http://v4only.test/bytes");
    expect(planOf({ internet: { kind: "simulated" }, verify: { url } }).verify.url).toBe(url);
    expect(planOf({ internet: { kind: "both" } }).verify.url).toBeUndefined();
  });

  it("nothing but it is translated to", () => {
    const inside = parseIpv4Prefix(plan.prefixes.ipv4);
    const denied = lab.nat64.deniedIpv4.map(parseIpv4Prefix);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 32n - 1n), (address) => {
        expect(denied.some((each) => containsAddress(each, address))).toBe(!containsAddress(inside, address));
      }),
    );
    expect(denied.filter((each) => overlap(each, inside))).toEqual([]);
  });

  it("beside the real one, names and packets go where they went", () => {
    const both = planOf({ internet: { kind: "both" } });
    const real = planOf({});
    expect(both.dns).toEqual(real.dns);
    expect(both.nat64).toEqual(real.nat64);
  });

  it.each([
    ["lan.prefix", { lan: { prefix: "3fff:10:0:1::/64" } }],
    ["networks[0].ipv4", { networks: [{ name: "old", scenario: "ipv4-only", ipv4: "192.0.2.0/25" }] }],
    ["nat64.prefix", { nat64: { prefix: "3fff:10:0:64::/96" } }],
    ["nat64.pool4[0].prefix", { nat64: { pool4: [{ prefix: "192.0.2.7/32" }] } }],
    ["nat64.pool4[1].prefix", { nat64: { pool4: [{ prefix: "10.0.2.15" }, { prefix: "192.0.2.1" }] } }],
    ["dns.forwarders[0]", { dns: { forwarders: ["192.0.2.53"] } }],
    ["dns.forwarders[1]", { dns: { forwarders: ["198.51.100.53", "3fff:10::53@5353"] } }],
  ])("%s cannot lie in it", (key, raw) => {
    const both = { ...raw, internet: { kind: "both" } };
    const problems = problemsOf(both);
    expect(problems.map((problem) => problem.key)).toEqual([key]);
    expect(inWords(problems, both)).toMatchSnapshot();
    expect(problemsOf(raw)).toEqual([]);
  });

  it("translates from no address in it but the gateway's own, where there is no other internet", () => {
    const raw = {
      internet: { kind: "simulated" },
      nat64: { pool4: [{ prefix: "192.0.2.1" }, { prefix: "192.0.2.7" }] },
    };
    expect(problemsOf(raw).map((problem) => problem.key)).toEqual(["nat64.pool4[1].prefix"]);
  });

  it("clients of a distribution's image keep a way to their packages", () => {
    const image = { kind: "cloud", location: "/debian.qcow2" };
    const raw = { image, internet: { kind: "simulated" } };
    expect(inWords(problemsOf(raw), raw)).toMatchSnapshot();
    expect(() => parseConfig({ image, internet: { kind: "both" } })).not.toThrow();
  });
});
