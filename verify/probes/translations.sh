# shellcheck shell=bash
# Tells what the gateway translates now: its sessions, and without the word `sessions` the rest too. Runs as root.

section sessionsTcp jool session display --csv --numeric --tcp
section sessionsUdp jool session display --csv --numeric --udp
section sessionsIcmp jool session display --csv --numeric --icmp
[[ ${1:-} != sessions ]] || exit 0
section bibTcp jool bib display --csv --numeric --tcp
section bibUdp jool bib display --csv --numeric --udp
section bibIcmp jool bib display --csv --numeric --icmp
section counters nft --json list table inet ipv6_only_lab
