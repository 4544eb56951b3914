# shellcheck shell=bash
# Tells what the gateway translates now, and what its firewall has counted. Runs as root.

tell_sessions
section bibTcp jool bib display --csv --numeric --tcp
section bibUdp jool bib display --csv --numeric --udp
section bibIcmp jool bib display --csv --numeric --icmp
section counters nft --json list table inet ipv6_only_lab
