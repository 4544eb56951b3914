# shellcheck shell=bash
# The gateway's addresses and MTU on its networks, and that nothing comes before its routes: see lan.ts.

# systemd-networkd has no checker: a line that it does not understand is missing afterwards, which is seen.
check_lan() { :; }

# "CARD FILE" for each network.
lan_files() {
  local path card
  for path in "${paths[@]}"; do
    [[ ${service_of[$path]} == lan && -f $path ]] || continue
    card=${path#*/10-netplan-}
    printf '%s %s\n' "${card%.network.d/*}" "$path"
  done
}

# Addresses and the link-local one stay, as far as they are the same.
reload_lan() {
  local card file family priority words
  while read -r family priority words; do
    # With all its words: another one may have the same priority, the kernel's own too. What ip(8) tells of a card that is
    # gone is none of them.
    # shellcheck disable=SC2086
    ip "$family" rule delete priority "$priority" ${words//\[detached]/} || return 1
  done < <(foreign_rules)
  networkctl reload
  sleep 0.2
  # A reload does nothing for a card whose files are as they were.
  while read -r card file; do
    [[ -z $(drift_of_card "$card" "$file") ]] || networkctl reconfigure "$card"
  done < <(lan_files)
}

serves_lan() { [[ -z $(drift_lan) ]]; }

drift_lan() {
  local card file family words
  while read -r family words; do
    printf 'a rule comes before the routes of IPv%s: %s\n' "${family#-}" "$words"
  done < <(foreign_rules)
  while read -r card file; do drift_of_card "$card" "$file"; done < <(lan_files)
}

# "-4|-6 PRIORITY RULE" for each that is not the kernel's own (ip-rule(8)): it leads past the routes whatever they are.
foreign_rules() {
  local family priority words
  for family in -4 -6; do
    while IFS=$': \t' read -r priority words; do
      case "$priority $words" in
        '0 from all lookup local' | '32766 from all lookup main' | '32767 from all lookup default') ;;
        *) printf '%s %s %s\n' "$family" "$priority" "$words" ;;
      esac
    done < <(ip "$family" rule)
  done
}

drift_of_card() { # CARD FILE
  local wanted_mtu='' text line address
  local -A wanted=()
  text=$(text_of "$2")
  while read -r line; do
    case $line in
      Address=*) wanted[${line#Address=}]=missing ;;
      MTUBytes=*) wanted_mtu=${line#MTUBytes=} ;;
    esac
  done <<<"$text"
  [[ -e /sys/class/net/$1 ]] || {
    printf 'there is no card %s\n' "$1"
    return
  }
  [[ $(<"/sys/class/net/$1/mtu") == "$wanted_mtu" ]] ||
    printf 'the MTU of %s is %s, not %s\n' "$1" "$(<"/sys/class/net/$1/mtu")" "$wanted_mtu"
  while read -r _ _ _ line; do
    address=${line%% *}
    if [[ -n ${wanted[$address]-} ]]; then
      wanted[$address]=found
      [[ $line != *dadfailed* ]] || printf 'another machine has the address %s too\n' "$address"
      [[ $line != *tentative* ]] || printf 'the address %s is not in use yet\n' "$address"
    else
      printf '%s has an address too many, %s\n' "$1" "$address"
    fi
  done < <(ip -o address show dev "$1" scope global)
  for address in "${!wanted[@]}"; do
    [[ ${wanted[$address]} == found ]] || printf '%s has not the address %s\n' "$1" "$address"
  done
}
