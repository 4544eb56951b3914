#!/bin/sh
# Plays a machine behind the simulated vCenter without booting one: tells an address for its first card, which is the
# uplink's, after half a second, unless the machine's name ends in "-silent". It runs until its power is cut. What it is
# told of changes meanwhile is added to the file $VCENTER_CHANGES.
read -r description
mac=$(printf '%s' "$description" | sed -n 's/.*"nics":\[{"mac":"\([^"]*\)".*/\1/p')
case $description in
  *'-silent"'*) ;;
  *)
    sleep 0.5
    printf '{"hostName":"gateway.lab.example","nics":[{"mac":"%s","addresses":["fe80::1/64","169.254.3.4/16","127.9.8.7/8"]}]}\n' "$mac"
    ;;
esac
cat >>"${VCENTER_CHANGES:-/dev/null}"
