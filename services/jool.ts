import type { LabPlan, Pool4Plan } from "../plan/model";
import { lanCards, uplink } from "../plan/interfaces";
import { type Service, textFile, unitDropIn } from "./bundle";

/** The name that the `jool` command takes when none is given. */
const instance = "default";

/** Stateful NAT64: Jool's atomic configuration file, read by the distribution's jool.service. */
export const jool: Service = {
  name: "jool",
  unit: "jool.service",
  packages: ["jool-dkms", "jool-tools"],
  files: (plan) => [
    textFile("/etc/jool/jool.conf", configuration(plan)),
    unitDropIn("jool.service", cards(plan), ...beforeItStarts(plan)),
  ],
};

/**
 * A translator must see packets as they were on the wire: with receive offloads on, merged packets exceed the other side's
 * MTU (Jool's manual, "Offloads"). A card without the feature is fine.
 *
 * The distribution's unit loads the module in a sandbox, in which ethtool could not talk to a card. Each sandbox takes an
 * emulated gateway more than a second, so one program without any (`+`, systemd.service(5)) does both.
 */
function beforeItStarts(plan: LabPlan): readonly string[] {
  const offloads = `for card in ${cards(plan).join(" ")}; do ethtool -K $$card gro off lro off; done`;
  return ["ExecStartPre=", `ExecStartPre=+/bin/sh -c "modprobe jool || exit; ${offloads}; true"`];
}

function cards(plan: LabPlan): string[] {
  return [...lanCards(plan), uplink];
}

function configuration(plan: LabPlan): string {
  const { prefix, globals, pool4 } = plan.nat64;
  const file = {
    instance,
    framework: "netfilter",
    global: { pool6: prefix, ...globals },
    pool4: pool4Entries(pool4),
    bib: [],
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** An empty pool4 stands for the gateway's own addresses, ports 61001-65535. */
function pool4Entries(pool4: Pool4Plan): object[] {
  return pool4.kind === "automatic"
    ? []
    : pool4.entries.map(({ protocol, prefix, portRange }) => ({ protocol, prefix, "port range": portRange }));
}
