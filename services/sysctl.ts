import { type Service, textFile } from "./bundle";
import { banner, lines } from "./text";

/**
 * Kernel settings of a NAT64 gateway. Router advertisements on the uplink are not here: systemd-networkd reads them
 * itself, forwarding or not, and turns the kernel's own `accept_ra` off.
 */
export const sysctl: Service = {
  name: "sysctl",
  packages: [],
  files: () => [textFile("/etc/sysctl.d/90-ipv6-only-lab.conf", settings())],
};

function settings(): string {
  return lines(
    banner("#"),
    "# Both families: Jool takes packets of one and routes packets of the other.",
    "net.ipv4.conf.all.forwarding = 1",
    "net.ipv6.conf.all.forwarding = 1",
    "# The gateway's own connections stay out of the ports that Jool's pool4 uses (61001-65535).",
    "net.ipv4.ip_local_port_range = 32768 60999",
  );
}
