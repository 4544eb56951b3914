import { z } from "zod";
import { keaDhcp4 as service } from "../../services/kea_dhcp4";
import { allScenarios, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

const schema = z.object({
  Dhcp4: z.looseObject({
    "interfaces-config": z.looseObject({ interfaces: z.array(z.string()) }),
    authoritative: z.boolean(),
    subnet4: z.array(
      z.looseObject({
        subnet: z.string(),
        interface: z.string(),
        pools: z.array(z.object({ pool: z.string() })),
        "option-data": z.array(z.strictObject({ name: z.string(), data: z.string() })),
        reservations: z.array(
          z.strictObject({ "hw-address": z.string(), "ip-address": z.string(), hostname: z.string() }),
        ),
      }),
    ),
  }),
});

const raw = { ...allScenarios, clients: 3, dns: { searchDomains: ["lab.example"] } };
const plan = planOf(raw);
const dhcp4 = schema.parse(JSON.parse(contentOf(service.files(plan), "/etc/kea/kea-dhcp4.conf"))).Dhcp4;
const subnetOf = (name: string) => dhcp4.subnet4.find((each) => each.interface === `lan-${name}`);

describe("Kea's configuration for DHCPv4", () => {
  it("is absent in a lab without IPv4", () => {
    expect(service.files(planOf())).toEqual([]);
  });

  it("serves the networks that have IPv4, and says no to who asks for an address of another one", () => {
    expect(dhcp4["interfaces-config"].interfaces).toEqual(["lan-dual", "lan-mostly", "lan-v4"]);
    expect(dhcp4.authoritative).toBe(true);
  });

  it("names the gateway as router and resolver, and the search domains", () => {
    expect(subnetOf("v4")?.["option-data"]).toEqual([
      { name: "routers", data: "192.168.4.1" },
      { name: "domain-name-servers", data: "192.168.4.1" },
      { name: "domain-search", data: "lab.example" },
    ]);
  });

  it("offers option 108 where the network is IPv6-mostly (RFC 8925)", () => {
    const offered = dhcp4.subnet4.filter((each) =>
      each["option-data"].some(({ name }) => name === "v6-only-preferred"),
    );
    expect(offered.map((each) => each.interface)).toEqual(["lan-mostly"]);
  });

  it("reserves every client's planned address by its MAC", () => {
    for (const name of ["dual", "mostly", "v4"]) {
      const byName = [...(subnetOf(name)?.reservations ?? [])].sort((one, other) =>
        one.hostname < other.hostname ? -1 : 1,
      );
      expect(byName).toEqual(
        plan.clients.map((client) => ({
          "hw-address": client.lanMac,
          "ip-address": client.addresses[name]?.ipv4,
          hostname: client.name,
        })),
      );
    }
  });

  it("comes with a unit that waits for the cards, by the names that systemd gives to their devices", () => {
    const unit = contentOf(service.files(plan), "/etc/systemd/system/kea-dhcp4-server.service.d/ipv6-only-lab.conf");
    expect(unit).toContain(String.raw`After=sys-subsystem-net-devices-lan\x2ddual.device`);
  });
});
