#!/bin/bash
# Lets a client trust the certificate authority that is handed in on standard input. Runs as root on the client.
set -euo pipefail
file=/usr/local/share/ca-certificates/ipv6-only-lab.crt

certificate=$(cat)
if [[ $certificate != '-----BEGIN CERTIFICATE-----'* ]]; then
  echo "The gateway handed out no certificate of the simulated internet's authority." >&2
  exit 1
fi
if [[ -e $file && $(<"$file") == "$certificate" ]]; then exit 0; fi
mkdir -p "${file%/*}"
printf '%s\n' "$certificate" >"$file"
update-ca-certificates
