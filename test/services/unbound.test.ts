import { unbound as service, unboundPlain } from "../../services/unbound";
import { allScenarios, configurations, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

const mainFile = "/etc/unbound/unbound.conf";

/** Every `key: value` of unbound.conf, in order, without the quotes. */
function options(text: string): [string, string][] {
  return text
    .split("\n")
    .map((line) => /^\s+([a-z0-9-]+): (.+)$/.exec(line))
    .flatMap((match) => (match?.[1] && match[2] ? [[match[1], match[2].replace(/^"(.*)"$/, "$1")]] : []));
}

function values(text: string, key: string): string[] {
  return options(text)
    .filter(([each]) => each === key)
    .map(([, value]) => value);
}

function main(raw: Readonly<Record<string, unknown>>): string {
  return contentOf(service.files(planOf(raw)), mainFile);
}

const synthesizing = Object.entries(configurations).filter(([, raw]) =>
  planOf(raw).networks.some(({ resolver }) => resolver === "dns64"),
);

describe.each(synthesizing)("unbound.conf of %s", (_name, raw) => {
  const plan = planOf(raw);
  const text = main(raw);

  it("serves the networks that have DNS64 and the gateway itself, and nobody else", () => {
    const own = plan.networks.filter(({ resolver }) => resolver === "dns64").flatMap(({ ipv6 }) => ipv6 ?? []);
    const addresses = own.map(({ gatewayAddress }) => gatewayAddress);
    expect(values(text, "interface")).toEqual([...addresses, "127.0.0.1", "::1"]);
    const allowed = ["127.0.0.0/8", "::1/128", ...own.map(({ prefix }) => prefix)];
    expect(values(text, "access-control")).toEqual(allowed.map((prefix) => `${prefix} allow`));
  });

  it("takes nothing that is in no file", () => {
    expect(values(text, "control-enable")).toEqual(["no"]);
  });

  it("forwards to the planned resolvers in their order", () => {
    expect(values(text, "forward-addr")).toEqual(plan.dns.forwarders);
    expect(values(text, "name")).toEqual([
      ...(plan.internet === undefined ? [] : ["test."]),
      ...(plan.dns.forwarders.length > 0 ? ["."] : []),
    ]);
  });

  it("synthesizes with the planned prefix", () => {
    expect(values(text, "dns64-prefix")).toEqual([plan.dns.dns64Prefix]);
    expect(values(text, "dns64-synthall")).toEqual([plan.dns.synthesizeAll ? "yes" : "no"]);
  });

  it("answers for ipv4only.arpa itself, with both IPv4 addresses and both AAAA records of the prefix", () => {
    const data = values(text, "local-data");
    for (const [type, addresses] of [
      ["A", ["192.0.0.170", "192.0.0.171"]],
      ["AAAA", plan.dns.ipv4OnlyArpa],
    ] as const) {
      expect(data.filter((record) => record.includes(` ${type} `))).toEqual(
        addresses.map((address) => `ipv4only.arpa. 10 IN ${type} ${address}`),
      );
    }
  });

  it("has no private-address, which would take ipv4only.arpa away", () => {
    expect(values(text, "private-address")).toEqual([]);
  });
});

describe("the resolver without DNS64", () => {
  const plain = (raw: Readonly<Record<string, unknown>>) =>
    contentOf(unboundPlain.files(planOf(raw)), "/etc/unbound/plain.conf");

  it("is there for networks that have none, at their addresses of both families alone", () => {
    expect(unboundPlain.files(planOf())).toEqual([]);
    expect(service.files(planOf(configurations["IPv4 alone"]))).toEqual([]);
    expect(values(plain(allScenarios), "interface").sort()).toEqual(
      [
        ...["192.168.4.1", "192.168.46.1", "192.168.64.1"],
        ...["2001:2:0:4600::1", "2001:2:0:4664::1", "2001:2:0:6401::1", "2001:2:0:6600::1"],
      ].sort(),
    );
  });

  it("makes up no address, and says of ipv4only.arpa that there is no prefix", () => {
    const text = plain(allScenarios);
    expect(values(text, "module-config")).toEqual(["iterator"]);
    expect(text).not.toContain("dns64");
    expect(values(text, "local-data").filter((record) => record.includes(" AAAA "))).toEqual([]);
    expect(values(text, "local-zone")).toEqual(['"ipv4only.arpa." static']);
  });

  it("leaves the file of the process number to the other one", () => {
    expect(plain(allScenarios)).toContain('pidfile: ""\n');
  });
});

describe("unbound.conf", () => {
  it("validates behind DNS64 when told so, with the root's trust anchor", () => {
    const text = main({ dns: { dnssec: "on", forwarders: ["192.0.2.1"] } });
    expect(values(text, "module-config")).toEqual(["dns64 validator iterator"]);
    expect(values(text, "auto-trust-anchor-file")).toEqual(["/var/lib/unbound/root.key"]);
  });

  it("trusts the forwarder when told so", () => {
    const text = main({ dns: { dnssec: "off", forwarders: ["192.0.2.1"] } });
    expect(values(text, "module-config")).toEqual(["dns64 iterator"]);
    expect(values(text, "auto-trust-anchor-file")).toEqual([]);
  });

  it("leaves the choice to the probe on the gateway with auto: both variants are laid down, one is included", () => {
    const files = service.files(planOf({ dns: { dnssec: "auto", forwarders: ["192.0.2.1"] } }));
    expect(values(contentOf(files, mainFile), "module-config")).toEqual([]);
    expect(contentOf(files, mainFile)).toContain('\ninclude: "/etc/unbound/ipv6-only-lab/dnssec.conf"\n');
    const variant = (name: string) =>
      values(contentOf(files, `/etc/unbound/ipv6-only-lab/dnssec-${name}.conf`), "module-config");
    expect([variant("on"), variant("off")]).toEqual([["dns64 validator iterator"], ["dns64 iterator"]]);
  });

  it("may ask systemd-resolved on the gateway itself", () => {
    expect(values(main({ dns: { forwarders: ["127.0.0.53"] } }), "do-not-query-localhost")).toEqual(["no"]);
  });

  it("does not ask the gateway itself otherwise", () => {
    expect(values(main({ dns: { forwarders: ["192.0.2.1"] } }), "do-not-query-localhost")).toEqual([]);
  });
});
