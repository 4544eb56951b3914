import { jool as service } from "../../services/jool";
import { configurations, planOf } from "../fixtures/plan";
import { contentOf } from "./files";

function jool(raw: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(contentOf(service.files(planOf(raw)), "/etc/jool/jool.conf"));
}

describe("jool.conf", () => {
  it.each(Object.entries(configurations))("says what the plan says of %s", (_name, raw) => {
    const { nat64 } = planOf(raw);
    expect(jool(raw)).toMatchObject({
      instance: "default",
      framework: "netfilter",
      global: { pool6: nat64.prefix, ...nat64.globals },
      bib: [],
    });
  });

  it("leaves pool4 empty for the uplink's own address", () => {
    expect(jool({})).toMatchObject({ pool4: [] });
  });

  it("lists an explicit pool4 by Jool's names", () => {
    expect(
      jool({ nat64: { pool4: [{ protocol: "TCP", prefix: "192.0.2.1/32", ports: "61001-62000" }] } }),
    ).toMatchObject({ pool4: [{ protocol: "TCP", prefix: "192.0.2.1/32", "port range": "61001-62000" }] });
  });

  it("has packets for the LAN cut to what every link takes, however large the LAN's frames are", () => {
    expect(jool({ lan: { mtu: 9000 } })).toMatchObject({ global: { "lowest-ipv6-mtu": 1280 } });
  });

  it("starts the translator with receive offloads off on both cards", () => {
    const unit = contentOf(service.files(planOf()), "/etc/systemd/system/jool.service.d/ipv6-only-lab.conf");
    // Outside the sandbox of Debian's unit, which allows netlink alone: not every card's features can be told by that.
    expect(unit).toContain(
      'ExecStartPre=\nExecStartPre=+/bin/sh -c "modprobe jool || exit; ' +
        'for card in lan uplink; do ethtool -K $$card gro off lro off; done; true"\n',
    );
  });
});
