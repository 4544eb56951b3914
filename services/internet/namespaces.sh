#!/bin/bash
# Brings the simulated internet's namespaces up, or takes them down. Run by ipv6-only-lab-internet.service.
#
#   internet up|down|state
#
# state: what the kernel has of it, in words that stay the same as long as it does.
set -euo pipefail
export LC_ALL=C
folder=/etc/ipv6-only-lab/internet
recorded=/run/ipv6-only-lab-internet.state

namespaces() { grep -v '^#' "$folder/namespaces"; }

# In a namespace, with everything else as it is: `ip netns exec` would mount a /sys of its own.
inside() { # NAMESPACE COMMAND...
  nsenter --net="/run/netns/$1" -- "${@:2}"
}

settings() { # KEY=VALUE...
  local setting key
  for setting in "$@"; do
    key=${setting%=*}
    printf '%s\n' "${setting#*=}" >"/proc/sys/${key//.//}"
  done
}

up() {
  local name
  down
  while read -r name; do ip netns add "$name"; done < <(namespaces)
  # Before there are cards, which take the settings of `default` with them.
  while read -r name; do
    inside "$name" "$0" settings net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
  done < <(namespaces)
  inside internet-router "$0" settings net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
  # A prefix that is local as a whole has no addresses that one could bind to (IPv6).
  inside internet-servers "$0" settings net.ipv6.ip_nonlocal_bind=1
  ip -batch "$folder/gateway.ip"
  while read -r name; do ip -n "$name" -batch "$folder/$name.ip"; done < <(namespaces)
  ip -n internet-router -4 -batch "$folder/internet-router.rules"
  ip -n internet-router -6 -batch "$folder/internet-router.rules"
  ip -n internet-servers -4 -batch "$folder/internet-servers.rules-ipv4"
  ip -n internet-servers -6 -batch "$folder/internet-servers.rules-ipv6"
  for name in internet-router internet-servers; do
    inside "$name" nft -f "$folder/$name.nft"
    tc -n "$name" -batch "$folder/$name.tc"
  done
  state >"$recorded"
}

down() {
  local name
  ip link delete internet 2>/dev/null || true
  while read -r name; do
    [[ ! -e /run/netns/$name ]] || ip netns delete "$name"
  done < <(namespaces)
  rm -f "$recorded"
}

state() {
  local name
  ip -brief address show dev internet | tr -s ' '
  while read -r name; do
    printf '%s\n' "$name"
    ip -n "$name" -4 route show table all
    ip -n "$name" -6 route show table all | grep -v '^multicast\|^anycast'
  done < <(namespaces)
  for name in internet-router internet-servers; do
    ip -n "$name" -4 rule
    ip -n "$name" -6 rule
    inside "$name" nft --stateless list ruleset
    tc -n "$name" qdisc show | grep netem || true
  done
}

"$@"
