#!/bin/bash
# Lets a client trust the certificate authority that is handed in on standard input. Runs as root on the client.
set -euo pipefail
name=ipv6-only-lab
file=/usr/local/share/ca-certificates/$name.crt
bundle=/etc/ssl/certs/ca-certificates.crt

certificate=$(cat)
if [[ $certificate != '-----BEGIN CERTIFICATE-----'* ]]; then
  echo "The gateway handed out no certificate of the simulated internet's authority." >&2
  exit 1
fi
if [[ -e $file && $(<"$file") == "$certificate" && $(<"$bundle") == *"$certificate"* ]]; then exit 0; fi
# One that was trusted before goes only by making everything anew.
[[ -e $file ]] && fresh=(--fresh) || fresh=()
mkdir -p "${file%/*}"
printf '%s\n' "$certificate" >"$file"
if [[ ${#fresh[@]} -gt 0 ]]; then
  update-ca-certificates "${fresh[@]}"
else
  # What update-ca-certificates(8) does with a new one; it would also hash all the others again, which takes the most of a
  # minute in an emulated machine.
  ln -sf "$file" "/etc/ssl/certs/$name.pem"
  ln -sf "$name.pem" "/etc/ssl/certs/$(openssl x509 -hash -noout -in "$file").0"
  printf '%s\n' "$certificate" >>"$bundle"
fi
