# shellcheck shell=bash
# The name servers of the simulated internet: see names.ts.

names_folder=/etc/nsd/ipv6-only-lab

# The signatures are made here. They depend on the zone and the key alone (Ed25519, with a fixed time), so the same bundle
# gives the same file.
derive_names() {
  local path zone signed
  for path in "${!service_of[@]}"; do
    [[ $path == "$names_folder"/*.unsigned && -n ${digest_of[$path]-} ]] || continue
    zone=${path##*/} zone=${zone%.unsigned}
    if $writing; then signed=$(sign_zone "$zone"); else signed=$(text_of "$names_folder/$zone.zone"); fi
    draft names "$names_folder/$zone.zone" "$signed"$'\n'
  done
}

sign_zone() { # ZONE
  local kind output
  command -v ldns-signzone >/dev/null ||
    fail "names: the command ldns-signzone is not installed on the gateway. Replace the gateway, or install ldnsutils."
  for kind in unsigned key private; do
    (umask 077 && printf '%s' "${content_of[$names_folder/$1.$kind]}" >"$work/$1.$kind")
  done
  output=$(ldns-signzone -i 20250101000000 -e 20450101000000 -o "$1." -f "$work/$1.zone" "$work/$1.unsigned" "$work/$1" 2>&1) ||
    fail "names: the zone $1 could not be signed, nothing was changed. ldns-signzone says:" "$output"
  printf '%s' "$(<"$work/$1.zone")"
}

check_names() {
  local path zone
  check names nsd-checkconf "$(staged /etc/nsd/nsd.conf)"
  check names nsd-checkconf "$(staged /etc/nsd/delegated.conf)"
  for path in "${paths[@]}"; do
    [[ $path == "$names_folder"/*.zone ]] || continue
    zone=${path##*/}
    check names nsd-checkzone "${zone%.zone}" "$(staged "$path")"
  done
}

# It would read its zones again and not its configuration.
reload_names() { run_unit names restart; }

# Each process at its first address, for the first of its zones.
serves_names() {
  local file zone address
  for file in /etc/nsd/nsd.conf /etc/nsd/delegated.conf; do
    address='' zone=''
    [[ $(text_of "$file") =~ ip-address:\ ([^[:space:]]+) ]] && address=${BASH_REMATCH[1]}
    [[ $(text_of "$file") =~ name:\ \"([^\"]+)\" ]] && zone=${BASH_REMATCH[1]}
    [[ $(dig +short +time=1 +tries=1 "@$address" "$zone" SOA 2>/dev/null) == *hostmaster* ]] || return 1
  done
}

drift_names() { serves_names || printf 'a name server of the simulated internet does not answer\n'; }
