#!/bin/bash
# Installs the packages named on standard input, one a line, unless all of them are there. Runs as root on a client.
set -euo pipefail

rc=0
cloud-init status --wait >/dev/null || rc=$?
# 2 is "degraded": something was odd, the machine is usable (cloud-init's documentation of exit codes).
if [ "$rc" -ne 0 ] && [ "$rc" -ne 2 ]; then
  echo "cloud-init failed on this machine:" >&2
  cloud-init status --long >&2 || true
  exit 1
fi

mapfile -t packages
missing=()
for package in "${packages[@]}"; do
  if ! dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed; then
    missing+=("$package")
  fi
done
if [ "${#missing[@]}" -eq 0 ]; then
  echo "all packages are installed"
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Retries=3 update
apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
