import type { LabPlan } from "../plan/model";
import { lan as card } from "../plan/interfaces";
import { type Service, textFile } from "./bundle";
import { banner, lines } from "./text";

/**
 * The gateway's own place on the LAN: systemd.network(5), beside what netplan wrote for the card at first boot. It is
 * laid down here so that another prefix is no reason for another gateway.
 */
export const lan: Service = {
  name: "lan",
  packages: [],
  files: (plan) => [textFile(`/etc/systemd/network/10-netplan-${card}.network.d/ipv6-only-lab.conf`, network(plan))],
};

function network({ lan: { prefix, gatewayAddress, mtu } }: LabPlan): string {
  const length = prefix.slice(prefix.indexOf("/"));
  return lines(banner("#"), "[Link]", `MTUBytes=${mtu}`, "", "[Network]", `Address=${gatewayAddress}${length}`, "");
}
