#!/bin/bash
# Tells what the gateway knows. Runs as root. Prints sections as client-facts.sh does.
set -u

section() {
  local name=$1 output rc=0
  shift
  output=$("$@" 2>&1) || rc=$?
  printf '### %s %d\n%s\n' "$name" "$rc" "$output"
}

section units systemctl show --property=Id,ActiveState,SubState,Result \
  jool.service nftables.service unbound.service radvd.service kea-dhcp6-server.service
section addresses ip -json address show
section uplink4 ip -json -4 route show default
section instance jool instance display --csv
section pool4 jool pool4 display --csv --tcp
section sessionsTcp jool session display --csv --numeric --tcp
section sessionsUdp jool session display --csv --numeric --udp
section sessionsIcmp jool session display --csv --numeric --icmp
section bibTcp jool bib display --csv --numeric --tcp
section bibUdp jool bib display --csv --numeric --udp
section bibIcmp jool bib display --csv --numeric --icmp
section kernel uname -r
section module cat /sys/module/jool/version
