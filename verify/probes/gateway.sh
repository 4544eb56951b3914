# shellcheck shell=bash
# Tells how the gateway's services are, and what they stand on. Runs as root. Standard input: its cards on the lab's
# networks, in one line; units, one a line.

read -r -a cards || true
mapfile -t units

# A block and a name of its own are what the next file will need; root may still have some when nobody else has.
write_a_file() {
  local file
  file=$(mktemp /var/tmp/ipv6-only-lab.XXXXXX) && head -c 65536 /dev/urandom >"$file"
  local rc=$?
  rm -f "${file:-}"
  return "$rc"
}

# "CARD MTU-OF-THE-CARD MTU-FOR-IPV6"
mtus() {
  local card
  for card in "${cards[@]}"; do
    printf '%s %s %s\n' "$card" "$(</sys/class/net/"$card"/mtu)" "$(</proc/sys/net/ipv6/conf/"$card"/mtu)"
  done
}

# "CARD IPV4 IPV6": a packet is forwarded where the card by which it comes in allows it. `all` sets every card's when it is
# written, and is not asked about a packet.
forwarding() {
  local card
  for card in all uplink "${cards[@]}"; do
    printf '%s %s %s\n' "$card" "$(</proc/sys/net/ipv4/conf/"$card"/forwarding)" \
      "$(</proc/sys/net/ipv6/conf/"$card"/forwarding)"
  done
}

# The tables of all protocols: without one of them named it is TCP's alone (jool-pool4(8)).
pool4() { jool pool4 display --csv --tcp && jool pool4 display --csv --no-headers --udp && jool pool4 display --csv --no-headers --icmp; }

section counters nft --json list table inet ipv6_only_lab
tell_faults
section units systemctl show --property=Id,ActiveState,SubState,Result "${units[@]}"
section instance jool instance display --csv
section global jool global display --csv
section pool4 pool4
section kernel uname -r
section module cat /sys/module/jool/version
section forwarding forwarding
section rulesIPv4 ip -4 rule
section rulesIPv6 ip -6 rule
section mtu mtus
section lan ip -json address show
section uplink ip -json -4 route show default
section uplink6 ip -json -6 route show default
section disk write_a_file
section clock printf '%s' "$EPOCHSECONDS"
