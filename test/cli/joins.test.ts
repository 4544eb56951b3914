import { randomNetworks } from "../../cli/bench/joins";

describe("joins in random order", () => {
  const networks = ["dual", "nat64", "strict", "v4"];

  it("are the same for the same seed, and others for another", () => {
    const order = randomNetworks(networks, "nat64", 50, 7);
    expect(order).toHaveLength(50);
    expect(randomNetworks(networks, "nat64", 50, 7)).toEqual(order);
    expect(randomNetworks(networks, "nat64", 50, 8)).not.toEqual(order);
  });

  it("lead to every network, and never to the one where the client is", () => {
    const order = randomNetworks(networks, "nat64", 50, 7);
    expect([...new Set(order)].sort()).toEqual(networks);
    for (const [index, network] of order.entries()) expect(network).not.toBe(order[index - 1] ?? "nat64");
  });
});
