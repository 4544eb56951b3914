# shellcheck shell=bash
# Tries what the simulated internet has of faults, as a program with Happy Eyeballs meets them. Standard input: how many at
# once; the seconds that each may take; and "NAME URL [PROXY]" a line. A dns: URL (RFC 4501) is a question:
# dns://SERVER/NAME?type=T.

read -r at_once
read -r patience

# In files, since what two of them say at once would be mixed.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

ask() { # NAME URL
  local name=$1 server question output rc=0
  server=${2#dns://} server=${server%%/*}
  question=${2#dns://*/}
  # Without a second try and without TCP: what is asked is whether the answer comes in one datagram.
  output=$(dig +notcp +ignore +bufsize=4096 +tries=1 +time="$patience" +short \
    "@$server" "${question%%\?*}" "${question##*type=}" 2>&1) || rc=$?
  print_section "$name" "$rc" "${output//$'\n'/ }" >"$folder/$name"
}

# One transfer, as curl's configuration file has it. None is to come over a connection that another one has left.
transfer() { # NAME URL [PROXY]
  printf '%s\n' "url = \"$2\"" 'output = "/dev/null"' 'location' 'header = "Connection: close"' "max-time = $patience" \
    "write-out = \"$1 %{exitcode} %{http_code} %{time_total} [%{remote_ip}] %{errormsg}\\n\""
  [[ -z ${3-} ]] || printf '%s\n' proxytunnel "proxy = \"$3\""
}

# By one curl: on an emulated machine its start takes ten times as long as a fetch.
fetch_all() {
  curl --silent --parallel --parallel-immediate --parallel-max "$at_once" --config "$folder/.config" \
    >"$folder/.fetched" 2>"$folder/.said"
}

fetched=()
while read -r name url proxy; do
  if [[ $url == dns://* ]]; then
    ask "$name" "$url" &
  else
    [[ ${#fetched[@]} -eq 0 ]] || echo next >>"$folder/.config"
    transfer "$name" "$url" "$proxy" >>"$folder/.config"
    fetched+=("$name")
  fi
done

if [[ ${#fetched[@]} -gt 0 ]]; then
  rc=0
  fetch_all || rc=$?
  # A curl that did not get as far as to tell of one has not tried it.
  [[ $rc -eq 127 ]] || rc=126
  for name in "${fetched[@]}"; do print_section "$name" "$rc" "$(<"$folder/.said")" >"$folder/$name"; done
  while read -r name rc status seconds address message; do
    address=${address#[} address=${address%]}
    [[ $rc -eq 0 ]] || status="curl: ($rc) $message $status"
    print_section "$name" "$rc" "$status $address $seconds" >"$folder/$name"
  done <"$folder/.fetched"
fi
wait
cat "$folder"/*
