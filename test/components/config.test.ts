import * as pulumi from "@pulumi/pulumi";
import { decodeConfig, loadPlan } from "../../components/config";
import { lanOf } from "../fixtures/plan";

describe("the configuration that Pulumi hands over", () => {
  it("has its objects and lists decoded and its texts kept as they are", () => {
    const all = {
      "lab:lan": '{"prefix":"fc01:0:0:1::/64","mtu":1500}',
      "lab:clients": '[{"name":"a"}]',
      "lab:count": "010",
      "lab:flag": "true",
      "lab:broken": "{not json",
      "other:lan": "{}",
    };
    expect(decodeConfig("lab", all)).toEqual({
      lan: { prefix: "fc01:0:0:1::/64", mtu: 1500 },
      clients: [{ name: "a" }],
      count: "010",
      flag: "true",
      broken: "{not json",
    });
  });
});

describe("loading the configuration of a stack", () => {
  const load = async (config: Readonly<Record<string, string>>) => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "ipv6-only-lab",
      "dev",
    );
    pulumi.runtime.setAllConfig({ ...config });
    return loadPlan();
  };

  it("reads the keys of the project's namespace", async () => {
    expect(lanOf(await load({ "ipv6-only-lab:lan": '{"prefix":"2001:2:0:aab1::/64"}' })).prefix).toBe(
      "2001:2:0:aab1::/64",
    );
  });

  it("gives the defaults when there are none", async () => {
    expect((await load({})).nat64.prefix).toBe("64:ff9b::/96");
  });

  it("fails with every problem and without a stack trace", async () => {
    const failing = load({ "ipv6-only-lab:lan": '{"mtu":"1500"}', "ipv6-only-lab:clients": "many" });
    await expect(failing).rejects.toThrow(/2 problems[\s\S]*lan\.mtu[\s\S]*clients/);
    expect(pulumi.RunError.isInstance(await failing.catch((error: unknown) => error))).toBe(true);
  });
});
