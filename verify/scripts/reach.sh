# shellcheck shell=bash
# Standard input: lines "<name> ping <address> <seconds>" and "<name> fetch <address> <url>". Does each in its turn.

fetch_from() { # ADDRESS URL
  local authority=${2#*://} host port
  authority=${authority%%/*}
  host=${authority%%:*}
  port=${authority#"$host"}
  port=${port#:}
  if [[ -z $port ]]; then
    port=80
    [[ $2 != https:* ]] || port=443
  fi
  fetch_once --resolve "$host:$port:[$1]" "$2"
}

while read -r name action address argument; do
  case $action in
    ping) section "$name" ping_once "$address" "$argument" ;;
    fetch) section "$name" fetch_from "$address" "$argument" ;;
    *) print_section "$name" 64 "unknown action $action" ;;
  esac
done
