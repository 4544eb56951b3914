# shellcheck shell=bash
# The gateway's address and MTU on the LAN: see lan.ts.

lan_file=/etc/systemd/network/10-netplan-lan.network.d/ipv6-only-lab.conf

# systemd-networkd has no checker: a line that it does not understand is missing afterwards, which is seen.
check_lan() { :; }

# Addresses and the link-local one stay, as far as they are the same.
reload_lan() {
  networkctl reload
  sleep 0.2
  # A reload does nothing for a card whose files are as they were.
  [[ -z $(drift_lan) ]] || networkctl reconfigure lan
}

serves_lan() { [[ -z $(drift_lan) ]]; }

drift_lan() {
  local wanted_address='' wanted_mtu='' text line found=''
  text=$(text_of "$lan_file")
  [[ $text =~ Address=([^[:space:]]+) ]] && wanted_address=${BASH_REMATCH[1]}
  [[ $text =~ MTUBytes=([0-9]+) ]] && wanted_mtu=${BASH_REMATCH[1]}
  [[ -n $wanted_address ]] || return 0
  [[ $(</sys/class/net/lan/mtu) == "$wanted_mtu" ]] ||
    printf 'the MTU of the LAN is %s, not %s\n' "$(</sys/class/net/lan/mtu)" "$wanted_mtu"
  while read -r _ _ _ line; do
    if [[ "$line " == "$wanted_address "* ]]; then
      found=yes
      [[ $line != *dadfailed* ]] || printf 'another machine has the address %s too\n' "$wanted_address"
      [[ $line != *tentative* ]] || printf 'the address %s is not in use yet\n' "$wanted_address"
    else
      printf 'the LAN has an address too many, %s\n' "${line%% *}"
    fi
  done < <(ip -o -6 address show dev lan scope global)
  [[ -n $found ]] || printf 'the LAN has not the address %s\n' "$wanted_address"
}
