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

mapfile -t namespaces < <(grep -v '^#' "$folder/namespaces")

# In a namespace, with everything else as it is: `ip netns exec` would mount a /sys of its own.
inside() { # NAMESPACE COMMAND...
  nsenter --net="/run/netns/$1" -- "${@:2}"
}

# One line each: starting a program takes an emulated machine longer than what it does here.
batch() { # [OPTION]... -- LINE...
  local -a options=()
  until [[ $1 == -- ]]; do options+=("$1") && shift; done
  shift
  ip "${options[@]}" -batch - < <(printf '%s\n' "$@")
}

up() {
  local name
  local -a settings
  down
  batch -- "${namespaces[@]/#/netns add }"
  for name in "${namespaces[@]}"; do
    # Before there are cards, which take the settings of `default` with them.
    settings=(net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0)
    case $name in
      internet-router)
        settings+=(net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1)
        settings+=(net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0)
        ;;
      # A prefix that is local as a whole has no addresses that one could bind to (IPv6).
      internet-servers) settings+=(net.ipv6.ip_nonlocal_bind=1) ;;
    esac
    inside "$name" sysctl --quiet --write "${settings[@]}"
  done
  ip -batch "$folder/gateway.ip"
  for name in "${namespaces[@]}"; do ip -n "$name" -batch "$folder/$name.ip"; done
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
  if [[ -e /sys/class/net/internet ]]; then ip link delete internet; fi
  for name in "${namespaces[@]}"; do
    [[ ! -e /run/netns/$name ]] || ip netns delete "$name"
  done
  rm -f "$recorded"
}

# Without what the kernel adds by itself, now or later.
state() {
  local name family
  {
    ip -brief address show dev internet
    for name in "${namespaces[@]}"; do
      printf '%s\n' "$name"
      for family in -4 -6; do batch -n "$name" "$family" -- 'route show table all' 'rule show'; done
    done
    for name in internet-router internet-servers; do
      inside "$name" nft --stateless list ruleset
      tc -n "$name" qdisc show
    done
  } | grep -v '^multicast\|^anycast\|^qdisc noqueue'
}

"$@"
