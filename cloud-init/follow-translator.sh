#!/bin/bash
# Runs clatd(8) where the network has a translator and no IPv4 of its own, and follows the machine to other networks. It is to
# systemd-networkd what clatd's own dispatcher script is to NetworkManager. Runs as a service, as root.
set -uo pipefail

# Seconds without news after which a change is taken to be over.
quiet=0.2

# Default routes that are not the CLAT's own.
has_native_ipv4() {
  ip -4 route show default | grep -qvE ' dev clat( |$)'
}

# What shows that there is a translator: PREF64 (RFC 8781), else what DNS64 makes of ipv4only.arpa (RFC 7050). clatd looks for
# it in the same order.
translator() {
  local told
  told=$(networkctl --json=short status | jq --compact-output '.Interfaces[].NDisc.PREF64[]? | [.Prefix, .PrefixLength]')
  [[ -n $told ]] || told=$(dig +short +time=2 +tries=2 ipv4only.arpa AAAA | grep -v '^;' | sort)
  printf '%s' "$told"
}

# The network as a CLAT depends on it; nothing where one cannot work or has nothing to do.
place() {
  local addresses routers told
  if has_native_ipv4; then return; fi
  addresses=$(ip -6 -brief address show scope global -tentative -deprecated -dadfailed | sort)
  routers=$(ip -6 route show default | sed 's/ expires [0-9]*sec//' | sort)
  [[ -n $addresses && -n $routers ]] || return
  told=$(translator)
  [[ -z $told ]] || printf '%s\n' "$addresses" "$routers" "$told"
}

# Whatever runs now was started for another place, if at all.
known=unknown
follow() {
  local now
  now=$(place)
  [[ $now != "$known" ]] || return 0
  known=$now
  if [[ -z $now ]]; then
    systemctl stop clatd.service
  else
    # Tried again with the next news: advertisements bring some every few seconds.
    systemctl restart clatd.service || known=unknown
  fi
}

exec {news}< <(exec ip -oneline monitor address route)
follow
while read -r _ <&"$news"; do
  while read -r -t "$quiet" _ <&"$news"; do :; done
  follow
done
