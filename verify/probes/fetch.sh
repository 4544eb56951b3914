# shellcheck shell=bash
# Fetches content. Standard input: its URL (or nothing, for the package mirror); the seconds to wait for it, where it is
# expected (at least two attempts then: a resolver asks again after 5 s, when a first one is over), else 0; the address to
# fetch it from (or nothing, for what the resolver says).

read -r url || true
read -r wait_seconds || true
read -r address || true

# The first http(s) package source of this machine and its suite, as the URL of a release file.
mirror_url() {
  local file line uri=''
  for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r $file && -z $uri ]] || continue
    while IFS= read -r line && [[ -z $uri ]]; do
      if [[ $line =~ ^(URIs:|deb)[[:space:]]+(\[[^]]*\][[:space:]]+)?(https?:[^[:space:]]+) ]]; then
        uri=${BASH_REMATCH[3]}
      fi
    done <"$file"
  done
  # shellcheck source=/dev/null
  . /etc/os-release
  printf '%s/dists/%s/InRelease' "${uri%/}" "$VERSION_CODENAME"
}

# Tells: HTTP status, bytes, the address that they came from, the port that they came to, seconds.
fetch_once() {
  local authority=${url#*://} host port options=()
  authority=${authority%%/*}
  host=${authority%%:*}
  port=${authority#"$host"}
  port=${port#:}
  if [[ -z $port ]]; then
    port=80
    [[ $url != https:* ]] || port=443
  fi
  if [[ $address == *:* ]]; then
    options=(--resolve "$host:$port:[$address]")
  elif [[ -n $address ]]; then
    options=(--resolve "$host:$port:$address")
  fi
  # What the client's own resolver remembers proves nothing.
  resolvectl flush-caches || true
  curl --silent --show-error --connect-timeout 5 --max-time 30 --output /dev/null --location \
    --write-out '%{http_code} %{size_download} %{remote_ip} %{local_port} %{time_total}' "${options[@]}" "$url"
}

# Until the content came, or the time is over: on a first boot the other side is still on its way.
fetch() {
  local output rc=0 attempts=1 least=1
  [[ ${wait_seconds:-0} -eq 0 ]] || least=2
  until output=$(fetch_once 2>&1); do
    if [[ $SECONDS -ge ${wait_seconds:-0} && $attempts -ge $least ]]; then
      rc=1
      break
    fi
    attempts=$((attempts + 1))
    sleep 0.5
  done
  printf '%s\n' "$output"
  return "$rc"
}

[[ -n $url ]] || url=$(mirror_url)
print_section url 0 "$url"
section fetch fetch
