# shellcheck shell=bash
# Resolvers, with DNS64 and without: see unbound.ts. Each has a configuration, and with dns.dnssec `auto` a copy of one of
# two variants, as the forwarders allow, which the configuration reads.

declare -A resolver_file=([unbound]=/etc/unbound/unbound.conf [unbound_plain]=/etc/unbound/plain.conf)
variants=/etc/unbound/ipv6-only-lab
declare -A resolver_variant=([unbound]=$variants/dnssec [unbound_plain]=$variants/plain-dnssec)
# What was decided: "on", "off", or "undecided", which validates nothing until the forwarders have been asked again. It is
# the same for all, and belongs to the first that runs.
validation_file=$state/validation
validation=''

is_automatic() { # SERVICE
  [[ -n ${service_of[${resolver_variant[$1]}-on.conf]-} ]]
}

# The text of a file of the bundle, which only `apply` has the contents of.
bundled() { # PATH
  if [[ -n ${content_of[$1]-} ]]; then printf '%s' "${content_of[$1]}"; else text_of "$1"; fi
}

derive_unbound() { derive_resolver unbound; }

derive_resolver() { # SERVICE
  local variant=off
  if [[ -z $validation ]]; then decide_validation "$1"; fi
  is_automatic "$1" || return 0
  [[ $validation != on ]] || variant=on
  draft "$1" "${resolver_variant[$1]}.conf" "$(bundled "${resolver_variant[$1]}-$variant.conf")"$'\n'
}

decide_validation() { # SERVICE
  ! is_automatic "$1" || read -r validation < <(text_of "$validation_file") || validation=undecided
  if $writing && [[ -n ${changed[$1]-} || $validation == undecided ]]; then
    validation=$(choose_validation "$1")
    [[ $validation != stop ]] || exit 1
  fi
  ! is_automatic "$1" || draft "$1" "$validation_file" "$validation"$'\n'
  validation=${validation:-known}
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
choose_validation() { # SERVICE
  local word address tries=1 conf=${content_of[${resolver_file[$1]}]}
  local -a forwarders=()
  local -A count=([signs]=0 [strips]=0 [fails]=0)
  while read -r word address; do
    if [[ $word == forward-addr: ]]; then forwarders+=("$address"); fi
  done <<<"$conf"
  # Where nothing is validated any answer will do.
  if is_automatic "$1" || [[ $conf == *auto-trust-anchor-file* ]]; then tries=3; fi
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

check_unbound() { check_resolver unbound; }

check_resolver() { # SERVICE
  local file=$work/$1.conf line
  while IFS= read -r line; do
    if [[ $line == "include: \"${resolver_variant[$1]}.conf\"" ]]; then
      printf '%s' "${content_of[${resolver_variant[$1]}.conf]}"
    else
      printf '%s\n' "$line"
    fi
  done <<<"${content_of[${resolver_file[$1]}]}" >"$file"
  [[ $(text_of "$file") != *auto-trust-anchor-file* ]] || need_trust_anchor
  check "$1" unbound-checkconf "$file"
}

# The unit makes it when unbound starts, from the package dns-root-data; the checker wants it before.
need_trust_anchor() {
  [[ -s /var/lib/unbound/root.key ]] || /usr/libexec/unbound-helper root_trust_anchor_update || true
  [[ -s /var/lib/unbound/root.key ]] ||
    fail "unbound: there is no trust anchor to validate with. Install the package dns-root-data on the gateway."
}

# What a running unbound (1.22) does not change: the modules that it has, the addresses that it listens on, and whether
# unbound-control(8) may change it behind its files.
fixed_at_start() { # SERVICE FOLDER
  local path
  local -a files=()
  for path in "${resolver_file[$1]}" "${resolver_variant[$1]}.conf"; do
    # What was not replaced is not in the backup.
    if [[ -e $2$path ]]; then files+=("$2$path"); elif [[ -e $path ]]; then files+=("$path"); fi
  done
  grep -hsE '^[[:space:]]*(module-config|interface|port|control-enable):' "${files[@]}" || true
}

reload_unbound() { reload_resolver unbound; }

reload_resolver() { # SERVICE
  if [[ $(fixed_at_start "$1" "$state/backup") != $(fixed_at_start "$1" '') ]]; then
    run_unit "$1" restart
  else
    # All that the unit's reload does more than this is to check the files again, which takes a second.
    systemctl kill --kill-whom=main --signal=HUP "${unit[$1]}" || return 1
    note "$1" reloaded
  fi
}

serves_unbound() { resolver_serves unbound; }

# Tells which configuration it runs with: `identity`, which is made from all the rest of it.
resolver_serves() { # SERVICE
  local text identity address
  text=$(text_of "${resolver_file[$1]}")
  [[ $text =~ identity:\ \"([0-9a-f]+)\" ]] && identity=${BASH_REMATCH[1]}
  [[ $text =~ interface:\ ([^[:space:]]+) ]] && address=${BASH_REMATCH[1]}
  [[ $(dig +short +time=1 +tries=1 "@$address" id.server CH TXT 2>/dev/null) == "\"$identity\"" ]]
}

drift_unbound() { drift_resolver unbound; }

drift_resolver() { # SERVICE
  resolver_serves "$1" || printf 'it does not answer, or not with the configuration that was laid down\n'
  if is_automatic "$1" && [[ $(text_of "$validation_file") == undecided* ]]; then
    printf 'validation is off for now: no forwarder could say whether it hands signatures through\n'
  fi
}
