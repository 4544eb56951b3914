#!/bin/bash
# Lets a client trust the certificate authority that is handed in on standard input: what goes by the system's list, and the
# programs that have lists of their own. Runs as root on the client.
set -euo pipefail
name=ipv6-only-lab
file=/usr/local/share/ca-certificates/$name.crt
link=/etc/ssl/certs/$name.pem
bundle=/etc/ssl/certs/ca-certificates.crt

certificate=$(cat)
if [[ $certificate != '-----BEGIN CERTIFICATE-----'* ]]; then
  echo "The gateway handed out no certificate of the simulated internet's authority." >&2
  exit 1
fi

# Standard input becomes a file, unless it is that already.
write() {
  local content
  content=$(cat)
  [[ -e $1 && $(<"$1") == "$content" ]] && return 0
  mkdir -p "${1%/*}"
  printf '%s\n' "$content" >"$1"
}

# https://chromeenterprise.google/policies/#CACertificates, https://mozilla.github.io/policy-templates/#certificates--install
trust_in_browsers() {
  local der
  der=$(openssl x509 -in "$file" -outform der | base64 --wrap=0)
  for folder in /etc/chromium /etc/opt/chrome; do
    printf '{ "CACertificates": ["%s"] }' "$der" | write "$folder/policies/managed/$name.json"
  done
  # Firefox reads one file only: one that somebody put there stays.
  local firefox=/etc/firefox/policies/policies.json
  if [[ -e $firefox ]]; then return; fi
  printf '{ "policies": { "Certificates": { "Install": ["%s"] } } }' "$file" | write "$firefox"
}

# Node.js adds its own, Python's Requests takes another list (https://nodejs.org/api/cli.html, Requests' "SSL Cert Verification").
trust_in_environment() {
  local variable
  for variable in "NODE_EXTRA_CA_CERTS=$link" "REQUESTS_CA_BUNDLE=$bundle"; do
    grep -q "^${variable%%=*}=" /etc/environment 2>/dev/null || printf '%s\n' "$variable" >>/etc/environment
  done
}

if [[ ! -e $file || $(<"$file") != "$certificate" || $(<"$bundle") != *"$certificate"* ]]; then
  # One that was trusted before goes only by making everything anew.
  [[ -e $file ]] && fresh=(--fresh) || fresh=()
  printf '%s\n' "$certificate" | write "$file"
  if [[ ${#fresh[@]} -gt 0 ]]; then
    update-ca-certificates "${fresh[@]}"
  else
    # What update-ca-certificates(8) does with a new one; it would also hash all the others again, which takes the most of a
    # minute in an emulated machine.
    ln -sf "$file" "$link"
    ln -sf "$name.pem" "/etc/ssl/certs/$(openssl x509 -hash -noout -in "$file").0"
    printf '%s\n' "$certificate" >>"$bundle"
    # Java's list is made by one of these.
    for hook in /etc/ca-certificates/update.d/*; do
      [[ ! -x $hook ]] || printf '+%s\n' "$link" | "$hook"
    done
  fi
fi
trust_in_browsers
trust_in_environment
