# shellcheck shell=bash
# The firewall: see nftables.ts.

# The kernel asks for each module that a rule needs by a process of its own, which takes an emulated gateway a fifth of a
# second; with these there it asks for none. Where one is built in or has another name, it does.
check_nftables() {
  modprobe --quiet --all nft_ct nft_reject_inet nft_chain_nat nft_masq || true
  check nftables nft -c -f "$(staged /etc/nftables.conf)"
}

reload_nftables() {
  local gone
  gone=$(faults_on)
  nft -f /etc/nftables.conf || return 1
  note nftables "reloaded${gone:+; no longer on: $gone}"
}

# Faults that somebody has switched on (path-faults.ts), by their rules' comments.
faults_on() {
  nft --stateless list ruleset |
    sed -nE '/^table (netdev|inet) ipv6_only_lab_fault_/,/^}$/ s/^.* comment "(.*)"$/fault \1/p' |
    sort -u | paste -sd ',' - | sed 's/,/, /g'
}

serves_nftables() { nft list table inet ipv6_only_lab >/dev/null; }

# What the kernel has against what the file gives in a network namespace of its own, counters left out. A fault that
# somebody has switched on (path-faults.ts) is no drift; laying down the rules anew takes it away.
drift_nftables() {
  local live should
  live=$(nft --stateless list ruleset)
  if [[ $live == *ipv6_only_lab_fault_* ]]; then
    live=$(sed -E '/^table (netdev|inet) ipv6_only_lab_fault_/,/^}$/d' <<<"$live")
  fi
  should=$(unshare --net sh -c 'nft -f /etc/nftables.conf && nft --stateless list ruleset')
  [[ $live == "$should" ]] || printf 'the rules in the kernel are not those of /etc/nftables.conf\n'
}
