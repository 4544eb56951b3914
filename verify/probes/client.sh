# shellcheck shell=bash
# Tells what a client knows about its network. Argument: seconds that whoever is asked may take. Standard input: an address
# inside the NAT64 prefix; other addresses, in one line; the name of a host, of which programs are told; names for its
# resolver, one a line. Without any it tells what nobody needs to be asked for.

patience=${1:-}

# The client's own resolver, asked anew: its cache may be older than what is true now.
own_view() {
  if [[ -S /run/systemd/resolve/io.systemd.Resolve ]]; then
    timeout "$patience" resolvectl query --cache=no --legend=no --type=AAAA "$1"
  else
    dig +noall +comments +answer +time=5 +tries=$((patience / 5)) "$1" AAAA
  fi
}

# What a program is told that asks as programs do: by nsswitch.conf(5), /etc/hosts and what else speaks before DNS.
programs_view() {
  timeout "$patience" python3 -I -S -c \
    'import socket, sys; print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], None)}))' "$1"
}

section addresses ip -json -details address show
section routes6 ip -json -6 route show
section routes4 ip -json -4 route show
section resolver cat /run/systemd/resolve/resolv.conf
read -r translated || exit 0
read -r -a others
read -r host
mapfile -t names
section source ip -json -6 route get "$translated"
for address in "$translated" "${others[@]}"; do section "way-$address" ip -json route get "$address"; done
section mtu cat /proc/sys/net/ipv6/conf/lan/mtu
# Where something else than systemd-networkd configures the card, the resolver's own list is all that can be told.
section lan timeout "$patience" networkctl status lan --json=short
section dns-by timeout "$patience" resolvectl dns
for name in "${names[@]}"; do section "own-$name" own_view "$name"; done
section programs programs_view "$host"
section pinned getent -s hosts:files ahosts "$host"
# Last: it is held against the clock of who reads it.
section clock printf '%s' "$EPOCHSECONDS"
