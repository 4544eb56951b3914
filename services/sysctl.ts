import { lanCards, uplink } from "../plan/interfaces";
import type { LabPlan } from "../plan/model";
import { type Service, textFile } from "./bundle";
import { banner, lines } from "./text";

/**
 * Kernel settings of a NAT64 gateway. Router advertisements on the uplink are not here: systemd-networkd reads them
 * itself, forwarding or not, and turns the kernel's own `accept_ra` off.
 */
export const sysctl: Service = {
  name: "sysctl",
  packages: [],
  files: (plan) => [
    textFile("/etc/sysctl.d/90-ipv6-only-lab.conf", settings(plan)),
    // Before systemd-sysctl(8) at boot: a module's settings are not there until it is.
    textFile("/etc/modules-load.d/90-ipv6-only-lab.conf", lines(banner("#"), "nf_conntrack")),
  ],
};

function settings(plan: LabPlan): string {
  return lines(
    banner("#"),
    "# Both families: Jool takes packets of one and routes packets of the other.",
    "net.ipv4.conf.all.forwarding = 1",
    "net.ipv6.conf.all.forwarding = 1",
    "# That sets every card's when it changes. The card by which a packet comes in is the one that is asked.",
    ...[uplink, ...lanCards(plan)].flatMap((card) =>
      ["ipv4", "ipv6"].map((family) => `net.${family}.conf.${card}.forwarding = 1`),
    ),
    "# The gateway's own connections stay out of the ports that Jool's pool4 uses (61001-65535).",
    "net.ipv4.ip_local_port_range = 32768 60999",
    "# Connections that the firewall keeps in mind, for two minutes after their end too. Of itself the kernel allows 4096 in",
    "# this memory, and one client that opens as many in two minutes would cut off everybody, SSH of the lab too.",
    "net.netfilter.nf_conntrack_max = 65536",
  );
}
