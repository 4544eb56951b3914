import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LabPlan, StaticBindingPlan, TransportAddress } from "../plan/model";
import { type Service, textFile } from "./bundle";
import { internetUnit } from "./internet";
import { banner, lines } from "./text";

const script = "/usr/local/lib/ipv6-only-lab/static-bindings";
const unit = "ipv6-only-lab-bindings.service";

/**
 * Static bindings (RFC 6146 section 3.2), beside Jool's own file: those in a file count when an instance is made and no more
 * (xlator_replace keeps the table of the old one), and Jool looks for their addresses on the gateway's cards, which may come
 * later than its file is read.
 */
export const bindings: Service = {
  name: "bindings",
  unit,
  packages: [],
  files: (plan) =>
    plan.nat64.staticBindings.length === 0
      ? []
      : [
          textFile("/etc/ipv6-only-lab/static-bindings", lines(banner("#"), ...plan.nat64.staticBindings.map(line))),
          {
            path: script,
            mode: "0755",
            // Part of the program's text, only kept in a file of its own, where shellcheck sees it.
            content: readFileSync(join(__dirname, "bindings", "static-bindings.sh"), "utf8"),
          },
          textFile(`/etc/systemd/system/${unit}`, unitOf(plan)),
        ],
};

/** As jool-bib(8) writes addresses. */
function line({ protocol, inside, outside }: StaticBindingPlan): string {
  return `${protocol.toLowerCase()} ${place(inside)} ${place(outside)}`;
}

function place({ address, port }: TransportAddress): string {
  return `${address}#${port}`;
}

function unitOf({ internet }: LabPlan): string {
  // What the outside comes to must be there first.
  const before = internet === undefined ? "network-online.target" : `network-online.target ${internetUnit}`;
  return lines(
    banner("#"),
    "[Unit]",
    "Description=Static bindings of the translator",
    "Requires=jool.service",
    "PartOf=jool.service",
    `After=jool.service ${before}`,
    // The simulated internet's card is no part of what is waited for there.
    internet === undefined && "Wants=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${script} lay`,
    `ExecStop=-${script} remove`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  );
}
