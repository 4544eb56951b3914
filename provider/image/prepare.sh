#!/bin/sh
# What must be in place before the guest's packages are configured. Run by mmdebstrap as its essential hook.
#
#   prepare.sh ROOT
#
# LAB_JOOL: `prebuilt` lets dkms build the kernel module while packages are installed, `first-boot` leaves it to the
# gateway.
set -eu
root=$1

if [ "$LAB_JOOL" = first-boot ]; then
  mkdir -p "$root/etc/dkms"
  : >"$root/etc/dkms/no-autoinstall"
fi
