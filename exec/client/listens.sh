# shellcheck shell=bash
# Waits until somebody listens on a TCP port here. Arguments: the port; seconds to wait. Tells, a line each, `listens ADDRESS`
# and this machine's addresses, `has ADDRESS`.

port=$1 seconds=$2
end=$((SECONDS + seconds))
while :; do
  sockets=$(ss --no-header --listening --tcp --numeric "sport = :$port")
  if [[ -n $sockets ]] || ((SECONDS >= end)); then break; fi
  sleep 0.3
done
while read -r _ _ _ local _; do
  [[ -z $local ]] || printf 'listens %s\n' "${local%:*}"
done <<<"$sockets"
# Not those that the kernel would take for nothing new.
for family in -6 -4; do
  while read -r _ _ _ address _; do
    printf 'has %s\n' "${address%/*}"
  done < <(ip "$family" -oneline address show scope global -deprecated -tentative)
done
