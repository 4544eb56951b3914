import { createHash } from "node:crypto";
import { gatewaySoftware, gatewaySoftwareOf, renderBundle, runningUnits, services } from "../../services";
import {
  type Bundle,
  bundleDigest,
  bundleOf,
  bundleText,
  outlineText,
  type Service,
  textFile,
} from "../../services/bundle";
import { applyScript, lookScript } from "../../services/script";
import { allScenarios, configurations, planOf } from "../fixtures/plan";

interface Framed {
  readonly name: string;
  readonly unit?: string;
  readonly files: { path: string; mode: string; content: string }[];
}

/** Reads the framing as core.sh does: nothing but lines and counts. */
function parse(text: string): { mark: string; bundle: Framed[]; body: string } {
  const lines = text.split("\n");
  const [magic, version, algorithm, , mark = ""] = (lines[0] ?? "").split(" ");
  expect([magic, version, algorithm]).toEqual(["ipv6-only-lab-bundle", "2", "sha256"]);
  const bundle: Framed[] = [];
  const heads = lines.slice(1, lines.indexOf("contents"));
  let at = lines.indexOf("contents") + 1;
  for (const head of heads) {
    const [, service, unit = "-", on] = /^service (\S+) (\S+) (on|off)$/.exec(head) ?? [];
    if (service !== undefined) {
      bundle.push({ name: service, ...(unit === "-" ? {} : { unit }), files: [] });
      expect(on).toBe(heads.some((each) => each.startsWith(`file ${service} `)) ? "on" : "off");
      continue;
    }
    const [, owner, mode = "", sha256, count, path = ""] =
      /^file (\S+) (\d{4}) ([0-9a-f]{64}) (\d+) (\/\S+)$/.exec(head) ?? [];
    const content = lines.slice(at, at + Number(count)).map((line) => `${line}\n`);
    at += Number(count);
    expect(createHash("sha256").update(content.join("")).digest("hex")).toBe(sha256);
    bundle.find(({ name }) => name === owner)?.files.push({ path, mode, content: content.join("") });
  }
  expect(lines.slice(at)).toEqual([""]);
  return { mark, bundle, body: lines.slice(1).join("\n") };
}

