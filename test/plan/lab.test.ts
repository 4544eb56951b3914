import fc from "fast-check";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { nonGlobalIpv4 } from "../../plan/address-space";
import type { ClientPlan, QemuPlatformPlan, VspherePlatformPlan } from "../../plan/model";
import { sealedIpv4 } from "../../plan/nat64";
import {
  containsAddress,
  formatIpv4,
  overlap,
  parseIpv4Prefix,
  parseIpv6,
  parseIpv6Prefix,
  type Prefix,
} from "../../plan/prefix";
import { generateKeyPair } from "../../ssh";
import { homeOf, lanOf, planOf } from "../fixtures/plan";
import { platformWith } from "./bad-vsphere";
import { problemsOf } from "./in-words";

const identity = { project: "ipv6-only-lab", stack: "test" };

const platforms = fc.constantFrom({}, { uplink: { kind: "bridged", bridge: "br0" } }, platformWith({}));

/** Often inside, around or beside what is special. */
const ipv4Prefix = fc
  .tuple(
    fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0x0a000200, 0x0a000202, 0x7f000001, 0xc0000000, 0xffffffff)),
    fc.integer({ min: 0, max: 32 }),
  )
  .map(([address, length]) => {
    const bits = BigInt(32 - length);
    return `${formatIpv4((BigInt(address) >> bits) << bits)}/${length}`;
  });

describe("the plan of the default configuration", () => {
  const plan = planOf();

  it("is the original lab", () => {
    expect(plan.networks).toHaveLength(1);
    expect(lanOf(plan)).toMatchObject({
      ...{ name: "lan", card: "lan", scenario: "ipv6-only-nat64", resolver: "dns64", translated: true },
      ...{ prefix: "fc01:0:0:1::/64", gatewayAddress: "fc01:0:0:1::1", mtu: 1500, ipv4: undefined },
    });
    expect(plan.nat64).toMatchObject({ prefix: "64:ff9b::/96", pool4: { kind: "automatic" } });
    expect(plan.dns).toMatchObject({ dns64Prefix: "64:ff9b::/96", synthesizeAll: true });
    expect(lanOf(plan).routerAdvertisements).toMatchObject({
      minInterval: 3,
      maxInterval: 10,
      otherConfig: true,
      managed: false,
      prefix: { onLink: true, autonomous: true, routerAddress: true },
    });
    expect(lanOf(plan).dhcpv6).toEqual({ mode: "stateless", dnsServers: ["fc01:0:0:1::1"], searchDomains: [] });
    expect(plan.clients.map(({ name }) => name)).toEqual(["client-1"]);
  });

  it("announces the resolver and PREF64 for three intervals, PREF64 rounded up to units of 8 seconds", () => {
    expect(lanOf(plan).routerAdvertisements.rdnss).toEqual({ servers: ["fc01:0:0:1::1"], lifetime: 30 });
    expect(lanOf(plan).routerAdvertisements.pref64).toEqual({ prefix: "64:ff9b::/96", lifetime: 32 });
    expect(lanOf(plan).routerAdvertisements.routerLifetime).toBe(30);
  });

  it("denies destinations that are not global, but not the documentation blocks", () => {
    expect(plan.nat64.deniedIpv4).toEqual([
      "0.0.0.0/8",
      "10.0.0.0/8",
      "100.64.0.0/10",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.0.0.0/24",
      "192.168.0.0/16",
      "198.18.0.0/15",
      "224.0.0.0/4",
      "240.0.0.0/4",
    ]);
  });

  it("asks QEMU's resolver, which cannot be relied on for signatures", () => {
    expect(plan.dns).toMatchObject({ forwarders: ["10.0.2.3"], dnssec: "off" });
  });

  it("answers ipv4only.arpa with the addresses of RFC 7050 inside the prefix", () => {
    expect(plan.dns.ipv4OnlyArpa).toEqual(["64:ff9b::c000:aa", "64:ff9b::c000:ab"]);
  });
});

