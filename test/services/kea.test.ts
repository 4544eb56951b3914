import { z } from "zod";
import { kea as service } from "../../services/kea";
import { homeOf, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

const schema = z.object({
  Dhcp6: z.object({
    "interfaces-config": z.looseObject({ interfaces: z.array(z.string()) }),
    "host-reservation-identifiers": z.array(z.string()),
    subnet6: z.array(
      z.looseObject({
        id: z.number(),
        subnet: z.string(),
        interface: z.string(),
        "option-data": z.array(z.strictObject({ name: z.string(), data: z.string() })),
      }),
    ),
  }),
});

function kea(raw: Readonly<Record<string, unknown>>) {
  const text = contentOf(service.files(planOf(raw)), "/etc/kea/kea-dhcp6.conf");
  return schema.parse(JSON.parse(text)).Dhcp6;
}

describe("Kea's configuration", () => {
  it("is absent, with its unit's drop-in, when DHCPv6 is off", () => {
    expect(service.files(planOf({ dhcpv6: { mode: "off" } }))).toEqual([]);
  });

  it("listens on the LAN only", () => {
    expect(kea({})["interfaces-config"].interfaces).toEqual(["lan"]);
  });

  it("gives options and no addresses when stateless", () => {
    expect(kea({}).subnet6).toEqual([
      {
        id: 1,
        subnet: "fc01:0:0:1::/64",
        interface: "lan",
        "option-data": [
          { name: "dns-servers", data: "fc01:0:0:1::1" },
          { name: "information-refresh-time", data: "600" },
        ],
      },
    ]);
  });

  it("gives the search domains in their order", () => {
    const options = kea({ dns: { searchDomains: ["b.example", "a.example"] } }).subnet6[0]?.["option-data"];
    expect(options).toContainEqual({ name: "domain-search", data: "b.example, a.example" });
  });

  it("reserves every client's planned address by its MAC when stateful", () => {
    const raw = { dhcpv6: { mode: "stateful" }, clients: [{ name: "one", interfaceId: "::10" }, { name: "two" }] };
    const plan = planOf(raw);
    const [subnet] = kea(raw).subnet6;
    expect(subnet).toMatchObject({
      pools: [{ pool: "fc01:0:0:1::d000 - fc01:0:0:1::dfff" }],
      "preferred-lifetime": 600,
      "valid-lifetime": 7200,
      "renew-timer": 300,
      "rebind-timer": 480,
    });
    const reservations = z.array(z.looseObject({ hostname: z.string() })).parse(subnet?.reservations);
    const byName = [...reservations].sort((one, other) => (one.hostname < other.hostname ? -1 : 1));
    expect(byName).toEqual(
      plan.clients.map((client) => ({
        hostname: client.name,
        "hw-address": client.lanMac,
        "ip-addresses": [homeOf(client)],
      })),
    );
  });

  it("comes with a unit that waits for the card, starts again", () => {
    const unit = contentOf(
      service.files(planOf()),
      "/etc/systemd/system/kea-dhcp6-server.service.d/ipv6-only-lab.conf",
    );
    expect(unit).toContain("After=sys-subsystem-net-devices-lan.device\n");
    expect(unit).toContain("Restart=on-failure\n");
  });
});
