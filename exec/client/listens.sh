# shellcheck shell=bash
# Waits until somebody listens on a TCP port here. Arguments: the port; seconds to wait. Tells, a line each, `listens ADDRESS`
# and this machine's addresses on the network, `has ADDRESS`: nobody else has a way to those of bridges for containers.

port=$1 seconds=$2
end=$((SECONDS + seconds))
look() { sockets=$(ss --no-header --listening --tcp --numeric "sport = :$port"); }
while look && [[ -z $sockets ]] && ((SECONDS < end)); do sleep 0.3; done
# Many a server makes a socket for each family, one after the other.
for ((count = 0; count < 8; count++)); do
  if [[ -z $sockets || $sockets =~ \[|[[:space:]]\*: ]]; then break; fi
  sleep 0.3
  look
done
while read -r _ _ _ local _; do
  [[ -z $local ]] || printf 'listens %s\n' "${local%:*}"
done <<<"$sockets"
# Not those that the kernel would take for nothing new.
for family in -6 -4; do
  while read -r _ _ _ address _; do
    printf 'has %s\n' "${address%/*}"
  done < <(ip "$family" -oneline address show dev lan scope global -deprecated -tentative)
done
