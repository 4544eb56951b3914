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
