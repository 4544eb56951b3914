#!/bin/bash
# Makes the simulated internet's certificate authority, once, and its servers' certificates, when their names change.
set -euo pipefail
folder=/var/lib/ipv6-only-lab/internet
# Where the lists of names are, and under which ending.
names=${1-/etc/ipv6-only-lab/internet}
ending=${2-}

umask 077
mkdir -p "$folder"
# The certificates are everybody's to read.
chmod 0755 "$folder"

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

if [[ ! -s $folder/ca.crt ]]; then
  new_key "$folder/ca.key"
  openssl req -x509 -new -key "$folder/ca.key" -days 3650 -subj "/CN=ipv6-only-lab simulated internet" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out "$folder/ca.new"
  chmod 0644 "$folder/ca.new"
  mv "$folder/ca.new" "$folder/ca.crt"
fi

for name in server other; do
  list=$names/$name.names
  [[ ! -e $list$ending ]] || list=$list$ending
  digest=$(cat "$list" "$folder/ca.crt" | sha256sum)
  [[ ! -e $folder/$name.digest || $(<"$folder/$name.digest") != "$digest" ]] || continue
  [[ -s $folder/$name.key ]] || new_key "$folder/$name.key"
  openssl req -new -key "$folder/$name.key" -subj "/CN=$name" |
    openssl x509 -req -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -days 3650 -extfile "$list" -out "$folder/$name.new" 2>/dev/null
  chmod 0644 "$folder/$name.new"
  mv "$folder/$name.new" "$folder/$name.crt"
  printf '%s\n' "$digest" >"$folder/$name.digest"
done
