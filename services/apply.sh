#!/bin/bash
# Lays a bundle (standard input; its form: services/render.ts) on the gateway. Runs as root.
#
# All or nothing: each daemon's own checker accepts the new files first, then they replace the old ones in one go, only
# services whose files changed reload, and each must really serve. Whatever fails, the old files and services come back.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# systemctl would hand every `enable` on to update-rc.d, which is slow and changes nothing.
export SYSTEMCTL_SKIP_SYSV=1

state=/var/lib/ipv6-only-lab
# "SERVICE PATH" for each file of the bundle that is laid down.
manifest=$state/manifest
# Services of an update that was cut off: their files may be new while what runs is old.
pending=$state/pending
dnssec_link=/etc/unbound/ipv6-only-lab/dnssec.conf

# In the order in which they are brought up.
all_services=(sysctl nftables jool unbound radvd kea)
declare -A unit=([nftables]=nftables.service [jool]=jool.service [unbound]=unbound.service
  [radvd]=radvd.service [kea]=kea-dhcp6-server.service)

# The bundle, and what of it differs from the machine.
declare -a paths=() removed_paths=()
declare -A service_of=() mode_of=() content_of=() enabled=()
declare -A changed=() changed_paths=() unit_changed=()
# State of the units before: "active" and "enabled".
declare -A was_active=() was_enabled=()
declare -A outcome=()
# Units that read their new files when all are laid down.
declare -a hang_up=()
old_dnssec='' new_dnssec='' old_pool6='' old_modules='' laid_down=false work=''

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# --- the machine is ready ---------------------------------------------------------------------------------------------

