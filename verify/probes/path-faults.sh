# shellcheck shell=bash
# Switches faults of clients' ways: see services/path-faults.ts. Runs as root. Arguments: `look`; `on` and "FAULT CLIENT TO",
# with the rules on standard input and before them, counted in the first line, what tc is to be told and the faulty
# resolver's program (services/faulty-resolver.ts); `off` and tables, `off-all`.

prefix=ipv6_only_lab_fault_ handle=1a64:
resolver=ipv6-only-lab-faulty-resolver run=/run/ipv6-only-lab-faulty-resolver

umask 022
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
  tell_resolver
}

# --- the faulty resolver: one for all, while such a fault is on ---

# One that is about to be started again is not active, and not gone either.
stop_resolver() { systemctl stop "$resolver" 2>/dev/null || true; }

# It is told what the rules say, and of one that is about to be on. It listens when this returns.
tell_resolver() { # ["PORT FAULT CLIENT NAME"]
  local on
  on=$({ answers_on && printf '%s\n' "$@"; } | sed '/^$/d' | sort -u)
  if [[ -z $on ]]; then
    [[ -e $run ]] || return 0
    stop_resolver
    rm -rf "$run"
    return
  fi
  # Without the program nobody has started it, and what is on is told to be dead.
  [[ -e $run/program.py ]] || return 0
  printf '%s\n' "$on" >"$run/on.new" && mv "$run/on.new" "$run/on" || return
  if systemctl is-active --quiet "$resolver"; then
    systemctl reload "$resolver"
  else
    stop_resolver
    systemd-run --quiet --collect --unit="$resolver" --description='Faulty answers that were switched on' \
      --property=Type=notify-reload --property=DynamicUser=yes --property=Restart=always --property=RestartSec=1 \
      --property=StartLimitIntervalSec=0 python3 -I -S "$run/program.py" "$run/on"
  fi
}

# Another version of this program may have started it.
install_resolver() { # PROGRAM
  [[ $(cat "$run/program.py" 2>/dev/null) != "$1" ]] || return 0
  stop_resolver
  mkdir -p "$run" && printf '%s\n' "$1" >"$run/program.py"
}

# The port that a client's faults of answers have already, or the first that nobody's have.
port_of() { # CLIENT
  answers_on | awk -v client="$1" '
    $3 == client { own = $1 }
    { taken[$1] = 1 }
    END { port = 5300; while (port in taken) port++; print own ? own : port }'
}

answer_wrongly() { # "FAULT CLIENT NAME" PROGRAM
  local port client
  if ! nft list chain inet ipv6_only_lab input | grep -q 'mark 0x0*53 accept'; then
    printf "the gateway's firewall lets nobody ask a faulty resolver: it is older than this program. An update (up) changes it\n"
    return 1
  fi
  read -r _ client _ <<<"$1"
  port=$(port_of "$client")
  install_resolver "$2" && tell_resolver "$port $1" || return
  { printf 'define resolver_port = %s\n' "$port" && cat; } | nft -f - || {
    tell_resolver
    return 1
  }
}

switch_on() { # "FAULT CLIENT TO"
  local bands_count program_count program
  local -a bands=() lines=()
  read -r bands_count program_count
  ((bands_count == 0)) || mapfile -t -n "$bands_count" bands
  ((program_count == 0)) || mapfile -t -n "$program_count" lines
  # Another card than the one that is told has no bands; tc names it.
  ((bands_count == 0)) || printf '%s\n' "${bands[@]}" | tc -batch - || return
  if ((program_count == 0)); then
    nft -f -
  else
    program=$(printf '%s\n' "${lines[@]}")
    answer_wrongly "$1" "$program"
  fi
}

case $1 in
  on) section switched switch_on "$2" ;;
  off)
    # Without a name none: there was nothing that was meant.
    if [[ $# == 1 ]]; then print_section switched 0 ""; else section switched delete_tables "${@:2}"; fi
    ;;
  off-all) section switched delete_tables ;;
esac
tell_faults
