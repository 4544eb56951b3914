import { createHash } from "node:crypto";
import type { BundleFile } from "../../services/bundle";
import { bundleText, createBundle, renderBundle } from "../../services/render";
import { configurations, planOf } from "../fixtures/plan";

/** Reads the framing as apply.sh does: nothing but lines and counts. */
function parse(text: string): { digest: string; enabled: string[]; files: BundleFile[]; body: string } {
  const lines = text.split("\n");
  const [magic, version, algorithm, digest = ""] = (lines[0] ?? "").split(" ");
  expect([magic, version, algorithm]).toEqual(["ipv6-only-lab-bundle", "1", "sha256"]);
  const enabled = (lines[1] ?? "").replace(/^enabled /, "").split(" ");
  const files: BundleFile[] = [];
  let at = 2;
  while (at < lines.length - 1) {
    const [, service = "", mode = "", count = "", path = ""] =
      /^file (\S+) (\d{4}) (\d+) (\/\S+)$/.exec(lines[at] ?? "") ?? [];
    const content = lines.slice(at + 1, at + 1 + Number(count)).map((line) => `${line}\n`);
    files.push({ service: serviceName(service), mode, path, content: content.join("") });
    at += 1 + Number(count);
  }
  return { digest, enabled, files, body: lines.slice(1).join("\n") };
}

function serviceName(text: string): BundleFile["service"] {
  const names = ["sysctl", "nftables", "jool", "unbound", "radvd", "kea"] as const;
  const name = names.find((each) => each === text);
  if (name === undefined) throw new Error(`no service: ${text}`);
  return name;
}

describe.each(Object.entries(configurations))("the bundle of %s", (_name, raw) => {
  const bundle = renderBundle(planOf(raw));

  it("comes out of its text form as it went in", () => {
    const { files, enabled, digest } = parse(bundleText(bundle));
    expect({ files, enabled, digest }).toEqual(bundle);
  });

  it("carries the SHA-256 of all that follows the first line", () => {
    const { digest, body } = parse(bundleText(bundle));
    expect(createHash("sha256").update(body).digest("hex")).toBe(digest);
  });

  it("is the same, byte for byte, for the same configuration", () => {
    expect(bundleText(renderBundle(planOf(raw)))).toBe(bundleText(bundle));
  });

  it("has its files sorted by path, each once", () => {
    const paths = bundle.files.map((file) => file.path);
    expect(paths).toEqual([...new Set(paths)].sort());
  });
});

describe("a bundle", () => {
  const file: BundleFile = { service: "radvd", path: "/etc/radvd.conf", mode: "0644", content: "one\n" };

  it("does not depend on the order in which files are given", () => {
    const other: BundleFile = { ...file, path: "/etc/other.conf" };
    expect(createBundle([file, other])).toEqual(createBundle([other, file]));
  });

  it("changes its digest with any byte of a file, its mode or its path", () => {
    const digests = [file, { ...file, content: "two\n" }, { ...file, mode: "0600" }, { ...file, path: "/etc/x" }].map(
      (each) => createBundle([each]).digest,
    );
    expect(new Set(digests).size).toBe(4);
  });

  it("refuses text that the framing could not carry", () => {
    expect(() => createBundle([{ ...file, content: "no newline at the end" }])).toThrow("/etc/radvd.conf");
  });

  it("runs every service that has files, and Kea only with DHCPv6", () => {
    expect(renderBundle(planOf()).enabled).toEqual(["jool", "kea", "nftables", "radvd", "sysctl", "unbound"]);
    expect(renderBundle(planOf({ dhcpv6: { mode: "off" } })).enabled).not.toContain("kea");
  });

  it("changes one file only when a forwarder changes", () => {
    const contents = (forwarder: string) =>
      new Map(
        renderBundle(planOf({ dns: { forwarders: [forwarder], dnssec: "off" } })).files.map((each) => [
          each.path,
          each.content,
        ]),
      );
    const before = contents("192.0.2.1");
    const after = contents("192.0.2.2");
    const changed = [...after].filter(([path, content]) => before.get(path) !== content).map(([path]) => path);
    expect(changed).toEqual(["/etc/unbound/unbound.conf"]);
  });
});
