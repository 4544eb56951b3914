# shellcheck shell=bash
# Captures one card's packets as they come, in the form of pcap-savefile(5) on standard output, until nobody holds its
# standard input any more, however that has come. Runs as root. Arguments: card, filter (pcap-filter(7)).

exec 3<&0
tcpdump --interface="$1" --immediate-mode --packet-buffered --buffer-size=4096 --time-stamp-precision=nano --snapshot-length=262144 -w - -- "$2" &
capturing=$!
{
  while read -r -u 3; do :; done
  kill -s INT "$capturing"
} >/dev/null 2>&1 &
watching=$!
exec 3<&-
wait "$capturing"
code=$?
kill "$watching" 2>/dev/null
exit "$code"
