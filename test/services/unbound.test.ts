import { unbound as service } from "../../services/unbound";
import { configurations, planOf } from "../fixtures/plan";
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

describe.each(Object.entries(configurations))("unbound.conf of %s", (_name, raw) => {
  const plan = planOf(raw);
  const text = main(raw);

  it("serves the LAN and the gateway itself, and nobody else", () => {
    expect(values(text, "interface")).toEqual([plan.lan.gatewayAddress, "127.0.0.1", "::1"]);
    expect(values(text, "access-control")).toEqual(["127.0.0.0/8 allow", "::1/128 allow", `${plan.lan.prefix} allow`]);
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
