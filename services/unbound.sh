# shellcheck shell=bash
# DNS64: see unbound.ts.

unbound_file=/etc/unbound/unbound.conf
# With dns.dnssec `auto` a copy of one of the two variants, as the forwarders allow; read by unbound.conf.
dnssec_file=/etc/unbound/ipv6-only-lab/dnssec.conf
# What was decided: "on", "off", or "undecided", which validates nothing until the forwarders have been asked again.
validation_file=$state/validation

is_automatic() { [[ -n ${service_of[${dnssec_file%/*}/dnssec-on.conf]-} ]]; }

# The text of a file of the bundle, which only `apply` has the contents of.
bundled() { # PATH
  if [[ -n ${content_of[$1]-} ]]; then printf '%s' "${content_of[$1]}"; else text_of "$1"; fi
}

derive_unbound() {
  local decision='' variant
  ! is_automatic || read -r decision < <(text_of "$validation_file") || decision=undecided
  if $writing && [[ -n ${changed[unbound]-} || $decision == undecided ]]; then
    decision=$(choose_validation)
    [[ $decision != stop ]] || exit 1
  fi
  is_automatic || return 0
  variant=off
  [[ $decision != on ]] || variant=on
  draft unbound "$validation_file" "$decision"$'\n'
  draft unbound "$dnssec_file" "$(bundled "${dnssec_file%/*}/dnssec-$variant.conf")"$'\n'
}

# --- the forwarders ---

# Asks as unbound's validator does (DO and CD set) for something that every signing resolver has. Prints one word.
ask_forwarder() { # ADDRESS[@PORT] TRIES
  local answer port=53 try
  [[ $1 != *@* ]] || port=${1#*@}
  for ((try = 1; try <= $2; try++)); do
    answer=$(dig +dnssec +cdflag +noall +comments +answer +time=2 +tries=2 -p "$port" "@${1%@*}" . DNSKEY 2>&1) || true
    case $answer in
      *'status: REFUSED'*) printf 'refuses' && return ;;
      *RRSIG*) printf 'signs' && return ;;
      *'status: NOERROR'*) printf 'strips' && return ;;
      # A failure of the moment says nothing about signatures.
      *'status: '*) [[ $try -eq $2 ]] || sleep 0.5 ;;
      *) printf 'silent' && return ;;
    esac
  done
  printf 'fails'
}

# Says whether names can be validated; "stop" where no forwarder can be used.
choose_validation() {
  local word address tries=1 conf=${content_of[$unbound_file]}
  local -a forwarders=()
  local -A count=([signs]=0 [strips]=0 [fails]=0)
  while read -r word address; do
    if [[ $word == forward-addr: ]]; then forwarders+=("$address"); fi
  done <<<"$conf"
  # Where nothing is validated any answer will do.
  if is_automatic || [[ $conf == *auto-trust-anchor-file* ]]; then tries=3; fi
  for address in "${forwarders[@]}"; do ask_forwarder "$address" $tries >"$work/forwarder-$address" & done
  wait
  for address in "${forwarders[@]}"; do
    read -r word <"$work/forwarder-$address" || true
    case $word in
      refuses) printf 'unbound: the forwarder %s refuses to answer this gateway\n' "$address" >&2 ;;
      silent) printf 'unbound: the forwarder %s does not answer\n' "$address" >&2 ;;
      fails)
        [[ $tries -eq 1 ]] ||
          printf 'unbound: the forwarder %s could not say whether it hands signatures through\n' "$address" >&2
        ;;
    esac
    [[ -z ${count[$word]-} ]] || count[$word]=$((count[$word] + 1))
  done
  # Nobody is asked where only the simulated internet is.
  if [[ ${#forwarders[@]} -eq 0 ]]; then
    printf off
  elif [[ $((count[signs] + count[strips] + count[fails])) -eq 0 ]]; then
    printf '%s\n' 'unbound: no forwarder can be used, nothing was changed.' \
      'Configure dns.forwarders with resolvers that the gateway reaches. "uplink" means those of its own network (under' \
      'QEMU: those of your computer): they must resolve names themselves.' >&2
    printf stop
  elif [[ ${count[strips]} -gt 0 ]]; then
    if [[ $conf == *auto-trust-anchor-file* ]]; then
      printf '%s\n' 'unbound: dns.dnssec is "on", but not every forwarder hands signatures through, so that no name would' \
        'resolve. Nothing was changed. Set dns.dnssec to "auto" or "off", or configure other dns.forwarders.' >&2
      printf stop
    else
      printf off
    fi
  elif [[ ${count[signs]} -gt 0 ]]; then
    printf on
  else
    printf undecided
  fi
}

# --- checking and reloading ---

check_unbound() {
  local file=$work/unbound.conf line
  while IFS= read -r line; do
    if [[ $line == "include: \"$dnssec_file\"" ]]; then
      printf '%s' "${content_of[$dnssec_file]}"
    else
      printf '%s\n' "$line"
    fi
  done <<<"${content_of[$unbound_file]}" >"$file"
  [[ $(text_of "$file") != *auto-trust-anchor-file* ]] || need_trust_anchor
  check unbound unbound-checkconf "$file"
}

# The unit makes it when unbound starts, from the package dns-root-data; the checker wants it before.
need_trust_anchor() {
  [[ -s /var/lib/unbound/root.key ]] || /usr/libexec/unbound-helper root_trust_anchor_update || true
  [[ -s /var/lib/unbound/root.key ]] ||
    fail "unbound: there is no trust anchor to validate with. Install the package dns-root-data on the gateway."
}

# What a running unbound (1.22) does not change: the modules that it has and the addresses that it listens on.
fixed_at_start() { # FOLDER
  grep -hsE '^[[:space:]]*(module-config|interface|port):' "$1$unbound_file" "$([[ -e $1$dnssec_file ]] && printf '%s' "$1")$dnssec_file" || true
}

reload_unbound() {
  local before=$state/backup
  if [[ -e $before$unbound_file || -e $before$dnssec_file ]] &&
    [[ $(fixed_at_start "$([[ -e $before$unbound_file ]] && printf '%s' "$before")") != $(fixed_at_start '') ]]; then
    run_unit unbound restart
  else
    # All that the unit's reload does more than this is to check the files again, which takes a second.
    systemctl kill --kill-whom=main --signal=HUP unbound.service || return 1
    note unbound reloaded
  fi
}

# Tells which configuration it runs with: `identity`, which is made from all the rest of it.
serves_unbound() {
  local text identity address
  text=$(text_of "$unbound_file")
  [[ $text =~ identity:\ \"([0-9a-f]+)\" ]] && identity=${BASH_REMATCH[1]}
  [[ $text =~ interface:\ ([^[:space:]]+) ]] && address=${BASH_REMATCH[1]}
  [[ $(dig +short +time=1 +tries=1 "@$address" id.server CH TXT 2>/dev/null) == "\"$identity\"" ]]
}

drift_unbound() {
  serves_unbound || printf 'it does not answer, or not with the configuration that was laid down\n'
  if is_automatic && [[ $(text_of "$validation_file") == undecided* ]]; then
    printf 'validation is off for now: no forwarder could say whether it hands signatures through\n'
  fi
}
