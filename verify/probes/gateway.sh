# shellcheck shell=bash
# Tells how the gateway's services are, and what they stand on. Runs as root. Standard input: units, one a line.

mapfile -t units

# A block and a name of its own are what the next file will need; root may still have some when nobody else has.
write_a_file() {
  local file
  file=$(mktemp /var/tmp/ipv6-only-lab.XXXXXX) && head -c 65536 /dev/urandom >"$file"
  local rc=$?
  rm -f "${file:-}"
  return "$rc"
}

section counters nft --json list table inet ipv6_only_lab
section units systemctl show --property=Id,ActiveState,SubState,Result "${units[@]}"
section instance jool instance display --csv
section global jool global display --csv
section pool4 jool pool4 display --csv
section kernel uname -r
section module cat /sys/module/jool/version
section forwarding cat /proc/sys/net/ipv4/conf/all/forwarding /proc/sys/net/ipv6/conf/all/forwarding
section mtu cat /sys/class/net/lan/mtu /proc/sys/net/ipv6/conf/lan/mtu
section lan ip -json address show dev lan
section uplink ip -json -4 route show default
section disk write_a_file
section clock printf '%s' "$EPOCHSECONDS"
