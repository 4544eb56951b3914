/** The lab as a drawing in Mermaid's text (flowchart): what pages and editors of today show as a picture. */
import { addressesOf, gatewayAddresses, type LabAccess } from "./access";

/** Every network of the lab, and every client on the one where it is. */
export function topologyMermaid({ promised, gateway, clients }: LabAccess): string {
  const { networks, nat64, uplink } = promised;
  const ipv6 = { none: "no IPv6", native: "native IPv6", nat66: "IPv6 by NAT66" }[uplink.ipv6];
  const networkId = (name: string): string => `n${networks.findIndex((network) => network.name === name)}`;
  const served = networks.some(({ translated }) => translated);
  return [
    "flowchart LR",
    `  internet${box("([", "])", ["internet", `uplink ${uplink.kind}, ${ipv6}`])}`,
    `  gateway${box("[", "]", [gateway.name, ...(served ? [`NAT64 ${nat64.prefix}`] : [])])}`,
    "  internet --- gateway",
    ...networks.flatMap((network) => {
      const { name, scenario, ipv6: six, ipv4 } = network;
      const prefixes = [six, ipv4].flatMap((family) => family?.prefix ?? []);
      const id = networkId(name);
      return [
        `  ${id}${box("{{", "}}", [name, scenario, ...prefixes])}`,
        `  gateway ---|${quoted([gatewayAddresses(network).join(", ")])}| ${id}`,
      ];
    }),
    ...clients.flatMap((client, index) => [
      `  c${index}${box("[", "]", [client.name, ...addressesOf(client)])}`,
      `  ${networkId(client.network)} --- c${index}`,
    ]),
  ].join("\n");
}

function box(open: string, close: string, lines: readonly string[]): string {
  return `${open}${quoted(lines)}${close}`;
}

/** In quotes nothing is special to Mermaid but the quote itself; names and addresses have none. */
function quoted(lines: readonly string[]): string {
  return `"${lines.join("<br/>")}"`;
}
