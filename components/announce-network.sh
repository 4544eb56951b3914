#!/bin/bash
# Tells a client that its network is another one, as a link that goes down and up does. Runs as root on the client.
#
#   announce-network made|changed
#
# On standard input, a line each: the link, the client's address, the search domains, and whatever else it learns.
set -euo pipefail
read -r link
read -r address
read -r domains

holds() {
  local found
  [[ -n $(ip -o address show dev "$link" to "$address") ]] || return 1
  found=$(resolvectl domain "$link" | sed 's/^[^:]*: *//' | tr ' ' '\n' | sort | xargs)
  [[ $found == "$domains" ]]
}

# A machine that has just been made may have asked before the gateway was as it is now.
if [[ $1 == made ]] && holds; then exit 0; fi
networkctl reconfigure "$link"
resolvectl flush-caches
