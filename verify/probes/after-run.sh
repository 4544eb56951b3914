# shellcheck shell=bash
# Tells what the gateway knows of a program that has just ended on a client: its sessions, with the word `translates` before
# all others, which faults of clients' ways are on, and how the units are that the other words name if one of them does not
# run. Runs as root.

# systemd has such a link as long as a unit is active or comes to be. Asking for its state takes an emulated gateway a
# quarter of a second.
all_run() {
  local unit
  for unit; do [[ -L /run/systemd/units/invocation:$unit ]] || return 1; done
}

if [[ ${1:-} == translates ]]; then
  tell_sessions
  shift
fi
tell_faults
all_run "$@" || section units systemctl show --property=Id,ActiveState,SubState "$@"
