# shellcheck shell=bash
# The gateway's addresses and MTU on its networks, and that its routes are what counts: see lan.ts.

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

# The kernel's own rules, as ip(8) tells them; of IPv6 it makes no more.
declare -A own_rules=(
  [-4]=$'\n0 from all lookup local\n32766 from all lookup main\n32767 from all lookup default\n'
  [-6]=$'\n0 from all lookup local\n32766 from all lookup main\n'
)

# Addresses and the link-local one stay, as far as they are the same.
reload_lan() {
  local card file
  mend_rules || return 1
  networkctl reload
  sleep 0.2
  # A reload does nothing for a card whose files are as they were.
  while read -r card file; do
    [[ -z $(drift_of_card "$card" "$file") ]] || networkctl reconfigure "$card"
  done < <(lan_files)
}

serves_lan() { [[ -z $(drift_lan) ]]; }

drift_lan() {
  local card file kind family words
  while read -r kind family words; do
    case $kind in
      foreign) printf "a rule of IPv%s is not the kernel's own: %s\n" "${family#-}" "$words" ;;
      missing) printf "the kernel's own rule of IPv%s is missing: %s\n" "${family#-}" "$words" ;;
    esac
  done < <(wrong_rules)
  while read -r card file; do drift_of_card "$card" "$file"; done < <(lan_files)
}

# "KIND -4|-6 PRIORITY RULE" for each rule (ip-rule(8)) that leads past the routes whatever those are, `foreign`, and before
# them for each of the kernel's own that is `missing`.
wrong_rules() {
  local family priority words live rest
  for family in -4 -6; do
    live=$'\n' rest=''
    while IFS=$': \t' read -r priority words; do
      live+="$priority $words"$'\n'
      if [[ ${own_rules[$family]} != *$'\n'"$priority $words"$'\n'* ]]; then rest+="foreign $family $priority $words"$'\n'; fi
    done < <(ip "$family" rule)
    while read -r words; do
      [[ -z $words || $live == *$'\n'"$words"$'\n'* ]] || printf 'missing %s %s\n' "$family" "$words"
    done <<<"${own_rules[$family]}"
    printf '%s' "$rest"
  done
}

mend_rules() {
  local kind family priority words
  while read -r kind family priority words; do
    # What ip(8) tells and does not read: of a card or a rule that is gone, and of the table of a VRF.
    words=${words/'lookup [l3mdev-table]'/l3mdev}
    words=${words//\[detached]/}
    words=${words//\[unresolved]/}
    # With all its words: another one may have the same priority, the kernel's own too.
    # systemd-networkd takes rules away that it has not made, but those of the kernel (ManageForeignRoutingPolicyRules=).
    # shellcheck disable=SC2086
    case $kind in
      missing) ip "$family" rule add priority "$priority" $words protocol kernel ;;
      foreign) ip "$family" rule delete priority "$priority" $words ;;
    esac || return 1
  done < <(wrong_rules)
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
