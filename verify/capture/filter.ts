/**
 * What is captured where (pcap-filter(7)). SSH that manages the machines is left out: to clients it goes by link-local
 * addresses, to the gateway by an address of the gateway's own.
 */

/** @param filter the user's; "": everything. */
export function clientFilter(filter: string): string {
  return both("not (tcp port 22 and ip6 net fe80::/10)", filter);
}

/**
 * @param sshTo the address by which SSH has come in, with its zone.
 * @param inside whether it is a card on one of the lab's networks.
 */
export function gatewayFilter(filter: string, sshTo: string, inside: boolean): string {
  if (inside) return clientFilter(filter);
  const own = sshTo.replace(/%.*$/, "");
  return both(`not ((tcp dst port 22 and dst host ${own}) or (tcp src port 22 and src host ${own}))`, filter);
}

function both(own: string, filter: string): string {
  return filter === "" ? own : `(${own}) and (${filter})`;
}