describe.each(Object.entries(configurations))("the bundle of %s", (_name, raw) => {
  const bundle = renderBundle(planOf(raw));

  it("comes out of its text form as it went in", () => {
    expect(parse(bundleText(bundle)).bundle).toEqual(bundle);
  });

  it("carries the SHA-256 of all that follows the first line, and so does its outline", () => {
    for (const text of [bundleText(bundle), outlineText(bundle)]) {
      const [head = "", ...rest] = text.split("\n");
      expect(head.split(" ")[3]).toBe(createHash("sha256").update(rest.join("\n")).digest("hex"));
    }
  });

  it("has an outline that is its heads without the contents", () => {
    const [, ...heads] = outlineText(bundle).trimEnd().split("\n");
    expect(bundleText(bundle)).toContain(`\n${heads.join("\n")}\ncontents\n`);
  });

  it("is the same, byte for byte, for the same configuration", () => {
    expect(bundleText(renderBundle(planOf(raw)))).toBe(bundleText(bundle));
  });

  it("has the files of each service sorted by path, and every path once", () => {
    const pathsOf = (each: Bundle[number]): string[] => each.files.map(({ path }) => path);
    for (const each of bundle) expect(pathsOf(each)).toEqual(pathsOf(each).sort());
    const all = bundle.flatMap(pathsOf);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("a bundle", () => {
  const service = (content: string): Service => ({
    name: "radvd",
    unit: "radvd.service",
    packages: [],
    files: () => [textFile("/etc/other.conf", "two\n"), textFile("/etc/radvd.conf", content)],
  });
  const bundled = (content: string) => bundleOf([service(content)], planOf());

  it("has another digest when a byte of a file is another", () => {
    expect(bundleDigest(bundled("one\n"))).not.toBe(bundleDigest(bundled("onE\n")));
  });

  it("is another text with another mark, and lays down the same", () => {
    const [unmarked, marked] = [bundleText(bundled("one\n")), bundleText(bundled("one\n"), "again")].map(parse);
    expect([unmarked?.mark, marked?.mark]).toEqual(["0", "again"]);
    expect(marked?.body).toBe(unmarked?.body);
  });

  it.each(["no newline at the end", "a\0b\n"])(
    "refuses a file that is not made of whole lines of text: %j",
    (content) => {
      expect(() => bundleText(bundled(content))).toThrow("must be text");
    },
  );
});

describe("the gateway's services", () => {
  const filesOf = (raw: Readonly<Record<string, unknown>>) => renderBundle(planOf(raw)).flatMap(({ files }) => files);

  it("are off when the plan has no files for them", () => {
    const off = (raw: Readonly<Record<string, unknown>>) =>
      renderBundle(planOf(raw)).flatMap(({ name, files }) => (files.length === 0 ? [name] : []));
    const simulated = ["internet", "names", "web", "proxies", "bindings"];
    const others = ["unbound_plain", "kea_dhcp4"];
    expect(off({})).toEqual([...simulated, ...others]);
    expect(off(allScenarios)).toEqual(simulated);
    expect(off(configurations["IPv4 alone"] ?? {})).toEqual([...simulated, "unbound", "kea", "radvd"]);
    expect(off({ dhcpv6: { mode: "off" } })).toEqual([...simulated, "unbound_plain", "kea", "kea_dhcp4"]);
    expect(off({ internet: { kind: "both" } })).toEqual(["bindings", ...others]);
  });

  it("are sent with their units, a hyphen where there is none, and whether they are on", () => {
    const sent = bundleText(renderBundle(planOf())).split("\n");
    expect(sent[0]).toMatch(/ 0$/);
    expect(sent.filter((line) => line.startsWith("service "))).toEqual([
      ...["service lan - on", "service sysctl - on", "service nftables nftables.service on"],
      ...["service internet ipv6-only-lab-internet.service off", "service names nsd.service off"],
      ...["service web nginx.service off", "service proxies ipv6-only-lab-proxies.target off"],
      ...["service jool jool.service on", "service bindings ipv6-only-lab-bindings.service off"],
      ...["service unbound unbound.service on", "service unbound_plain unbound-plain.service off"],
      ...["service kea kea-dhcp6-server.service on", "service kea_dhcp4 kea-dhcp4-server.service off"],
      "service radvd radvd.service on",
    ]);
  });

  it("are run by units of which only those are named that the plan has", () => {
    expect(runningUnits(planOf())).toEqual([
      ...["nftables.service", "jool.service", "unbound.service", "kea-dhcp6-server.service", "radvd.service"],
    ]);
  });

  it("announce the network only when all else is there", () => {
    expect(services.map(({ name }) => name)).toEqual([
      ...["lan", "sysctl", "nftables", "internet", "names", "web", "proxies"],
      ...["jool", "bindings", "unbound", "unbound_plain", "kea", "kea_dhcp4", "radvd"],
    ]);
  });

  it("change one file only when a forwarder changes", () => {
    const contents = (forwarder: string) =>
      new Map(filesOf({ dns: { forwarders: [forwarder], dnssec: "off" } }).map(({ path, content }) => [path, content]));
    const before = contents("192.0.2.1");
    const after = contents("192.0.2.2");
    const changed = [...after].filter(([path, content]) => before.get(path) !== content).map(([path]) => path);
    expect(changed).toEqual(["/etc/unbound/unbound.conf"]);
  });

  it("name the units that Debian starts as soon as their package is there", () => {
    expect(gatewaySoftware.heldBack).toEqual([
      ...["unbound.service", "kea-dhcp6-server.service", "kea-dhcp4-server.service", "radvd.service"],
    ]);
    expect(gatewaySoftwareOf(planOf())).toEqual(gatewaySoftware);
    expect(gatewaySoftwareOf(planOf({ internet: { kind: "both" } })).heldBack).toEqual(
      expect.arrayContaining(["nginx.service", "nsd.service", ...gatewaySoftware.heldBack]),
    );
  });

  it("come in these packages, sorted, with what their scripts call, and some only where the plan has them", () => {
    const always = [
      ...["bind9-dnsutils", "dns-root-data", "ethtool", "jool-dkms", "jool-tools", "kea-dhcp4-server"],
      ...["kea-dhcp6-server", "nftables", "radvd", "unbound"],
    ];
    expect(gatewaySoftware.packages).toEqual(always);
    const { packages } = gatewaySoftwareOf(planOf({ internet: { kind: "both" } }));
    expect(packages).toEqual([...packages].sort());
    const more = packages.filter((each) => !always.includes(each));
    expect(more).toEqual(["iproute2", "ldnsutils", "microsocks", "nginx", "nsd", "openssl", "tinyproxy-bin"]);
  });

  it("give their scripts every function that they are called by", () => {
    for (const script of [applyScript(), lookScript()]) {
      for (const { name } of services) {
        for (const part of ["check", "reload", "serves", "drift"]) expect(script).toContain(`\n${part}_${name}() {`);
      }
    }
  });
});
