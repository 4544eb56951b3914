#!/bin/bash
# Reads lines "<name> <ping|fetch> <address> [<url>]" on standard input, does each, prints sections as
# client-facts.sh does.
set -u

while read -r name action address url; do
  rc=0
  case $action in
    ping)
      output=$(ping -n -c 1 -w 2 "$address" 2>&1) || rc=$?
      # A user-mode uplink that may not send pings answers them with something else.
      ! grep -q "wrong data byte" <<<"$output" || rc=70
      ;;
    fetch)
      scheme=${url%%:*}
      authority=${url#*://}
      authority=${authority%%/*}
      host=${authority%%:*}
      port=${authority#"$host"}
      port=${port#:}
      [ -n "$port" ] || { [ "$scheme" = https ] && port=443 || port=80; }
      output=$(curl --silent --show-error --max-time 30 --output /dev/null \
        --resolve "$host:$port:[$address]" \
        --write-out '%{http_code} %{size_download} %{remote_ip} %{time_total}' "$url" 2>&1) || rc=$?
      ;;
    *)
      output="unknown action $action"
      rc=64
      ;;
  esac
  printf '### %s %d\n%s\n' "$name" "$rc" "$output"
done
