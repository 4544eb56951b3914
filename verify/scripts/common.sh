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

# One echo request. A user-mode uplink that may not send pings answers them with something else, which fails too.
ping_once() { # ADDRESS SECONDS
  local output rc=0
  output=$(ping -n -c 1 -W "$2" -w "$2" "$1" 2>&1) || rc=$?
  [[ $output != *'wrong data byte'* ]] || rc=1
  printf '%s\n' "$output"
  return "$rc"
}

# Fetches and tells: HTTP status, bytes, the address that they came from, seconds.
fetch_once() { # URL AND OPTIONS OF curl
  curl --silent --show-error --connect-timeout 5 --max-time 30 --output /dev/null \
    --write-out '%{http_code} %{size_download} %{remote_ip} %{time_total}' "$@"
}
