#!/bin/bash
# Runs clatd(8) where the network has a translator and no IPv4 of its own, and follows the machine to other networks. It is to
# systemd-networkd what clatd's own dispatcher script is to NetworkManager. Runs as a service, as root.
set -uo pipefail

# Seconds without news after which a change is taken to be over.
quiet=0.2
# Seconds after which the translator is asked for anew where nothing else changes. Advertisements bring news as often.
lasting=20

# Default routes that are not the CLAT's own.
has_native_ipv4() {
  local route
  while read -r route; do
    [[ "$route " == *' dev clat '* ]] || return 0
  done < <(ip -4 route show default)
  return 1
}

# The addresses that could be translated to, and the routers; nothing where one of them is missing.
whereabouts() {
  local addresses route routers='' next_hop='via [^ ]+ dev [^ ]+'
  addresses=$(ip -6 -brief address show scope global -tentative -deprecated -dadfailed)
  while read -r route; do
    [[ ! $route =~ $next_hop ]] || routers+=${BASH_REMATCH[0]}$'\n'
  done < <(ip -6 route show default)
  [[ -z $addresses || -z $routers ]] || printf '%s\n' "$addresses" "$routers"
}

# What shows that there is a translator: PREF64 (RFC 8781), else what DNS64 makes of ipv4only.arpa (RFC 7050). clatd looks for
# it in the same order.
translator() {
  local told
  told=$(networkctl --json=short status | jq --compact-output '.Interfaces[].NDisc.PREF64[]? | [.Prefix, .PrefixLength]')
  [[ -n $told ]] || told=$(dig +short +time=2 +tries=2 ipv4only.arpa AAAA | grep -v '^;' | sort)
  printf '%s' "$told"
}

# What clatd was started for last; nothing: it was stopped.
served=unknown
at='' since=0 found='' asked=0

follow() {
  local now='' wanted=''
  if ! has_native_ipv4; then now=$(whereabouts); fi
  if [[ $now != "$at" ]]; then
    at=$now since=$SECONDS found='' asked=0
  fi
  if [[ -n $at ]]; then
    # A resolver may come later than the address.
    if [[ $asked -eq 0 || $((SECONDS - asked)) -ge $lasting || (-z $found && $((SECONDS - since)) -lt $lasting) ]]; then
      found=$(translator)
      asked=$SECONDS
    fi
    [[ -z $found ]] || wanted=$at$found
  fi
  [[ $wanted != "$served" ]] || return 0
  served=$wanted
  if [[ -z $wanted ]]; then
    systemctl stop clatd.service
  else
    # Tried again with the next news.
    systemctl restart clatd.service || served=unknown
  fi
}

exec {news}< <(exec ip -oneline monitor address route)
follow
while read -r _ <&"$news"; do
  while read -r -t "$quiet" _ <&"$news"; do :; done
  follow
done