wait_for_first_boot() {
  local rc=0 result=''
  command -v cloud-init >/dev/null || return 0
  # Asking cloud-init itself takes seconds in an emulated machine; this file is the last that it writes.
  while [[ ! -e /run/cloud-init/result.json && $SECONDS -lt 20 ]]; do sleep 0.2; done
  if [[ ! -e /run/cloud-init/result.json ]]; then
    cloud-init status --wait >/dev/null || rc=$?
  fi
  [[ ! -e /run/cloud-init/result.json ]] || IFS= read -r -d '' result </run/cloud-init/result.json || true
  if [[ $rc -eq 1 || ($result == *'"errors"'* && ! $result =~ \"errors\":[[:space:]]*\[[[:space:]]*\]) ]]; then
    {
      printf 'The first boot of the gateway did not end well. cloud-init says:\n'
      cloud-init status --long || true
      tail -n 20 /var/log/cloud-init-output.log || true
    } >&2
    exit 1
  fi
  [[ $rc -ne 2 ]] || printf 'cloud-init: the first boot was degraded; see "cloud-init status --long"\n'
}

lock() {
  mkdir -p "$state"
  exec 9>/run/ipv6-only-lab.lock
  flock -w 300 9 || fail "Another update of this gateway has been running for five minutes. Wait for it and try again."
}

# --- the bundle -------------------------------------------------------------------------------------------------------

read_bundle() {
  local -a lines=() head=()
  local i=1 count name mode path content
  mapfile -t lines
  read -r -a head <<<"${lines[0]-}"
  [[ ${head[0]-} == ipv6-only-lab-bundle && ${head[1]-} == 1 && ${head[2]-} == sha256 ]] ||
    fail "Standard input is not a bundle of ipv6-only-lab, version 1. Nothing was changed."
  content=$(printf '%s\n' "${lines[@]:1}" | sha256sum)
  [[ ${content%% *} == "${head[3]-}" ]] ||
    fail "The bundle was damaged on its way (its SHA-256 does not fit). Nothing was changed; run the update again."
  while ((i < ${#lines[@]})); do
    if [[ ${lines[i]} == 'enabled '* ]]; then
      for name in ${lines[i]#enabled }; do enabled[$name]=yes; done
      i=$((i + 1))
      continue
    fi
    read -r _ name mode count path <<<"${lines[i]}"
    printf -v content '%s\n' "${lines[@]:i+1:count}"
    paths+=("$path")
    service_of[$path]=$name mode_of[$path]=$mode content_of[$path]=$content
    i=$((i + 1 + count))
  done
}

note_change() { # PATH
  local name=${service_of[$1]}
  changed[$name]=yes changed_paths[$1]=yes
  if [[ $1 == /etc/systemd/* ]]; then unit_changed[$name]=yes; fi
}

# Compares with the machine, and writes what differs beside its destination, so that a rename replaces it.
stage() {
  local path name live mode
  local -a existing=()
  local -A live_mode=()
  for path in "${paths[@]}"; do [[ ! -f $path ]] || existing+=("$path"); done
  while read -r mode path; do live_mode[$path]=$mode; done < <(
    [[ ${#existing[@]} -eq 0 ]] || stat -c '%a %n' -- "${existing[@]}"
  )
  for path in "${paths[@]}"; do
    if [[ -n ${live_mode[$path]-} && 0${live_mode[$path]} == "${mode_of[$path]}" ]]; then
      IFS= read -r -d '' live <"$path" || true
      [[ $live != "${content_of[$path]}" ]] || continue
    fi
    note_change "$path"
    [[ -d ${path%/*} ]] || mkdir -p "${path%/*}"
    printf '%s' "${content_of[$path]}" >"$path.lab-new"
    chmod "${mode_of[$path]}" "$path.lab-new"
  done
  if [[ -e $manifest ]]; then
    while read -r name path; do
      if [[ -z ${service_of[$path]-} ]]; then
        removed_paths+=("$path")
        service_of[$path]=$name
        note_change "$path"
      fi
    done <"$manifest"
  fi
  if [[ -e $pending ]]; then
    while read -r name; do changed[$name]=yes; done <"$pending"
    for path in "${paths[@]}"; do
      if [[ $path == /etc/systemd/* && -n ${changed[${service_of[$path]}]-} ]]; then note_change "$path"; fi
    done
  fi
  if [[ -L $dnssec_link ]]; then
    old_dnssec=$(readlink "$dnssec_link")
  elif [[ ${content_of[/etc/unbound/unbound.conf]-} == *"$dnssec_link"* ]]; then
    changed[unbound]=yes
  fi
}

# The file as it will be.
staged() { # PATH
  if [[ -e $1.lab-new ]]; then printf '%s' "$1.lab-new"; else printf '%s' "$1"; fi
}

# --- each daemon's own checker ----------------------------------------------------------------------------------------

check() { # SERVICE COMMAND...
  local service=$1 output
  shift
  command -v "$1" >/dev/null ||
    fail "$service: the command $1 is not installed on the gateway. Replace the gateway, or install its package."
  output=$("$@" 2>&1 </dev/null) ||
    fail "$service: the new configuration was refused, nothing was changed. $1 says:" "$output"
}

check_all() {
  local service
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} && -n ${changed[$service]-} ]]; then "check_$service"; fi
  done
}

# The kernel has no dry run; a key that it does not know fails when the file is loaded.
check_sysctl() { :; }

check_nftables() { check nftables nft -c -f "$(staged /etc/nftables.conf)"; }

# jool has no dry run: the file is tried in a network namespace of its own, which is gone with the command.
check_jool() {
  load_jool_module
  check jool unshare --net jool file handle "$(staged /etc/jool/jool.conf)"
}

check_unbound() {
  local file=$work/unbound.conf line
  choose_dnssec
  while IFS= read -r line; do
    if [[ $line == "include: \"$dnssec_link\"" ]]; then
      printf '%s' "${content_of[${dnssec_link%/*}/$new_dnssec]}"
    else
      printf '%s\n' "$line"
    fi
  done <<<"${content_of[/etc/unbound/unbound.conf]}" >"$file"
  check unbound unbound-checkconf "$file"
}

check_radvd() { check radvd radvd --logmethod stderr --configtest --config "$(staged /etc/radvd.conf)"; }

# Kea's -t wants a folder for its log's lock, which its unit makes only when it starts.
check_kea() {
  mkdir -p "$work/kea"
  KEA_LOCKFILE_DIR=$work/kea check kea kea-dhcp6 -t "$(staged /etc/kea/kea-dhcp6.conf)"
}

load_jool_module() {
  local output kernel
  [[ ! -d /sys/module/jool ]] || return 0
  output=$(modprobe jool 2>&1) && return 0
  kernel=$(uname -r)
  {
    printf 'jool: the kernel module cannot be loaded on kernel %s:\n%s\n' "$kernel" "$output"
    printf 'dkms status: %s\n' "$(dkms status 2>&1 || true)"
    printf 'Secure Boot: %s\n' "$(secure_boot)"
    printf '%s\n' 'If dkms does not list jool as installed for this kernel, the kernel was updated after it was built, or' \
      "its headers are missing: apt-get install linux-headers-$kernel && dkms autoinstall. If Secure Boot is enabled," \
      'the kernel refuses modules that it does not trust: turn it off for this machine or enrol the key of dkms.' \
      'Nothing was changed.'
  } >&2
  exit 1
}

secure_boot() {
  local variable=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  if [[ ! -d /sys/firmware/efi ]]; then
    printf 'off (no UEFI)'
  elif [[ $(od -An -t u1 -j 4 -N 1 "$variable" 2>/dev/null) == *1 ]]; then
    printf 'enabled'
  else
    printf 'disabled'
  fi
}

# --- the forwarders ---------------------------------------------------------------------------------------------------

# Asks as unbound's validator does (DO and CD set) for something that every signing resolver has. Prints one word.
ask_forwarder() { # ADDRESS[@PORT]
  local answer port=53
  [[ $1 != *@* ]] || port=${1#*@}
  answer=$(dig +dnssec +cdflag +noall +comments +answer +time=2 +tries=2 -p "$port" "@${1%@*}" . DNSKEY 2>&1) || true
  case $answer in
    *'status: REFUSED'*) printf 'refuses' ;;
    *RRSIG*) printf 'signs' ;;
    *'status: '*) printf 'strips' ;;
    *) printf 'silent' ;;
  esac
}

# Decides whether unbound validates where the plan says `auto`, and ends the update when no forwarder can be used.
choose_dnssec() {
  local line path good=0 signing=0 variant
  local conf=${content_of[/etc/unbound/unbound.conf]}
  local -a forwarders=()
  while read -r line path; do
    if [[ $line == forward-addr: ]]; then forwarders+=("$path"); fi
  done <<<"$conf"
  for path in "${forwarders[@]}"; do ask_forwarder "$path" >"$work/forwarder-$path" & done
  wait
  for path in "${forwarders[@]}"; do
    read -r line <"$work/forwarder-$path" || true
    case $line in
      refuses) printf 'unbound: the forwarder %s refuses to answer this gateway\n' "$path" >&2 ;;
      silent) printf 'unbound: the forwarder %s does not answer\n' "$path" >&2 ;;
      signs) good=$((good + 1)) signing=$((signing + 1)) ;;
      strips) good=$((good + 1)) ;;
    esac
  done
  [[ $good -gt 0 ]] || fail "unbound: no forwarder can be used, nothing was changed." \
    'Configure dns.forwarders with resolvers that the gateway reaches. "uplink" means those of its own network (under' \
    'QEMU: those of your computer): they must resolve names themselves.'
  if [[ $conf == *"include: \"$dnssec_link\""* ]]; then
    variant=off
    [[ $signing -lt $good ]] || variant=on
    new_dnssec=dnssec-$variant.conf
    if [[ $new_dnssec != "$old_dnssec" ]]; then
      printf 'unbound: validation is %s, because the forwarders %s\n' "$variant" \
        "$([[ $variant == on ]] && printf 'hand signatures through' || printf 'do not all hand signatures through')"
    fi
  elif [[ $conf == *validator* && $signing -lt $good ]]; then
    fail "unbound: dns.dnssec is \"on\", but not every forwarder hands signatures through, so that no name would" \
      "resolve. Nothing was changed. Set dns.dnssec to \"auto\" or \"off\", or configure other dns.forwarders."
  fi
  if [[ $conf == *validator* || $new_dnssec == dnssec-on.conf ]]; then need_trust_anchor; fi
}

# The unit makes it when unbound starts, from the package dns-root-data; the checker wants it before.
need_trust_anchor() {
  [[ -s /var/lib/unbound/root.key ]] || /usr/libexec/unbound-helper root_trust_anchor_update || true
  [[ -s /var/lib/unbound/root.key ]] ||
    fail "unbound: there is no trust anchor to validate with. Install the package dns-root-data on the gateway."
}

# --- replacing files, and putting them back ---------------------------------------------------------------------------

# What a running daemon cannot change: it is restarted then.
pool6() {
  local content=''
  [[ ! -e /etc/jool/jool.conf ]] || IFS= read -r -d '' content </etc/jool/jool.conf || true
  [[ ! $content =~ \"pool6\":[[:space:]]*\"([^\"]*)\" ]] || printf '%s' "${BASH_REMATCH[1]}"
}

# unbound 1.22 ends when a reload finds other modules than those it has.
unbound_modules() {
  local content='' variant=''
  [[ ! -e /etc/unbound/unbound.conf ]] || IFS= read -r -d '' content </etc/unbound/unbound.conf || true
  if [[ $content == *"$dnssec_link"* && -e $dnssec_link ]]; then IFS= read -r -d '' variant <"$dnssec_link" || true; fi
  [[ ! "$content$variant" =~ module-config:[[:space:]]*\"([^\"]*)\" ]] || printf '%s' "${BASH_REMATCH[1]}"
}

replace_files() {
  local path service new_manifest=''
  local -a saved=()
  old_pool6=$(pool6)
  old_modules=$(unbound_modules)
  for path in "${paths[@]}"; do new_manifest+="${service_of[$path]} $path"$'\n'; done
  printf '%s\n' "${!changed[@]}" >"$pending"
  laid_down=true
  rm -rf "$state/backup"
  mkdir "$state/backup"
  for path in "${paths[@]}" "${removed_paths[@]}" "$manifest"; do
    if [[ -e $path && (-e $path.lab-new || -z ${content_of[$path]-}) ]]; then saved+=("$path"); fi
  done
  if [[ ${#saved[@]} -gt 0 ]]; then cp -p --parents -- "${saved[@]}" "$state/backup"; fi
  for path in "${paths[@]}"; do
    if [[ -e $path.lab-new ]]; then mv -f "$path.lab-new" "$path"; fi
  done
  if [[ ${#removed_paths[@]} -gt 0 ]]; then rm -f -- "${removed_paths[@]}"; fi
  if [[ -n ${changed[unbound]-} ]]; then point_dnssec_link "$new_dnssec"; fi
  printf '%s' "$new_manifest" >"$manifest.lab-new"
  mv -f "$manifest.lab-new" "$manifest"
}

point_dnssec_link() { # TARGET, or nothing
  if [[ -n $1 ]]; then ln -sfn "$1" "$dnssec_link"; else rm -f "$dnssec_link"; fi
}

put_back() {
  local path service
  for path in "${paths[@]}" "${removed_paths[@]}" "$manifest"; do
    if [[ -e $state/backup$path ]]; then
      cp -p "$state/backup$path" "$path.lab-new" && mv -f "$path.lab-new" "$path"
    elif [[ -n ${changed_paths[$path]-} || $path == "$manifest" ]]; then
      rm -f "$path"
    fi
  done
  point_dnssec_link "$old_dnssec"
  systemctl daemon-reload
  for service in "${all_services[@]}"; do
    if [[ -n ${changed[$service]-} && -n ${unit[$service]-} ]]; then restore_unit "$service"; fi
  done
  if [[ -e /etc/sysctl.d/90-ipv6-only-lab.conf ]]; then sysctl -q -p /etc/sysctl.d/90-ipv6-only-lab.conf; fi
}

restore_unit() { # SERVICE
  local name=${unit[$1]}
  if [[ ${was_enabled[$1]} == enabled ]]; then systemctl -q enable "$name"; else systemctl -q disable "$name"; fi
  if [[ ${was_active[$1]} != active ]]; then
    systemctl stop "$name"
  elif [[ $1 == unbound ]]; then
    systemctl restart "$name"
  elif [[ $1 != jool ]] || ! jool file handle /etc/jool/jool.conf; then
    systemctl reload-or-restart "$name"
  fi
}

# Runs however the script ends.
finish() {
  local rc=$?
  trap '' HUP INT TERM PIPE
  if [[ ${#paths[@]} -gt 0 ]]; then rm -f -- "${paths[@]/%/.lab-new}"; fi
  if [[ $rc -ne 0 && $laid_down == true ]]; then
    set +e
    printf 'The previous files and services are put back.\n' >&2
    put_back >&2
    rm -rf "$pending" "$state/backup"
    printf 'That is done.\n' >&2
  fi
  rm -rf "$work"
}

# --- services ---------------------------------------------------------------------------------------------------------

# Fills was_active and was_enabled; a unit that is not there is inactive and disabled.
look_at_units() {
  local service line
  local -A service_by_unit=()
  for service in "${!unit[@]}"; do service_by_unit[${unit[$service]}]=$service; done
  while IFS= read -r line; do
    case $line in
      Id=*) service=${service_by_unit[${line#Id=}]} ;;
      ActiveState=*) was_active[$service]=${line#ActiveState=} ;;
      UnitFileState=*) was_enabled[$service]=${line#UnitFileState=} ;;
    esac
  done < <(systemctl show -p Id -p ActiveState -p UnitFileState "${unit[@]}")
}

start_unit() { # SERVICE: enabled, running, with its new files
  local service=$1 name=${unit[$1]}
  if [[ ${was_enabled[$service]} != enabled ]]; then systemctl -q enable "$name"; fi
  if [[ ${was_active[$service]} != active ]]; then
    run_unit "$service" start
    outcome[$service]="${outcome[$service]}, started"
  elif [[ -n ${unit_changed[$service]-} ]]; then
    run_unit "$service" restart
    outcome[$service]="${outcome[$service]}, restarted"
  elif [[ -n ${changed[$service]-} ]]; then
    "reload_$service"
  fi
}

run_unit() { # SERVICE VERB
  systemctl "$2" "${unit[$1]}" || {
    journalctl -q --no-pager -n 20 -u "${unit[$1]}" >&2 || true
    fail "$1: its service did not $2; its last words are above."
  }
}

# All that an ExecReload of these daemons would do more than this is to check their files again, which takes a second.
hang_up_later() { # SERVICE
  hang_up+=("${unit[$1]}")
  outcome[$1]="${outcome[$1]}, reloaded"
}

hang_up_now() {
  [[ ${#hang_up[@]} -gt 0 ]] || return 0
  systemctl kill --kill-whom=main --signal=HUP "${hang_up[@]}" ||
    fail "Not all of ${hang_up[*]} could be told to read their new files; see above."
}

reload_nftables() {
  nft -f /etc/nftables.conf || fail "nftables: the new rules could not be loaded; the reason is above."
  outcome[nftables]="${outcome[nftables]}, reloaded"
}

reload_radvd() { hang_up_later radvd; }
reload_kea() { hang_up_later kea; }

reload_unbound() {
  if [[ $old_modules == "$(unbound_modules)" ]]; then
    hang_up_later unbound
  else
    run_unit unbound restart
    outcome[unbound]="${outcome[unbound]}, restarted for other modules"
  fi
}

# Sessions survive, unless the prefix changes, which Jool cannot do while it runs.
reload_jool() {
  if [[ $old_pool6 == "$(pool6)" ]]; then
    jool file handle /etc/jool/jool.conf || fail "jool: the new configuration could not be loaded; the reason is above."
    outcome[jool]="${outcome[jool]}, reloaded, sessions kept"
  else
    jool instance remove || true
    run_unit jool restart
    outcome[jool]="${outcome[jool]}, restarted for the new prefix"
  fi
}

bring_up() { # SERVICE
  local service=$1
  outcome[$service]=unchanged
  if [[ -n ${changed[$service]-} ]]; then outcome[$service]=changed; fi
  if [[ $service == sysctl ]]; then
    if [[ -n ${changed[sysctl]-} ]]; then
      sysctl -q -p /etc/sysctl.d/90-ipv6-only-lab.conf >&2 || fail "sysctl: the kernel refused a setting; see above."
    fi
  else
    start_unit "$service"
  fi
}

take_down() { # SERVICE
  local service=$1
  [[ ${was_active[$service]} == active || ${was_enabled[$service]} == enabled ]] || return 0
  systemctl -q disable --now "${unit[$service]}"
  outcome[$service]="stopped and disabled"
}

# --- serving ----------------------------------------------------------------------------------------------------------

# A daemon may run and serve nobody; each of these asks for the service itself.
serves_sysctl() { [[ $(</proc/sys/net/ipv6/conf/all/forwarding) == 1 ]]; }
serves_nftables() { nft list table inet ipv6_only_lab >/dev/null; }
serves_jool() { [[ $(jool instance display --csv) == *,default,* ]]; }
serves_radvd() { systemctl -q is-active radvd.service; }

serves_unbound() {
  local address
  [[ ${content_of[/etc/unbound/unbound.conf]} =~ interface:\ ([^[:space:]]+) ]] && address=${BASH_REMATCH[1]}
  [[ -n $(dig +short +time=1 +tries=1 "@$address" ipv4only.arpa AAAA 2>/dev/null) ]]
}

# Port 547 in hexadecimal, bound by any socket.
serves_kea() {
  local line
  while read -r line; do
    [[ ! $line =~ ^[0-9]+:\ [0-9A-F]+:0223\  ]] || return 0
  done </proc/net/udp6
  return 1
}

wait_until_serving() { # SERVICE
  local service=$1 deadline=$((SECONDS + 20))
  until "serves_$service"; do
    if ((SECONDS >= deadline)); then
      [[ -z ${unit[$service]-} ]] || journalctl -q --no-pager -n 20 -u "${unit[$service]}" >&2 || true
      fail "$service: it runs, but does not serve after 20 seconds."
    fi
    sleep 0.1
  done
}

# --- all of it --------------------------------------------------------------------------------------------------------

main() {
  local service
  wait_for_first_boot
  lock
  work=$(mktemp -d)
  trap finish EXIT
  trap 'exit 1' HUP INT TERM PIPE
  read_bundle
  stage
  check_all
  look_at_units
  if [[ ${#changed[@]} -gt 0 ]]; then replace_files; fi
  if [[ ${#unit_changed[@]} -gt 0 ]]; then systemctl daemon-reload; fi
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} ]]; then bring_up "$service"; else take_down "$service"; fi
  done
  hang_up_now
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} && ${outcome[$service]} != unchanged ]]; then wait_until_serving "$service"; fi
  done
  laid_down=false
  rm -rf "$pending" "$state/backup"
  for service in "${all_services[@]}"; do
    if [[ -n ${outcome[$service]-} ]]; then printf '%s: %s\n' "$service" "${outcome[$service]}"; fi
  done
}

main
