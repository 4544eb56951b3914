# shellcheck shell=bash
# Switches faults of clients' ways: see services/path-faults.ts. Runs as root. Arguments: `look`; `on`, with the rules on
# standard input and before them, counted in the first line, what tc is to be told; `off` and tables, `off-all`.

prefix=ipv6_only_lab_fault_ handle=1a64:

exec 9>/run/ipv6-only-lab-faults.lock
flock 9

# "FAMILY TABLE", a line each.
tables() { nft list tables | sed -n "s/^table \([a-z]* $prefix.*\)/\1/p"; }

# Bands that no rule chooses delay nobody, and are not left behind.
clear_bands() {
  local kind card rest
  ! nft list ruleset | grep -q "priority set $handle" || return 0
  while read -r _ kind _ _ card rest; do
    [[ $kind != prio ]] || tc qdisc del dev "$card" root handle "$handle"
  done < <(tc qdisc show | grep "^qdisc prio $handle dev .* root")
}

# The tables of these names, or without a name all.
delete_tables() {
  local family table
  while read -r family table; do
    [[ $# == 0 || " $* " == *" $table "* ]] || continue
    nft delete table "$family" "$table" || return
  done < <(tables)
  clear_bands
}

switch_on() {
  local count
  local -a bands=()
  read -r count
  ((count == 0)) || mapfile -t -n "$count" bands
  # Another card than the one that is told has no bands; tc names it.
  ((count == 0)) || printf '%s\n' "${bands[@]}" | tc -batch - || return
  nft -f -
}

case $1 in
  on) section switched switch_on ;;
  off)
    # Without a name none: there was nothing that was meant.
    if [[ $# == 1 ]]; then print_section switched 0 ""; else section switched delete_tables "${@:2}"; fi
    ;;
  off-all) section switched delete_tables ;;
esac
section faults nft --json list ruleset
