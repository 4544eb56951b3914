# shellcheck shell=bash
# Tries what the simulated internet has of faults, as a program with Happy Eyeballs meets them. Standard input: how many at
# once; the seconds that each may take; and "NAME URL [PROXY]" a line. A dns: URL (RFC 4501) is a question:
# dns://SERVER/NAME?type=T.

read -r at_once
read -r patience

try() { # URL [PROXY]
  local server question through=()
  [[ -z ${2-} ]] || through=(--proxytunnel --proxy "$2")
  if [[ $1 == dns://* ]]; then
    server=${1#dns://} server=${server%%/*}
    question=${1#dns://*/}
    # Without a second try and without TCP: what is asked is whether the answer comes in one datagram.
    dig +notcp +ignore +bufsize=4096 +tries=1 +time="$patience" +short "@$server" "${question%%\?*}" "${question##*type=}"
  else
    curl --silent --show-error --location --max-time "$patience" --output /dev/null \
      "${through[@]}" --write-out '%{http_code} %{remote_ip} %{time_total}' "$1"
  fi
}

# In files, since what two of them say at once would be mixed.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
running=0
while read -r name url proxy; do
  {
    rc=0
    output=$(try "$url" "$proxy" 2>&1) || rc=$?
    print_section "$name" "$rc" "${output//$'\n'/ }" >"$folder/$name"
  } &
  running=$((running + 1))
  if [[ $running -ge $at_once ]]; then
    wait -n
    running=$((running - 1))
  fi
done
wait
cat "$folder"/*
