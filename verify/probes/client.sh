# shellcheck shell=bash
# Tells what a client knows about its network. Standard input: an address inside the NAT64 prefix; names, one a line. Without
# any it tells what nobody needs to be asked for.

# The client's own resolver, asked anew: its cache may be older than what is true now.
own_view() {
  if [[ -S /run/systemd/resolve/io.systemd.Resolve ]]; then
    timeout 10 resolvectl query --cache=no --legend=no --type=AAAA "$1"
  else
    dig +noall +comments +answer +time=5 +tries=2 "$1" AAAA
  fi
}

section addresses ip -json address show
section routes6 ip -json -6 route show default
section routes4 ip -json -4 route show
section resolver cat /run/systemd/resolve/resolv.conf
read -r translated || exit 0
mapfile -t names
section source ip -json -6 route get "$translated"
section mtu cat /proc/sys/net/ipv6/conf/lan/mtu
# Where something else than systemd-networkd configures the card, the resolver's own list is all that can be told.
section lan networkctl status lan --json=short
for name in "${names[@]}"; do section "own-$name" own_view "$name"; done