describe("what is derived", () => {
  it("asks systemd-resolved on a bridged uplink, and probes for DNSSEC", () => {
    const { dns } = planOf({ uplink: { kind: "bridged", bridge: "br0" } });
    expect(dns).toMatchObject({ forwarders: ["127.0.0.53"], dnssec: "auto" });
  });

  it("asks the resolvers that are configured and no other, and probes them for DNSSEC", () => {
    const forwarders = ["192.0.2.53", "198.51.100.1@5353"];
    expect(planOf({ dns: { forwarders } }).dns).toMatchObject({ forwarders, dnssec: "auto" });
  });

  it("validates where it is told to, also what QEMU's resolver hands through", () => {
    expect(planOf({ dns: { dnssec: "on" } }).dns.dnssec).toBe("on");
  });

  it.each([
    ["none", true],
    ["nat66", false],
    ["native", false],
  ])("with IPv6 %s on the uplink, synthesizes every name: %s", (ipv6, synthesizeAll) => {
    expect(planOf({ uplink: { kind: "bridged", bridge: "br0", ipv6 } }).dns.synthesizeAll).toBe(synthesizeAll);
  });

  it.each([
    ["none", false],
    ["nat66", true],
  ])(
    "with IPv6 %s on the uplink, synthesizes every name all the same where it is told to: %s",
    (ipv6, synthesizeAll) => {
      expect(planOf({ uplink: { ipv6 }, dns: { synthesizeAll } }).dns.synthesizeAll).toBe(synthesizeAll);
    },
  );

  it("takes allowed destinations out of the denied ones", () => {
    const { nat64 } = planOf({
      nat64: { prefix: "64:ff9b:1::/48", deniedIpv4: ["198.51.100.0/24", "10.9.0.0/16"], allowedIpv4: ["10.0.0.0/9"] },
    });
    expect(nat64.deniedIpv4).toContain("198.51.100.0/24");
    expect(nat64.deniedIpv4.filter((prefix) => prefix.startsWith("10."))).toEqual(["10.0.2.0/24", "10.128.0.0/9"]);
  });

  it("denies what the configuration denies, unless it allows it: every address is denied or allowed as written", () => {
    const prefixes = fc.array(ipv4Prefix, { maxLength: 4 });
    fc.assert(
      fc.property(prefixes, prefixes, platforms, (deniedIpv4, allowedIpv4, platform) => {
        // Checks stand before the plan; here even what they refuse must not open anything.
        const config = { ...parseConfig(platform), nat64: { ...parseConfig({}).nat64, deniedIpv4, allowedIpv4 } };
        const { nat64 } = planLab(config, identity);
        const denied = nat64.deniedIpv4.map(parseIpv4Prefix);
        const configured = deniedIpv4.map(parseIpv4Prefix);
        const allowed = allowedIpv4.map(parseIpv4Prefix);
        const sealed = sealedIpv4(config).map(({ prefix }) => prefix);
        const inside = (all: readonly Prefix[], address: bigint) => all.some((each) => containsAddress(each, address));
        for (const { address } of [...denied, ...configured, ...allowed, ...nonGlobalIpv4, ...sealed]) {
          const unopened = !inside(allowed, address) || inside(sealed, address);
          const unwanted = inside([...configured, ...nonGlobalIpv4, ...sealed], address);
          expect(inside(denied, address)).toBe(unopened && unwanted);
        }
        const sorted = [...denied].sort((one, other) => (one.address < other.address ? -1 : 1));
        expect(denied).toEqual(sorted);
        expect(denied.some((each, index) => denied.slice(index + 1).some((next) => overlap(each, next)))).toBe(false);
      }),
    );
  });

  it("keeps the machine that runs the lab out of the clients' reach, whatever is allowed", () => {
    const everything = { prefix: "64:ff9b:1::/48", allowedIpv4: ["0.0.0.0/0"] };
    const bridged = { kind: "bridged", bridge: "br0", ipv6: "nat66" };
    expect(planOf({ nat64: everything }).nat64.deniedIpv4).toContain("10.0.2.0/24");
    expect(planOf({ nat64: everything, uplink: bridged }).nat64.deniedIpv4).toContain("10.0.2.0/24");
    expect(planOf({ ...platformWith({}), nat64: everything }).nat64.deniedIpv4).toEqual([
      "0.0.0.0/8",
      "127.0.0.0/8",
      "224.0.0.0/4",
      "255.255.255.255/32",
    ]);
    expect(planOf({ uplink: { ipv6: "nat66" } }).uplink.hostNetworks).toEqual({
      ipv4: ["10.0.2.0/24"],
      ipv6: ["::/96", "::ffff:0:0/96", "fec0::/64"],
    });
    expect(planOf({ uplink: bridged }).uplink.hostNetworks.ipv6).toEqual([]);
  });

  it("lets in who is configured, each key once, and fetches the page that is configured", () => {
    const keys = ["one", "other"].map((comment) => generateKeyPair(comment).publicKey).sort();
    const url = "http://mirror.example/";
    const plan = planOf({ ssh: { authorizedKeys: [...keys, ...keys].reverse() }, verify: { url, timeout: 60 } });
    expect(plan.ssh).toEqual({ user: "lab", authorizedKeys: keys });
    expect(plan.verify).toEqual({ url, timeout: 60 });
  });

  it("gives SSH a card of its own where the uplink is somebody else's network", () => {
    const { gateway } = planOf({ uplink: { kind: "bridged", bridge: "br0" } });
    expect(gateway.managementMac).toMatch(/^[0-9a-f][26ae]:/);
    expect(planOf().gateway.managementMac).toBeUndefined();
  });

  it("attaches the gateway to what the platform has", () => {
    const image = { kind: "build", release: "trixie", mirror: undefined, jool: "prebuilt", extraPackages: [] };
    const uplink = { kind: "nat" };
    expect(planOf().platform).toStrictEqual({ kind: "qemu", accelerator: "auto", image, uplink });
    expect(planOf().uplink.ipv4).toEqual({ kind: "dhcp" });
    const bridged = planOf({ uplink: { kind: "bridged", bridge: "br0" }, image: { kind: "cloud", location: "a" } });
    expect(bridged.platform).toMatchObject({
      uplink: { kind: "bridged", bridge: "br0" },
      image: { kind: "cloud", location: "a" },
    });
    expect(bridged.guest).toEqual({ kind: "generic", extraPackages: [] });
    expect(planOf({ image: { jool: "first-boot" } }).guest).toEqual({ kind: "complete", jool: "first-boot" });
  });

  it("cannot be written down for a platform that does not have it", () => {
    // @ts-expect-error a port group is vSphere's
    const uplink: QemuPlatformPlan["uplink"] = { kind: "portGroup", network: "VM Network" };
    // @ts-expect-error and a bridge is this machine's
    const attachment: VspherePlatformPlan["uplink"] = { kind: "bridged", bridge: "br0" };
    expect([uplink, attachment]).toHaveLength(2);
  });

  it("makes a pool entry without a protocol one for each, and one with a protocol that one alone", () => {
    const pool4 = [{ prefix: "10.0.2.15" }, { prefix: "10.0.2.16", protocol: "UDP" }];
    const entryOf = (protocol: string, prefix: string) => ({ protocol, prefix, portRange: "61001-65535" });
    expect(planOf({ nat64: { pool4 } }).nat64.pool4).toEqual({
      kind: "explicit",
      entries: [
        ...["TCP", "UDP", "ICMP"].map((protocol) => entryOf(protocol, "10.0.2.15/32")),
        entryOf("UDP", "10.0.2.16/32"),
      ],
    });
  });

  it("writes durations as Jool reads them, and its settings in the order of their names", () => {
    const { globals } = planOf({ nat64: { timeouts: { udp: 3725 } } }).nat64;
    expect(globals["udp-timeout"]).toBe("01:02:05");
    expect(Object.keys(globals)).toEqual(Object.keys(globals).sort());
  });

  it.each([1280, 1400, 1500, 9000])(
    "has Jool cut what comes in the smallest fragments it can, on a LAN's MTU of %d",
    (mtu) => {
      expect(planOf({ lan: { mtu } }).nat64.globals["lowest-ipv6-mtu"]).toBe(1280);
    },
  );

  it.each([
    ["off", { managed: false, otherConfig: false, autonomous: true }],
    ["stateless", { managed: false, otherConfig: true, autonomous: true }],
    ["stateful", { managed: true, otherConfig: true, autonomous: false }],
  ])("with DHCPv6 %s sets the flags %j", (mode, { managed, otherConfig, autonomous }) => {
    const { routerAdvertisements } = lanOf(planOf({ dhcpv6: { mode } }));
    expect(routerAdvertisements).toMatchObject({ managed, otherConfig, prefix: { autonomous } });
  });

  it("keeps the PREF64 lifetime a multiple of 8 and within 13 bits of units", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 65_535 }), (maxInterval) => {
        const prefix = { preferredLifetime: 86_400 };
        const lifetime =
          lanOf(planOf({ routerAdvertisements: { maxInterval, prefix } })).routerAdvertisements.pref64?.lifetime ?? 0;
        expect(lifetime % 8).toBe(0);
        expect(lifetime).toBeLessThanOrEqual(65_528);
        expect(lifetime).toBeGreaterThanOrEqual(Math.min(3 * maxInterval, 65_528));
      }),
    );
  });

  it("leaves PREF64 out when it is off", () => {
    expect(lanOf(planOf({ routerAdvertisements: { pref64: false } })).routerAdvertisements.pref64).toBeUndefined();
  });
});

