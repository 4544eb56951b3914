import { DOMParser, type Element } from "@xmldom/xmldom";
import * as fc from "fast-check";
import { scenarios } from "../../plan/scenario";
import { type Drawable, topologyOf } from "../../report/topology";
import { type Shape, topologySvg } from "../../report/topology-svg";
import { allScenarios, planOf } from "../fixtures/plan";

const surroundings = { internet: "real", uplink: { kind: "nat", ipv6: "none" }, gateway: "gateway" } as const;
const shapes: readonly Shape[] = ["wide", "narrow"];

function drawn(topology: ReturnType<typeof topologyOf>, shape: Shape, marks?: Parameters<typeof topologySvg>[1]) {
  const text = String(topologySvg(topology, { shape, ...marks }));
  const root = new DOMParser({
    onError: (level, message: string) => {
      // It warns of the character that stands for others.
      if (level !== "warning") throw new Error(message);
    },
  }).parseFromString(text, "image/svg+xml").documentElement;
  if (root === null) throw new Error("An SVG has a root.");
  const all = (name: string): Element[] => [...root.getElementsByTagName(name)];
  return { text, root, texts: all("text").map(({ textContent }) => textContent ?? ""), rects: all("rect").map(boxOf) };
}

function boxOf(rect: Element) {
  const number = (name: string): number => Number(rect.getAttribute(name));
  const [x, y] = [number("x"), number("y")];
  const chip = (rect.getAttribute("class") ?? "").includes("chip");
  return { x, y, right: x + number("width"), bottom: y + number("height"), chip };
}

describe("the topology of a lab", () => {
  it("is told from a plan: what each network is, and who is where", () => {
    const plan = planOf(allScenarios);
    const { networks, nat64Prefix } = topologyOf(plan, surroundings, [{ name: "client-1", network: "strict" }]);
    expect(nat64Prefix).toBe("2001:2:0:64::/96");
    expect(networks.map(({ name, ways }) => [name, ways])).toEqual([
      ["dual", "IPv6 · IPv4 (NAT44)"],
      ["mostly", "IPv6 · IPv4 (NAT44, option 108) · NAT64 without DNS64"],
      ["nat64", "IPv6 · NAT64 with DNS64"],
      ["pref64", "IPv6 · NAT64 without DNS64"],
      ["strict", "IPv6 · no way to IPv4"],
      ["v4", "IPv4 (NAT44)"],
    ]);
    expect(networks.filter(({ clients }) => clients.length > 0).map(({ name }) => name)).toEqual(["strict"]);
  });

  it("has no NAT64 prefix where no network is translated", () => {
    const plan = planOf({ networks: [{ name: "old", scenario: "ipv4-only" }] });
    expect(topologyOf(plan, surroundings, plan.clients).nat64Prefix).toBeUndefined();
  });
});

describe.each(shapes)("the %s picture", (shape) => {
  const plan = planOf({ ...allScenarios, clients: [{ name: "phone", network: "dual" }, { name: "laptop" }] });
  const topology = topologyOf(plan, surroundings, plan.clients);

  it("names every network with its term and prefixes, and every client", () => {
    const { texts } = drawn(topology, shape);
    expect(texts).toEqual(expect.arrayContaining(["strict — IPv6-only-strict", "192.168.4.0/24", "phone", "laptop"]));
  });

  it("is the same for the same lab, and asks nobody else for anything", () => {
    const { text } = drawn(topology, shape);
    expect(String(topologySvg(topology, { shape }))).toBe(text);
    expect(text.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|url\(|@import|<image|<script/);
  });

  it("marks a network with what is known of it, and leads to where more is told", () => {
    const marks = new Map([["v4", { state: "bad", words: "1 failed", href: "#network-v4" } as const]]);
    const { root, texts } = drawn(topology, shape, { marks });
    expect(texts).toContain("1 failed");
    expect([...root.getElementsByTagName("a")].map((link) => link.getAttribute("href"))).toEqual(["#network-v4"]);
  });

  it("says how many clients it leaves out", () => {
    const many = planOf({ clients: 40 });
    const { texts } = drawn(topologyOf(many, surroundings, many.clients), shape);
    const shown = texts.filter((text) => text.startsWith("client-")).length;
    expect(texts).toContain(`and ${40 - shown} more`);
  });

  it("is well-formed, inside its frame, and no box lies on another, whatever names there are", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
    const network = fc.record({
      name,
      scenario: fc.constantFrom(...scenarios),
      ipv6: fc.option(fc.record({ prefix: name }), { nil: undefined }),
      ipv4: fc.option(fc.record({ prefix: name }), { nil: undefined }),
      resolver: fc.constantFrom("dns64" as const, "plain" as const),
      translated: fc.boolean(),
    });
    const networks = fc.uniqueArray(network, { minLength: 1, maxLength: 8, selector: (each) => each.name });
    fc.assert(
      fc.property(networks, fc.array(fc.tuple(name, fc.nat()), { maxLength: 30 }), (all, clients) => {
        const drawable: Drawable = { project: "p", stack: "s", nat64: { prefix: "64:ff9b::/96" }, networks: all };
        const placed = clients.map(([client, at]) => ({ name: client, network: all[at % all.length]?.name ?? "" }));
        const { root, rects } = drawn(topologyOf(drawable, surroundings, placed), shape);
        const [, , width = 0, height = 0] = (root.getAttribute("viewBox") ?? "").split(" ").map(Number);
        for (const [index, one] of rects.entries()) {
          expect(Math.min(one.x, one.y)).toBeGreaterThanOrEqual(0);
          expect(one.right).toBeLessThanOrEqual(width);
          expect(one.bottom).toBeLessThanOrEqual(height);
          for (const other of rects.slice(index + 1)) {
            const apart =
              one.right <= other.x || other.right <= one.x || one.bottom <= other.y || other.bottom <= one.y;
            // A narrow picture has the clients inside of their network's box.
            const within = shape === "narrow" && other.chip && !one.chip && other.bottom <= one.bottom;
            expect(apart || within).toBe(true);
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
