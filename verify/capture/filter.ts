/**
 * What is captured where (pcap-filter(7)). SSH that manages the machines is left out: to clients it goes by link-local
 * addresses, to the gateway by an address of the gateway's own.
 */

const notManaging = "not (tcp port 22 and ip6 net fe80::/10)";

/**
 * On a card on one of the lab's networks. libpcap filters the first frames of a capture itself, where it cannot tell
 * `inbound` and drops what is asked for that (pcap-linux.c, blocks_to_filter_in_userland): so it is asked for the card's own
 * alone, and the user's filter before.
 * @param filter the user's; "": everything.
 * @param mac the card's own. A segment gives frames back to whoever sent them, who does not see them twice.
 */
export function segmentFilter(filter: string, mac: string): string {
  return `${both(notManaging, filter)} and not (ether src ${mac} and inbound)`;
}

/** On a card on one of the lab's networks: what another machine has sent. */
export function sentByFilter(mac: string): string {
  return `ether src ${mac} and ${notManaging}`;
}

/**
 * On a card that leads out of the gateway.
 * @param sshTo the address by which SSH has come in, with its zone.
 */
export function outsideFilter(filter: string, sshTo: string): string {
  const own = sshTo.replace(/%.*$/, "");
  return both(`not ((tcp dst port 22 and dst host ${own}) or (tcp src port 22 and src host ${own}))`, filter);
}

function both(own: string, filter: string): string {
  return filter === "" ? own : `(${own}) and (${filter})`;
}
