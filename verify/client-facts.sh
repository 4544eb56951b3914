#!/bin/bash
# Tells what a client knows about its network. Reads the URL to fetch (or nothing, for the package mirror) and the
# seconds to wait for it on standard input. Prints sections, each "### <name> <exit code>" and then what was said.
set -u

read -r url || true
read -r wait_seconds || true

section() {
  local name=$1 output rc=0
  shift
  output=$("$@" 2>&1) || rc=$?
  printf '### %s %d\n%s\n' "$name" "$rc" "$output"
}

# The first http(s) package source and suite of this machine, as the URL of its release file.
mirror_url() {
  local sources uri suite
  sources=$(cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null)
  uri=$(sed -nE 's/^URIs:[[:space:]]*(https?:[^[:space:]]+).*/\1/p; s/^deb ([^h]*\] )?(https?:[^[:space:]]+).*/\2/p' \
    <<<"$sources" | head -n 1)
  # shellcheck source=/dev/null
  suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
  printf '%s/dists/%s/InRelease' "${uri%/}" "$suite"
}

fetch() {
  curl --silent --show-error --location --max-time 30 --output /dev/null \
    --write-out '%{http_code} %{size_download} %{remote_ip} %{time_total}' "$@" "$url"
}

# Until the first byte came through, or the time is over: on a first boot the other side is still on its way.
await_path() {
  local started=$SECONDS
  until timeout 10 curl --silent --output /dev/null --range 0-0 "$url"; do
    [ $((SECONDS - started)) -lt "${wait_seconds:-0}" ] || return 1
    sleep 0.5
  done
  printf 'after %d s\n' $((SECONDS - started))
}

[ -n "$url" ] || url=$(mirror_url)
host=$(sed -E 's#^[a-z]+://(\[[^]]+\]|[^/:]+).*#\1#' <<<"$url")

printf '### url 0\n%s\n' "$url"
section wait await_path
section fetch fetch
section addresses ip -json address show
section routes6 ip -json -6 route show default
section routes4 ip -json -4 route show
section lan networkctl status lan --json=short
section resolver resolvectl --no-pager dns lan
section aaaa dig +short +time=5 +tries=2 "$host" AAAA
section a dig +short +time=5 +tries=2 "$host" A
section ipv4only dig +short +time=5 +tries=2 ipv4only.arpa AAAA
section neighbours ip -json -6 neighbour show dev lan
