# shellcheck shell=bash
# Lays a bundle on the gateway; core.sh and each service's script stand before it.
#
# All or nothing: each daemon's own checker accepts the new files first, then they replace the old ones in one go, only
# services whose files changed (or that no longer are what their files say) reload, and each must really serve. Whatever
# fails, the old files and services come back.

# systemctl would hand every `enable` on to update-rc.d, which is slow and changes nothing.
export SYSTEMCTL_SKIP_SYSV=1

# "SERVICE PATH" for each file that is laid down.
manifest=$state/manifest
# Services of an update that was cut off: their files may be new while what runs is old.
pending=$state/pending
declare -a removed_paths=()
declare -A unit_changed=() outcome=()
# Services that another one's start has started too; whether several are started at once.
declare -A started=()
at_once=true
# Files that were there before, with copies in the backup; whether anything was replaced since.
declare -A was_there=()
laid_down=false

# --- the machine is ready ---------------------------------------------------------------------------------------------

wait_for_first_boot() {
  local rc=0 said=''
  command -v cloud-init >/dev/null || return 0
  # What the machine's documents have it run, the installation of packages, comes last. Nothing else of a first boot
  # concerns the services once somebody can log in.
  if grep -qs '^runcmd:' /var/lib/cloud/instance/cloud-config.txt; then
    # The file is the last that it writes. `cloud-init status --wait` asks systemd four times a second, which took a
    # quarter of an emulated processor from what it waited for.
    until [[ -e /run/cloud-init/result.json || -e /run/cloud-init/disabled ]]; do
      if systemctl --quiet is-failed cloud-init-main.service cloud-final.service; then break; fi
      sleep 2
    done
    cloud-init status >/dev/null || rc=$?
  fi
  said="$(text_of /run/cloud-init/status.json)$(text_of /run/cloud-init/result.json)"
  if [[ $rc -eq 1 || $said =~ \"errors\":[[:space:]]*\[[[:space:]]*\" ]]; then
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

# --- what is to be done -----------------------------------------------------------------------------------------------

stage() {
  local path name mode
  local -a drafts=()
  local -A drafts_of=()
  writing=true
  compare_files
  if [[ -e $manifest ]]; then
    while read -r name path; do
      if [[ -z ${service_of[$path]-} ]]; then
        removed_paths+=("$path")
        service_of[$path]=$name
      fi
    done <"$manifest"
  fi
  if [[ -e $pending ]]; then
    while read -r name; do changed[$name]=yes unit_changed[$name]=yes; done <"$pending"
  fi
  derive_files
  compare_units
  # A path that is derived now is not one to be removed.
  for path in "${removed_paths[@]}"; do
    [[ -n ${content_of[$path]-} ]] || changed[${service_of[$path]}]=yes changed_paths[$path]=yes
  done
  for path in "${!changed_paths[@]}"; do
    if [[ $path =~ $unit_path ]]; then unit_changed[${service_of[$path]}]=yes; fi
    [[ -n ${content_of[$path]-} ]] || continue
    [[ -d ${path%/*} ]] || mkdir -p "${path%/*}"
    printf '%s' "${content_of[$path]}" >"$path.lab-new"
    drafts_of[${mode_of[$path]}]+="$path.lab-new"$'\n'
  done
  # One process for each mode: an emulated machine takes longer to start them than to do what they do.
  for mode in "${!drafts_of[@]}"; do
    mapfile -t drafts <<<"${drafts_of[$mode]%$'\n'}"
    chmod "$mode" "${drafts[@]}"
  done
}

# The name of the file as it will be.
staged() { # PATH
  if [[ -e $1.lab-new ]]; then printf '%s' "$1.lab-new"; else printf '%s' "$1"; fi
}

# Services that are not what their files say, although those are right.
find_drift() {
  local service words
  for service in "${all_services[@]}"; do
    [[ -n ${enabled[$service]-} ]] || continue
    [[ -z ${unit[$service]-} || ${is_active[$service]} == active ]] || continue
    if ! tell_stopped "$service" >/dev/null; then
      [[ -z ${changed[$service]-} ]] || continue
      words=$("drift_$service")
      [[ -n $words ]] || continue
    fi
    changed[$service]=${changed[$service]:-drifted} afresh[$service]=yes
  done
}

# --- each daemon's own checker ----------------------------------------------------------------------------------------

check_all() {
  local service
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} && -n ${changed[$service]-} ]]; then "check_$service"; fi
  done
}

check() { # SERVICE COMMAND...
  local service=$1 output
  shift
  command -v "$1" >/dev/null ||
    fail "$service: the command $1 is not installed on the gateway. Replace the gateway, or install its package."
  output=$("$@" 2>&1 </dev/null) ||
    fail "$service: the new configuration was refused, nothing was changed. $1 says:" "$output"
}

# --- replacing files, and putting them back ---------------------------------------------------------------------------

# Whatever needs room on the disk comes first: what then replaces is renamed, so each file is the old one or the new.
replace_files() {
  local path service new_manifest=''
  local -a drafts=()
  for path in "${paths[@]}"; do new_manifest+="${service_of[$path]} $path"$'\n'; done
  printf '%s' "$new_manifest" >"$manifest.lab-new"
  printf '%s\n' "${!changed[@]}" >"$pending.lab-new"
  back_up
  mv -f "$pending.lab-new" "$pending"
  laid_down=true
  # With their files still there: a unit may be one of them, and what it runs when it stops.
  for service in "${all_services[@]}"; do
    if [[ -z ${enabled[$service]-} ]]; then take_down "$service"; fi
  done
  for path in "${!changed_paths[@]}"; do
    if [[ -e $path.lab-new ]]; then drafts+=("$path"); else rm -f -- "$path"; fi
  done
  # One process for all of them, and the list of them last.
  perl -e 'rename "$_.lab-new", $_ or die "$_ cannot be replaced: $!\n" for @ARGV' -- "${drafts[@]}" "$manifest"
}

# From here on whoever touches a file is somebody else.
note_times() {
  local path
  local -a there=()
  while read -r _ path; do
    [[ ! -f $path ]] || there+=("$path")
  done < <(text_of "$manifest")
  [[ ${#there[@]} -gt 0 ]] || return 0
  stat -c '%.9Z %n' -- "${there[@]}" >"$laid_down_times.lab-new" && mv -f "$laid_down_times.lab-new" "$laid_down_times"
}

back_up() {
  local path
  for path in "${!changed_paths[@]}" "$manifest"; do
    if [[ -e $path ]]; then was_there[$path]=yes; fi
  done
  rm -rf "$state/backup"
  mkdir "$state/backup"
  [[ ${#was_there[@]} -eq 0 ]] || cp -p --parents -- "${!was_there[@]}" "$state/backup" || {
    rm -rf "$state/backup"
    fail "The files as they are could not be kept for the case that the update fails. Nothing was changed."
  }
}

put_file_back() { # PATH
  local copy=$state/backup$1
  # A bare `return` would give the status from before the trap in which this runs.
  if [[ -z ${was_there[$1]-} ]]; then
    rm -f -- "$1" || return 1
    return 0
  fi
  # Moved out of the backup, not copied: that needs no room where both are on one disk.
  mv -f "$copy" "$1.lab-new" && mv -fT "$1.lab-new" "$1" && return 0
  [[ -e $copy ]] || mv -f "$1.lab-new" "$copy"
  rm -f -- "$1.lab-new"
  return 1
}

# Fails where something could not be put back, and says what.
put_back() {
  local path service rc=0
  for path in "${!changed_paths[@]}" "$manifest"; do
    put_file_back "$path" || {
      rc=1
      printf '%s could not be put back.\n' "$path"
    }
  done
  # On a full disk nobody will know, which is no reason to keep the old files away.
  note_times || rm -f "$laid_down_times"
  systemctl daemon-reload
  for service in "${all_services[@]}"; do
    [[ -n ${changed[$service]-} ]] || continue
    # In a shell of its own, which it may end.
    (restore "$service") || {
      rc=1
      printf '%s: it could not be brought back to what it was.\n' "$service"
    }
  done
  return $rc
}

restore() { # SERVICE
  local name=${unit[$1]-} rc=0
  if [[ -z $name ]]; then
    "reload_$1" || return 1
    return 0
  fi
  # What failed to start with the new files may have been tried too often.
  systemctl reset-failed "$name" 2>/dev/null || true
  # What has no unit any more cannot be disabled or stopped, and need not be.
  if [[ ${is_enabled[$1]} == enabled ]]; then
    systemctl -q enable "$name" || rc=1
  elif ! systemctl -q disable "$name"; then
    ! systemctl -q is-enabled "$name" || rc=1
  fi
  if [[ ${is_active[$1]} != active ]]; then
    systemctl stop "$name" || ! systemctl -q is-active "$name" || rc=1
  elif ! knows "restore_$1" || ! "restore_$1"; then
    systemctl restart "$name" || rc=1
  fi
  return $rc
}

# Runs however the script ends.
finish() {
  local rc=$?
  trap '' HUP INT TERM PIPE
  if [[ ${#paths[@]} -gt 0 ]]; then rm -f -- "${paths[@]/%/.lab-new}"; fi
  rm -f -- "$manifest.lab-new" "$pending.lab-new" "$laid_down_times.lab-new"
  if [[ $rc -ne 0 && $laid_down == true ]]; then
    set +e
    printf 'The previous files and services are put back.\n' >&2
    if put_back >&2; then
      rm -rf "$pending" "$state/backup"
      printf 'That is done.\n' >&2
    else
      printf '%s\n' "That was not done in full. What could not be put back is kept in $state/backup." \
        'Remove the cause (a full disk? "df -h"), and run the update again: it lays all of it down anew.' >&2
    fi
  fi
  rm -rf "$work"
}

# --- services ---------------------------------------------------------------------------------------------------------

note() { # SERVICE WORDS
  outcome[$1]="${outcome[$1]-}, $2"
}

# systemd reads every unit anew after each `enable`, which takes seconds in an emulated machine, and takes every unit for
# outdated when it is told not to. So the links of what is off are laid without it: that it has forgotten, and reads when it
# is asked. It reads anew only if it holds a unit otherwise than its files are.
enable_units() {
  local service
  local -a forgotten=() held=()
  unmask_units
  for service in "${all_services[@]}"; do
    [[ -n ${enabled[$service]-} && -n ${unit[$service]-} && ${is_enabled[$service]} != enabled ]] || continue
    if [[ ${is_active[$service]} == inactive ]]; then
      forgotten+=("${unit[$service]}")
    else
      held+=("${unit[$service]}")
    fi
  done
  if [[ ${#forgotten[@]} -gt 0 ]]; then SYSTEMD_OFFLINE=1 systemctl -q --no-reload enable "${forgotten[@]}"; fi
  if [[ ${#held[@]} -gt 0 ]]; then systemctl -q enable "${held[@]}"; fi
  if [[ ${#unit_changed[@]} -gt 0 ]]; then read_units; fi
}

# One that is masked can neither be enabled nor started.
unmask_units() {
  local service
  local -a masked=()
  for service in "${all_services[@]}"; do
    [[ -n ${enabled[$service]-} && -n ${unit[$service]-} ]] || continue
    if is_masked "${unit[$service]}"; then masked+=("${unit[$service]}"); fi
  done
  [[ ${#masked[@]} -gt 0 ]] || return 0
  systemctl -q unmask "${masked[@]}"
  systemctl -q --runtime unmask "${masked[@]}"
}

read_units() {
  local service path name listed outdated=''
  local -a names=() held=()
  # A service may have units beside its own.
  for path in "${!changed_paths[@]}"; do
    [[ $path =~ $unit_path ]] || continue
    names+=("${BASH_REMATCH[1]}")
  done
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} && -n ${unit[$service]-} ]]; then names+=("${unit[$service]}"); fi
  done
  # What it does not have in its memory it will read when it is asked for it.
  listed=$(units_in_memory "${names[@]}")
  while read -r name _; do
    [[ -z $name ]] || held+=("$name")
  done <<<"$listed"
  if [[ ${#held[@]} -gt 0 ]]; then outdated=$(systemctl show -P NeedDaemonReload "${held[@]}"); fi
  if [[ $outdated == *yes* ]]; then systemctl daemon-reload; fi
}

# Starts a service and those that follow it in one go, up to one that is active already: each `systemctl start` costs an
# emulated gateway a quarter of a second, and what waits in one daemon's start is time for another's. The firewall is
# there before anything else starts. What looks at the network before it starts, starts when all others have.
start() { # SERVICE
  local service at=after
  local -a together=() names=()
  for service in "${all_services[@]}"; do
    [[ $service != "$1" ]] || at=here
    [[ $at == here && -n ${enabled[$service]-} ]] || continue
    [[ -n ${unit[$service]-} && ${is_active[$service]} != active ]] || break
    [[ ${#together[@]} -eq 0 ]] || { $at_once && ! knows "before_$service"; } || break
    together+=("$service") names+=("${unit[$service]}")
    [[ $service != nftables ]] || break
  done
  if [[ ${#together[@]} -gt 1 ]]; then
    if systemctl -q start "${names[@]}" 2>/dev/null; then
      for service in "${together[@]}"; do started[$service]=yes; done
      note "$1" started
      return 0
    fi
    # One by one it shows which of them does not start, and why; and what takes its time to fail is not tried with each.
    at_once=false
  fi
  run_unit "$1" start
}

bring_up() { # SERVICE
  local service=$1 name=${unit[$1]-}
  outcome[$service]=unchanged
  if [[ -n ${changed[$service]-} ]]; then outcome[$service]=${changed[$service]/yes/changed}; fi
  if knows "before_$service" && [[ ${outcome[$service]} != unchanged || ${is_active[$service]} != active ]]; then
    "before_$service"
  fi
  if [[ -n ${started[$service]-} ]]; then
    note "$service" started
  elif [[ -n $name && ${is_active[$service]} != active ]]; then
    start "$service"
  elif [[ -n $name && -n ${unit_changed[$service]-} ]]; then
    run_unit "$service" restart
  elif [[ -n ${afresh[$service]-} ]] && has_daemon "$service"; then
    run_unit "$service" restart
  elif [[ -n ${changed[$service]-} ]]; then
    "reload_$service" || fail "$service: the new configuration could not be loaded; the reason is above."
  fi
}

# Whether what it does is done by a process; what is in the kernel alone is not lost by laying it down anew.
has_daemon() { # SERVICE
  [[ -n ${unit[$1]-} ]] || return 1
  processes_of "${unit[$1]}"
  [[ ${#processes[@]} -gt 0 ]]
}

run_unit() { # SERVICE VERB
  local words
  # systemd refuses what was started often within seconds, as a few updates in a row do. Why the start before failed is
  # then the result that it still tells.
  words=$(systemctl "$2" "${unit[$1]}" 2>&1) ||
    { systemctl reset-failed "${unit[$1]}" && words=$(systemctl "$2" "${unit[$1]}" 2>&1); } || {
    printf '%s\n' "$words" >&2
    last_words "$1"
    fail "$1: its service did not $2; its last words are above."
  }
  note "$1" "${2/%start/started}"
}

last_words() { # SERVICE
  [[ -z ${unit[$1]-} ]] || journalctl -q --no-pager -n 20 -u "${unit[$1]}" >&2 || true
}

any_starts_at_boot() { # UNIT...
  local name
  for name; do
    ! starts_at_boot "$name" || return 0
  done
  return 1
}

# All at once, and their links without systemd, as in `enable_units`: it would read every unit anew for each of them.
take_down() {
  local service
  local -a names=()
  for service in "${all_services[@]}"; do
    [[ -z ${enabled[$service]-} && -n ${unit[$service]-} ]] || continue
    [[ ${is_active[$service]} == active || ${is_enabled[$service]} == enabled ]] || continue
    names+=("${unit[$service]}")
    outcome[$service]="stopped and disabled"
  done
  [[ ${#names[@]} -gt 0 ]] || return 0
  # One without a unit file is forgotten as soon as it has stopped, be it by another's stop.
  systemctl -q stop "${names[@]}" || ! systemctl -q is-active "${names[@]}"
  SYSTEMD_OFFLINE=1 systemctl -q --no-reload disable "${names[@]}" || ! any_starts_at_boot "${names[@]}"
  # One that had to be killed would be remembered as failed, and so would what it had beside it.
  systemctl reset-failed "${names[@]}" 'ipv6-only-lab-*' 2>/dev/null || true
}

# What is PartOf a unit that was restarted is restarted with it, and nobody has waited for that. What was active before
# stays known as it was: a failure puts that back.
wait_for_dependents() {
  local service i
  local -a waiting=() units=() states=()
  for service in "${all_services[@]}"; do
    if [[ ${outcome[$service]-} == unchanged && -n ${unit[$service]-} ]]; then
      waiting+=("$service") units+=("${unit[$service]}")
    fi
  done
  [[ ${#waiting[@]} -gt 0 && ${#waiting[@]} -lt ${#outcome[@]} ]] || return 0
  # It fails when one of them is not active.
  mapfile -t states < <(systemctl is-active "${units[@]}" || true)
  for i in "${!waiting[@]}"; do
    [[ ${states[i]} != active ]] || continue
    run_unit "${waiting[i]}" start
    outcome[${waiting[i]}]='restarted with what it runs in'
  done
}

# A daemon may run and serve nobody: it is asked for the service itself. One that did not take a reload is started anew.
wait_until_serving() { # SERVICE
  local service=$1
  ! serves_within 20 "$service" || return 0
  if [[ ${outcome[$service]} != *started* ]] && has_daemon "$service"; then
    run_unit "$service" restart
    ! serves_within 20 "$service" || return 0
  fi
  last_words "$service"
  fail "$service: it runs, but does not serve after 20 seconds."
}

serves_within() { # SECONDS SERVICE
  local deadline=$((SECONDS + $1))
  until "serves_$2"; do
    [[ $SECONDS -lt $deadline ]] || return 1
    sleep 0.1
  done
}

# --- all of it --------------------------------------------------------------------------------------------------------

apply() {
  local service
  wait_for_first_boot
  lock
  work=$(mktemp -d)
  trap finish EXIT
  trap 'exit 1' HUP INT TERM PIPE
  read_bundle
  stage
  look_at_units
  find_drift
  check_all
  if [[ ${#changed[@]} -gt 0 ]]; then replace_files; fi
  if [[ ${#changed[@]} -gt 0 || ! -e $laid_down_times ]]; then note_times; fi
  enable_units
  take_down
  for service in "${all_services[@]}"; do
    [[ -z ${enabled[$service]-} ]] || bring_up "$service"
  done
  wait_for_dependents
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} && ${outcome[$service]} != unchanged ]]; then wait_until_serving "$service"; fi
  done
  laid_down=false
  rm -rf "$pending" "$state/backup"
  for service in "${all_services[@]}"; do
    if [[ -n ${outcome[$service]-} ]]; then printf '%s: %s\n' "$service" "${outcome[$service]}"; fi
  done
}

