# shellcheck shell=bash
# Stands before a script that tells which faults of clients' ways are on.

# Faults of answers, by the rules that lead to the faulty resolver: "PORT FAULT CLIENT NAME", a line each.
answers_on() {
  nft list ruleset | sed -nE 's/^.* (udp|tcp) dport set ([0-9]+) .* comment "([^"]*)"$/\2 \3/p' | sort -u
}

# Those that the faulty resolver knows of, by its own word; nothing where it is dead.
answers_told() {
  local port
  for port in $(answers_on | cut -d ' ' -f 1 | sort -u); do
    dig +short +time=2 +tries=1 -p "$port" @::1 faults. CH TXT
  done
  true
}

tell_faults() {
  section faults nft --json list ruleset
  section answers answers_told
}
