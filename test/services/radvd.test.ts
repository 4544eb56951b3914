import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../../host/paths";
import { radvd as service } from "../../services/radvd";
import { configurations, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

/** radvd.conf as nested blocks: `key value;` lines and `head { … };`. */
interface Block {
  readonly options: Map<string, string>;
  readonly blocks: Map<string, Block>;
}

function parse(text: string): Block {
  const root: Block = { options: new Map(), blocks: new Map() };
  const open: Block[] = [root];
  let head = "";
  for (const line of text.split("\n").map((each) => each.trim())) {
    const current = open.at(-1);
    if (current === undefined) throw new Error("more blocks closed than opened");
    if (line === "" || line.startsWith("#")) continue;
    if (line === "{") {
      const block: Block = { options: new Map(), blocks: new Map() };
      current.blocks.set(head, block);
      open.push(block);
    } else if (line === "};") {
      open.pop();
    } else if (line.endsWith(";")) {
      const [key = "", ...value] = line.slice(0, -1).split(" ");
      current.options.set(key, value.join(" "));
    } else {
      head = line;
    }
  }
  expect(open).toHaveLength(1);
  return root;
}

function lanBlock(raw: Readonly<Record<string, unknown>>, card = "lan"): Block {
  const block = parse(contentOf(service.files(planOf(raw)), "/etc/ipv6-only-lab/radvd.conf")).blocks.get(
    `interface ${card}`,
  );
  if (block === undefined) throw new Error(`no interface ${card}`);
  return block;
}

const onOff = (flag: boolean) => (flag ? "on" : "off");

const announcing = Object.entries(configurations).flatMap(([name, raw]) =>
  planOf(raw).networks.flatMap((network) => (network.ipv6 === undefined ? [] : [[name, raw, network] as const])),
);

describe.each(announcing)("radvd.conf of %s", (_name, raw, { card, mtu, ipv6 }) => {
  if (ipv6 === undefined) throw new Error("only networks with IPv6 announce");
  const ra = ipv6.routerAdvertisements;
  const lan = lanBlock(raw, card);

  it("sends what the plan says about the router", () => {
    expect(Object.fromEntries(lan.options)).toEqual({
      AdvSendAdvert: "on",
      MinRtrAdvInterval: String(ra.minInterval),
      MaxRtrAdvInterval: String(ra.maxInterval),
      AdvDefaultLifetime: String(ra.routerLifetime),
      AdvManagedFlag: onOff(ra.managed),
      AdvOtherConfigFlag: onOff(ra.otherConfig),
      AdvLinkMTU: String(mtu),
    });
  });

  it("announces the LAN prefix with its flags and lifetimes, as the router's whole address where the R flag is set", () => {
    const announced = ra.prefix.routerAddress ? `${ipv6.gatewayAddress}/64` : ipv6.prefix;
    expect(Object.fromEntries(lan.blocks.get(`prefix ${announced}`)?.options ?? [])).toEqual({
      AdvOnLink: onOff(ra.prefix.onLink),
      AdvAutonomous: onOff(ra.prefix.autonomous),
      AdvRouterAddr: onOff(ra.prefix.routerAddress),
      AdvValidLifetime: String(ra.prefix.validLifetime),
      AdvPreferredLifetime: String(ra.prefix.preferredLifetime),
    });
  });

  it("announces the resolver, the search domains and the NAT64 prefix, each only if there is one", () => {
    const heads = [...lan.blocks.keys()].filter((head) => !head.startsWith("prefix ")).sort();
    expect(heads).toEqual(
      [
        ...(ra.rdnss.servers.length > 0 ? [`RDNSS ${ra.rdnss.servers.join(" ")}`] : []),
        ...(ra.dnssl.domains.length > 0 ? [`DNSSL ${ra.dnssl.domains.join(" ")}`] : []),
        ...(ra.pref64 === undefined ? [] : [`nat64prefix ${ra.pref64.prefix}`]),
      ].sort(),
    );
  });
});

describe("radvd.conf", () => {
  it("has the original lab's values by default", () => {
    const lan = lanBlock({});
    expect(lan.options.get("MinRtrAdvInterval")).toBe("3");
    expect(lan.options.get("MaxRtrAdvInterval")).toBe("10");
    expect(lan.options.get("AdvOtherConfigFlag")).toBe("on");
    expect([...lan.blocks.keys()]).toContain("prefix fc01:0:0:1::1/64");
  });
});

// macOS has an older one.
const isBash = spawnSync("bash", ["-c", "((BASH_VERSINFO[0] >= 5))"]).status === 0;

(isBash ? describe : describe.skip)(`what was announced before${isBash ? "" : " (skipped: no Bash 5)"}`, () => {
  const planned = "interface lan\n{\n\tprefix fc01:0:0:2::1/64\n\t{\n\t\tAdvOnLink on;\n\t};\n};\n";
  const before = "lan prefix fc01:0:0:1::/64";

  /** What the next update withdraws, with how many seconds are left of it. */
  function withdrawnNext(secondsLeft: number): string[] {
    const folder = mkdtempSync(join(tmpdir(), "radvd-test-"));
    try {
      const script = `
        source services/core.sh; source services/radvd.sh
        withdrawn_file=$1/withdrawn radvd_file=$1/radvd.conf
        printf -v now '%(%s)T' -1
        printf '%s %s\n' "$((now + $3))" "${before}" >"$withdrawn_file"
        with_withdrawn "$2" "$(<"$withdrawn_file")" >"$radvd_file"
        withdrawals "$2" | while read -r until what; do printf '%s|%s\n' "$what" "$((until - now))"; done`;
      const args = ["-euc", script, "bash", folder, planned, String(secondsLeft)];
      // With a socket for its standard input bash may take itself for a login's and read /etc/bash.bashrc (bash(1), INVOCATION).
      const { stdout, stderr } = spawnSync("bash", args, {
        cwd: projectRoot,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
      expect(stderr).toBe("");
      return stdout.split("\n").filter((line) => line !== "");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  it("is withdrawn for what is left of its two hours", () => {
    expect(withdrawnNext(600)).toEqual([`${before}|600`]);
  });

  it("is not withdrawn once more when that is over, though the file that is laid down still says so", () => {
    expect(withdrawnNext(-3600)).toEqual([]);
  });
});
