# shellcheck shell=bash
# Stands before each script of this folder when it is sent to a machine.
set -u

# Prints "### <name> <exit code>" and then what was said.
print_section() { printf '### %s %d\n%s\n' "$@"; }

# The same of a command.
section() {
  local name=$1 output rc=0
  shift
  output=$("$@" 2>&1) || rc=$?
  print_section "$name" "$rc" "$output"
}