describe("a client's address", () => {
  it("is the EUI-64 one of its MAC with SLAAC", () => {
    const [client] = planOf().clients;
    expect(client).toMatchObject({ interfaceId: { kind: "eui64" } });
    const lowest40Bits = BigInt.asUintN(40, parseIpv6(client === undefined ? "" : homeOf(client)));
    const lowest24BitsOfMac = client?.lanMac.replaceAll(":", "").slice(-6) ?? "";
    expect(lowest40Bits.toString(16)).toBe(`fffe${lowest24BitsOfMac}`);
  });

  it("is the fixed one where one is given", () => {
    const [client] = planOf({ clients: [{ name: "phone", interfaceId: "::10" }] }).clients;
    expect(client).toMatchObject({
      interfaceId: { kind: "fixed", token: "::10" },
      addresses: { lan: { ipv6: "fc01:0:0:1::10", ipv4: undefined } },
    });
  });

  it("is the reserved one where DHCPv6 alone gives addresses", () => {
    const plan = planOf({
      dhcpv6: { mode: "stateful" },
      clients: [{ name: "a", interfaceId: "::10" }, { name: "b" }],
    });
    const { clients } = plan;
    const { dhcpv6 } = lanOf(plan);
    if (dhcpv6.mode !== "stateful") throw new Error("not stateful");
    const reserved = (client: ClientPlan) => dhcpv6.reservations.find(({ mac }) => mac === client.lanMac)?.address;
    expect(clients.map(homeOf)).toEqual(clients.map(reserved));
    expect(clients.map(homeOf)[0]).toBe("fc01:0:0:1::10");
    expect(dhcpv6).toMatchObject({
      pool: { first: "fc01:0:0:1::d000", last: "fc01:0:0:1::dfff" },
      preferredLifetime: 600,
      validLifetime: 7200,
    });
  });

  it("is reserved in the order of the MACs, and for nobody where DHCPv6 is off", () => {
    const plan = planOf({ clients: 5, dhcpv6: { mode: "stateful" } });
    expect(lanOf(plan).dhcpv6).toMatchObject({
      reservations: plan.clients
        .map(({ lanMac: mac }) => ({ mac }))
        .sort((one, other) => (one.mac < other.mac ? -1 : 1)),
    });
    expect(lanOf(planOf({ clients: 5, dhcpv6: { mode: "off" } })).dhcpv6).toEqual({ mode: "off" });
  });

  it("is never also reserved where the client makes it itself", () => {
    const plan = planOf({
      dhcpv6: { mode: "stateful" },
      routerAdvertisements: { prefix: { autonomous: true } },
      clients: [{ name: "a", interfaceId: "::10" }, { name: "b" }],
    });
    const addresses = plan.clients.map(homeOf);
    const { dhcpv6 } = lanOf(plan);
    if (dhcpv6.mode !== "stateful") throw new Error("not stateful");
    const reserved = dhcpv6.reservations.map(({ address }) => address);
    expect(reserved.filter((address) => addresses.includes(address))).toEqual([]);
    expect(addresses[0]).toBe("fc01:0:0:1::10");
  });
});

