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
# A list that cannot be fetched is no failure to apt unless it is told so, and may be one that nobody needs.
lists_fetched=true
apt-get -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update || lists_fetched=false
if ! apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"; then
  printf 'ipv6-only-lab: These packages could not be installed: %s\n' "${missing[*]}" >&2
  "$lists_fetched" ||
    echo "ipv6-only-lab: The package lists could not be fetched: the client does not reach the mirror or its name." >&2
  exit 1
fi
