# shellcheck shell=bash
# Tells how the gateway's services are. Runs as root.

section units systemctl show --property=Id,ActiveState,SubState,Result \
  jool.service nftables.service unbound.service radvd.service kea-dhcp6-server.service
section instance jool instance display --csv
section kernel uname -r
section module cat /sys/module/jool/version
