# shellcheck shell=bash
# DHCPv6: see kea.ts.

# Kea's -t wants a folder for its log's lock, which its unit makes only when it starts.
check_kea() {
  # As the service does it: Debian's AppArmor profile lets Kea look at its own files alone, and root is not their owner.
  install -d -o _kea -g _kea -m 0750 /run/lock/kea
  KEA_LOCKFILE_DIR=/run/lock/kea check kea setpriv --reuid=_kea --regid=_kea --clear-groups \
    kea-dhcp6 -t "$(staged /etc/kea/kea-dhcp6.conf)"
}

# Restarted: after a SIGHUP nothing tells whether the old configuration still answers, and leases are on the disk.
reload_kea() { run_unit kea restart; }

# Port 547 in hexadecimal, bound by any socket.
serves_kea() {
  local line
  while read -r line; do
    [[ ! $line =~ ^[0-9]+:\ [0-9A-F]+:0223\  ]] || return 0
  done </proc/net/udp6
  return 1
}

drift_kea() { serves_kea || printf 'nobody listens on port 547\n'; }
