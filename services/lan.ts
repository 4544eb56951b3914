import type { NetworkPlan } from "../plan/model";
import { type Service, textFile } from "./bundle";
import { banner, lines } from "./text";

/**
 * The gateway's own place on each network: systemd.network(5), beside what netplan wrote for the card at first boot. It is
 * laid down here so that another prefix is no reason for another gateway.
 */
export const lan: Service = {
  name: "lan",
  packages: [],
  files: ({ networks }) =>
    networks.map((network) =>
      textFile(`/etc/systemd/network/10-netplan-${network.card}.network.d/ipv6-only-lab.conf`, place(network)),
    ),
};

function place({ ipv6, ipv4, mtu }: NetworkPlan): string {
  const addresses = [ipv6, ipv4].flatMap((family) => (family === undefined ? [] : [address(family)]));
  return lines(banner("#"), "[Link]", `MTUBytes=${mtu}`, "", "[Network]", ...addresses, "");
}

function address({ prefix, gatewayAddress }: { readonly prefix: string; readonly gatewayAddress: string }): string {
  return `Address=${gatewayAddress}${prefix.slice(prefix.indexOf("/"))}`;
}
