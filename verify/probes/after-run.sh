# shellcheck shell=bash
# Tells what the gateway knows of a program that has just ended on a client: its sessions, with the word `translates` before
# all others, which faults of clients' ways are on, and how the units are that the other words name. Runs as root.

if [[ ${1:-} == translates ]]; then
  tell_sessions
  shift
fi
tell_faults
section units systemctl show --property=Id,ActiveState,SubState "$@"
