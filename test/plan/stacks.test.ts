import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { decodeConfig } from "../../components/config";
import { parseConfig } from "../../plan/config";
import { planLab } from "../../plan/lab";
import { embedIpv4 } from "../../plan/rfc6052";
import { typescriptLoader } from "../../host/paths";
import { silentProblems } from "../../cli/stack-file";
import { topologySvg } from "../../report/topology-svg";
import { labTopology } from "../../verify/topology";
import { lanOf } from "../fixtures/plan";
import { labOf } from "../verify/fixtures";

const root = join(__dirname, "..", "..");
const project = "ipv6-only-lab";
const stackFile = z.object({ config: z.record(z.string(), z.unknown()) });

/** Those that come with the project: the README's table. A user's own, or a test's, may be beside them. */
const stacks = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^\| `([a-z-]+)` +\|.*\|.*\|$/gm)].flatMap(
  ([, name = ""]) => (existsSync(join(root, `Pulumi.${name}.yaml`)) ? [name] : []),
);

/** As Pulumi hands it over: objects and lists as JSON, everything else as text. */
function configOf(stack: string): Readonly<Record<string, unknown>> {
  const { config } = stackFile.parse(parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")));
  const handedOver = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return decodeConfig(project, z.record(z.string(), z.string()).parse(Object.fromEntries(handedOver)));
}

function planOfStack(stack: string) {
  return planLab(parseConfig(configOf(stack)), { project, stack });
}

it("the picture of the stack of all scenarios is what `status --svg` draws of it", () => {
  const lab = labOf(configOf("scenarios"), "scenarios");
  const picture = readFileSync(join(root, "docs", "scenarios.svg"), "utf8");
  expect(picture).toBe(`${String(topologySvg(labTopology(lab)))}\n`);
});

describe("the stack files", () => {
  it("are there for the original, for Internet Sharing's prefix and for a network-specific NAT64 prefix", () => {
    expect(stacks).toEqual(
      expect.arrayContaining(["dev", "internet-sharing", "network-specific", "scenarios", "vsphere"]),
    );
  });

  it.each(stacks)("%s is planned without a problem", (stack) => {
    expect(planOfStack(stack).clients.length).toBeGreaterThan(0);
  });

  it.each(stacks)("%s has no key that Pulumi would silently ignore, and names its schema", (stack) => {
    const text = readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8");
    expect(silentProblems(text, project)).toEqual([]);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/docs\/config\.schema\.json$/m);
  });

  it.each(stacks)("%s is warned of nothing but the prefix of 2016", (stack) => {
    const keys = planOfStack(stack).warnings.map(({ key, value }) => `${key}: ${value}`);
    expect(keys.filter((key) => key !== "lan.prefix: fc01:0:0:1::/64")).toEqual([]);
  });

  it("dev says the defaults and nothing else", () => {
    expect(parseConfig(configOf("dev"))).toEqual(parseConfig({}));
  });

  it("internet-sharing has the prefix of macOS", () => {
    expect(lanOf(planOfStack("internet-sharing")).gatewayAddress).toBe("2001:2:0:aab1::1");
  });

  it("network-specific embeds IPv4 addresses around bits 64 to 71, and reserves its client's address", () => {
    const plan = planOfStack("network-specific");
    expect(embedIpv4(plan.nat64.prefix, "192.0.2.33")).toBe("fd5a:7c1e:93b4:64c0:0:221::");
    expect(lanOf(plan).dhcpv6).toMatchObject({ mode: "stateful", reservations: [{ address: "fd5a:7c1e:93b4:1::10" }] });
    expect(plan.warnings).toEqual([]);
  });
});

describe("what is made from the configuration's schema", () => {
  it("is in step with it: JSON Schema, docs/configuration.md and README.md", () => {
    const check = [...typescriptLoader, join(root, "cli", "schema.ts"), "--check"];
    expect(execFileSync(process.execPath, check, { cwd: root, encoding: "utf8" })).toBe("");
  });

  it("knows every key of the stack files and refuses mistyped ones", () => {
    const schema = z.fromJSONSchema(
      z.record(z.string(), z.json()).parse(JSON.parse(readFileSync(join(root, "docs", "config.schema.json"), "utf8"))),
    );
    for (const stack of stacks) {
      expect(schema.safeParse(parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8"))).success).toBe(true);
    }
    expect(schema.safeParse({ config: { "ipv6-only-lab:lan": { prefx: "fc01::/64" } } }).success).toBe(false);
    expect(schema.safeParse({ config: { "ipv6-only-lab:lam": {} } }).success).toBe(false);
    expect(schema.safeParse({ config: { "pulumi:tags": {} } }).success).toBe(true);
  });
});

describe("keys that Pulumi takes without a word", () => {
  it("are told when one stands with and without its namespace", () => {
    const text = "config:\n  lan: { mtu: 1400 }\n  ipv6-only-lab:lan: { mtu: 1500 }\n";
    expect(silentProblems(text, project)).toEqual([
      expect.objectContaining({ key: "lan", why: expect.stringContaining("ipv6-only-lab:lan") as string }),
    ]);
  });

  it("are told when the namespace is mistyped, and not when it is another program's", () => {
    const text = "config:\n  ipv6-only-labs:lan: { mtu: 1400 }\n  vsphere:user: me\n  pulumi:tags: {}\n";
    expect(silentProblems(text, project).map(({ remedy }) => remedy)).toEqual(["Write ipv6-only-lab:lan"]);
  });
});
