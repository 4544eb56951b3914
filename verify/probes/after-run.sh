# shellcheck shell=bash
# Tells what the gateway knows of a program that has just ended on a client: its sessions, with the word `translates`, and
# which faults of clients' ways are on. Runs as root.

[[ ${1:-} != translates ]] || tell_sessions
tell_faults
