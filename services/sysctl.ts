import type { LabPlan } from "../plan/model";
import type { BundleFile } from "./bundle";
import { banner, lines } from "./text";

/**
 * Kernel settings of a NAT64 gateway. Router advertisements on the uplink are not here: systemd-networkd reads them
 * itself, forwarding or not, and turns the kernel's own `accept_ra` off.
 */
export function renderSysctl(_plan: LabPlan): BundleFile[] {
  const content = lines(
    banner("#"),
    "# Both families: Jool takes packets of one and routes packets of the other.",
    "net.ipv4.conf.all.forwarding = 1",
    "net.ipv6.conf.all.forwarding = 1",
    "# The gateway's own connections stay out of the ports that Jool's pool4 uses (61001-65535).",
    "net.ipv4.ip_local_port_range = 32768 60999",
  );
  return [{ service: "sysctl", path: "/etc/sysctl.d/90-ipv6-only-lab.conf", mode: "0644", content }];
}
