# shellcheck shell=bash
# Tells what a client knows about its network. Standard input: the URL to fetch (or nothing, for the package mirror);
# the seconds to wait for it; then lines "<name> <address> <seconds>" to ping.

read -r url || true
read -r wait_seconds || true
mapfile -t pings

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

# Until the content came, or the time is over: on a first boot the other side is still on its way.
fetch() {
  local started=$SECONDS output rc=0
  until output=$(fetch_once --location "$url" 2>&1); do
    if [[ $((SECONDS - started)) -ge ${wait_seconds:-0} ]]; then
      rc=1
      break
    fi
    sleep 0.5
  done
  printf '%s\n' "$output"
  return "$rc"
}

# A ping goes on beside what follows it, and prints its section at the end.
declare -a answers=()
start_ping() { # NAME ADDRESS SECONDS
  local answer
  exec {answer}< <(section "$1" ping_once "$2" "$3")
  answers+=("$answer")
}

[[ -n $url ]] || url=$(mirror_url)
host=${url#*://}
host=${host%%/*}
[[ $host == \[* ]] || host=${host%:*}
print_section url 0 "$url"
rc=0
content=$(fetch) || rc=$?
print_section fetch "$rc" "$content"

read -r _ _ remote _ <<<"$content"
[[ $rc -ne 0 ]] || start_ping ping-remote "$remote" 1
for line in "${pings[@]}"; do
  read -r name address seconds <<<"$line"
  start_ping "$name" "$address" "$seconds"
done
section names dig +noall +answer +time=5 +tries=2 "$host" AAAA "$host" A ipv4only.arpa AAAA
section addresses ip -json address show
section routes6 ip -json -6 route show default
section routes4 ip -json -4 route show
# Where something else than systemd-networkd configures the card, the resolver's own list is all that can be told.
section lan networkctl status lan --json=short
section resolver sed -n 's/^nameserver //p' /run/systemd/resolve/resolv.conf
for answer in "${answers[@]}"; do cat <&"$answer"; done
