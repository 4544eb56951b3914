# shellcheck shell=bash
# Tells what the gateway translates now. Runs as root.

section counters nft --json list table inet ipv6_only_lab
section sessionsTcp jool session display --csv --numeric --tcp
section sessionsUdp jool session display --csv --numeric --udp
section sessionsIcmp jool session display --csv --numeric --icmp
section bibTcp jool bib display --csv --numeric --tcp
section bibUdp jool bib display --csv --numeric --udp
section bibIcmp jool bib display --csv --numeric --icmp
