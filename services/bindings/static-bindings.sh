#!/bin/bash
# Makes the translator's static bindings those of a file, or takes them away. Run by ipv6-only-lab-bindings.service.
#
#   static-bindings lay|remove|show
#   static-bindings try FILE JOOL-CONF
#
# The file has a line a binding: "tcp|udp INSIDE#PORT OUTSIDE#PORT". show: those that the translator has, in that form, sorted.
# try: whether the translator takes them, in an empty network namespace.
set -euo pipefail
export LC_ALL=C
file=/etc/ipv6-only-lab/static-bindings

wanted() { grep -v '^#' "$file" | sort; }

# "PROTOCOL,IPv6,PORT,IPv4,PORT,1": the last column is 1 for static ones.
show() {
  local protocol
  for protocol in tcp udp icmp; do
    jool bib display --csv --no-headers --numeric "--$protocol"
  done | awk -F , '$6 == "1" { printf "%s %s#%s %s#%s\n", tolower($1), $2, $3, $4, $5 }' | sort
}

remove_lines() {
  local protocol inside outside
  while read -r protocol inside outside; do jool bib remove "--$protocol" "$inside" "$outside"; done
}

lay() {
  local protocol inside outside
  comm -23 <(show) <(wanted) | remove_lines
  while read -r protocol inside outside; do
    # A connection of the client's own may have either of the two already: it ends.
    jool bib remove "--$protocol" "$inside" 2>/dev/null || true
    jool bib remove "--$protocol" "$outside" 2>/dev/null || true
    jool bib add "--$protocol" "$inside" "$outside"
  done < <(comm -13 <(show) <(wanted))
}

remove() { show | remove_lines; }

try() { # FILE JOOL-CONF
  local address
  file=$1
  ip link set lo up
  while read -r address; do ip address add "$address/32" dev lo; done < <(
    wanted | sed 's/^.* //; s/#.*//' | sort -u
  )
  jool file handle "$2"
  lay
}

"$@"
