# shellcheck shell=bash
# DHCPv6: see kea.ts.

check_kea() { check_kea_file kea kea-dhcp6 /etc/kea/kea-dhcp6.conf; }

# Kea's -t wants a folder for its log's lock, which its unit makes only when it starts.
check_kea_file() { # SERVICE PROGRAM FILE
  # As the service does it: Debian's AppArmor profile lets Kea look at its own files alone, and root is not their owner.
  install -d -o _kea -g _kea -m 0750 /run/lock/kea
  KEA_LOCKFILE_DIR=/run/lock/kea check "$1" setpriv --reuid=_kea --regid=_kea --clear-groups "$2" -t "$(staged "$3")"
}

# Restarted: after a SIGHUP nothing tells whether the old configuration still answers, and leases are on the disk.
reload_kea() { run_unit kea restart; }

serves_kea() { is_bound 0223 /proc/net/udp6; }

drift_kea() { serves_kea || printf 'nobody listens on port 547\n'; }

# Whether any socket is bound to a port.
is_bound() { # PORT-IN-HEXADECIMAL TABLE
  local line
  while read -r line; do
    [[ ! $line =~ ^[0-9]+:\ [0-9A-F]+:$1\  ]] || return 0
  done <"$2"
  return 1
}
