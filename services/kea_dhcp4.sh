# shellcheck shell=bash
# DHCPv4: see kea_dhcp4.ts, and kea.sh for why it is so.

check_kea_dhcp4() { check_kea_file kea_dhcp4 kea-dhcp4 /etc/kea/kea-dhcp4.conf; }

reload_kea_dhcp4() { run_unit kea_dhcp4 restart; }

# Port 67: beside the raw sockets, by which it hears who has no address yet, it has a socket for each of its own addresses.
serves_kea_dhcp4() { is_bound 0043 /proc/net/udp; }

drift_kea_dhcp4() { serves_kea_dhcp4 || printf 'nobody listens on port 67\n'; }