describe("the gateway", () => {
  it.each([
    ["as much memory as a client, so that both come from one template", {}, 512],
    ["more where it builds Jool itself", { image: { jool: "first-boot" } }, 1024],
    ["more where its image is a distribution's", { image: { kind: "cloud", location: "a" } }, 1024],
    ["what it is given", { gateway: { memory: 700 } }, 700],
  ])("has %s", (_sentence, config, memory) => {
    expect(planOf(config).gateway.memoryMiB).toBe(memory);
  });
});

describe("the clients of a lab", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/), { minLength: 1, maxLength: 12 });
  const usableNames = names.filter((all) => !all.some((name) => ["gateway", "localhost", "all"].includes(name)));
  const mode = fc.constantFrom("off", "stateless", "stateful");

  const clientsOf = (clients: readonly string[], dhcpv6: string) =>
    planOf({ clients: clients.map((name) => ({ name })), dhcpv6: { mode: dhcpv6 } }).clients;

  it("are not touched when others are added, removed or reordered", () => {
    fc.assert(
      fc.property(usableNames, mode, fc.nat(), (all, dhcpv6, seed) => {
        const before = clientsOf(all, dhcpv6);
        const fewer = [...all].reverse().filter((_, index) => index === 0 || (seed >> index) % 2 === 0);
        for (const client of clientsOf(fewer, dhcpv6)) {
          expect(before.find(({ name }) => name === client.name)).toEqual(client);
        }
        expect(clientsOf([...all].reverse(), dhcpv6)).toEqual(before);
      }),
      { numRuns: 50 },
    );
  });

  it("all have addresses of their own inside the LAN", () => {
    fc.assert(
      fc.property(usableNames, mode, (all, dhcpv6) => {
        const plan = planOf({ clients: all.map((name) => ({ name })), dhcpv6: { mode: dhcpv6 } });
        const { gateway, clients } = plan;
        const lan = lanOf(plan);
        const addresses = [lan.gatewayAddress, ...clients.map(homeOf)];
        const macs = [gateway.uplinkMac, lan.gatewayMac, gateway.managementMac, ...clients.map(({ lanMac }) => lanMac)];
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(new Set(macs).size).toBe(macs.length);
        const prefix = parseIpv6Prefix(lan.prefix);
        expect(addresses.every((address) => containsAddress(prefix, parseIpv6(address)))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("are the same by count as by a list of the same names, sorted as people count", () => {
    const counted = planOf({ clients: 11 }).clients;
    const listed = clientsOf(
      Array.from({ length: 11 }, (_, index) => `client-${11 - index}`),
      "stateless",
    );
    expect(counted).toEqual(listed);
    expect(counted.map(({ name }) => name).slice(0, 3)).toEqual(["client-1", "client-2", "client-3"]);
    expect(counted.at(-1)?.name).toBe("client-11");
  });

  it("are in one order, also where two names count alike", () => {
    const [one, other] = [
      ["a-1", "a-01", "a-2"],
      ["a-2", "a-01", "a-1"],
    ].map((names) => clientsOf(names, "stateless"));
    expect(one?.map(({ name }) => name)).toEqual(["a-01", "a-1", "a-2"]);
    expect(other).toEqual(one);
  });

  it("do without IPv4, and have a CLAT, where their entry says so and not otherwise", () => {
    const clients = [{ name: "a" }, { name: "b", option108: true }, { name: "c", clat: true }];
    expect(planOf({ clients }).clients.map(({ option108, clat }) => [option108, clat])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
  });

  it("have no address by DHCPv6 where there is no IPv6, whatever its mode", () => {
    const networks = [{ name: "old", scenario: "ipv4-only" }];
    const { clients } = planOf({ networks, dhcpv6: { mode: "stateful" }, clients: 2 });
    expect(clients.map(({ addresses }) => addresses.old?.ipv6)).toEqual([undefined, undefined]);
  });

  it("take their size from clientDefaults where they do not say otherwise", () => {
    const { clients } = planOf({
      clientDefaults: { memory: 768 },
      clients: [
        { name: "a", cpus: 2 },
        { name: "b", memory: 1024 },
      ],
    });
    expect(clients.map(({ memoryMiB, cpus }) => [memoryMiB, cpus])).toEqual([
      [768, 2],
      [1024, 1],
    ]);
  });

  it("that would share the gateway's address, made by hash, are refused", () => {
    const [address = ""] = planOf().clients.map(homeOf);
    const gatewayInterfaceId = address.replace("fc01::1:", "::");
    expect(problemsOf({ lan: { gatewayInterfaceId } })).toEqual([
      {
        key: "clients",
        value: address,
        why: "would be both gateway's and client-1's.",
        remedy: "Give client-1 another name or interfaceId.",
      },
    ]);
  });

  it("may have an address that DHCPv6 would give to another, when it gives none", () => {
    const stateful = planOf({ clients: [{ name: "a" }], dhcpv6: { mode: "stateful" } });
    const [address = ""] = stateful.clients.map(homeOf);
    const interfaceId = address.replace("fc01::1:", "::");
    const clients = [{ name: "a" }, { name: "b", interfaceId }];
    expect(planOf({ clients }).clients.map(homeOf)[1]).toBe(address);
    const both = {
      key: "clients (b)",
      value: address,
      why: "would be both a's and b's.",
      remedy: "Give b another name or interfaceId.",
    };
    expect(problemsOf({ clients, dhcpv6: { mode: "stateful" } })).toEqual([both]);
    // Also beside an address that each makes itself.
    const routerAdvertisements = { prefix: { autonomous: true } };
    expect(problemsOf({ clients, dhcpv6: { mode: "stateful" }, routerAdvertisements })).toEqual([both]);
  });

  it("that would share an address with a machine made by hash are refused", () => {
    const [taken = ""] = planOf({ clients: [{ name: "a" }] }).clients.map(homeOf);
    const token = taken.replace("fc01::1:", "::");
    expect(() => planOf({ clients: [{ name: "a" }, { name: "b", interfaceId: token }] })).toThrow(/both a's and b's/);
  });
});

describe("a lab's names", () => {
  it("decide MACs and addresses as in every version before: with others, `up` would make the machines anew", () => {
    const networks = [
      { name: "office", scenario: "dual-stack" },
      { name: "guests", scenario: "ipv6-only-nat64" },
    ];
    const plans = [
      planOf(),
      planOf({ networks, clients: 2, uplink: { kind: "bridged", bridge: "br0" } }),
      planOf({ dhcpv6: { mode: "stateful" } }),
      planOf(platformWith({})),
    ];
    expect(
      plans.map(({ gateway, networks: all, clients }) => ({
        gateway: [gateway.uplinkMac, gateway.managementMac, ...all.map(({ gatewayMac }) => gatewayMac)],
        networks: all.map(({ card, ipv6, ipv4 }) => [card, ipv6?.prefix, ipv4?.prefix]),
        clients: clients.map(({ lanMac, linkLocalAddress, addresses }) => ({ lanMac, linkLocalAddress, addresses })),
      })),
    ).toMatchSnapshot();
  });
});

describe("two labs", () => {
  it("of one configuration differ in every MAC and client address", () => {
    const config = parseConfig({ clients: 5 });
    const values = ["dev", "test"].flatMap((stack) => {
      const plan = planLab(config, { ...identity, stack });
      const ofClients = plan.clients.flatMap((client) => [client.lanMac, homeOf(client)]);
      return [plan.gateway.uplinkMac, lanOf(plan).gatewayMac, ...ofClients];
    });
    expect(new Set(values).size).toBe(values.length);
  });

  it("of one configuration and identity are planned alike, byte for byte", () => {
    const raw = { clients: 3, dhcpv6: { mode: "stateful" } };
    expect(JSON.stringify(planOf(raw))).toBe(JSON.stringify(planOf(raw)));
  });
});

it("plans ten thousand clients with about ten times the work of one thousand, not a hundred times", () => {
  // Of the processor, which others cannot lengthen.
  const work = (clients: number) => {
    const config = parseConfig({ clients });
    const before = process.cpuUsage();
    planLab(config, identity);
    return process.cpuUsage(before).user;
  };
  work(1000);
  const small = Math.min(work(1000), work(1000), work(1000));
  expect(work(10_000)).toBeLessThan(50 * small);
});
