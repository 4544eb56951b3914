#!/bin/bash
# What laying down a bundle and looking at a gateway have in common: reading the bundle (its form: services/bundle.ts),
# and seeing what differs. Runs as root. The functions of each service are in its own script.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

state=/var/lib/ipv6-only-lab
# "TIME PATH" for each file, as soon as it was laid down and before its daemon has read it: see `is_touched`.
laid_down_times=$state/laid-down-times

# The bundle: services in the order in which they are brought up, and files.
declare -a all_services=() paths=()
declare -A unit=() enabled=() service_of=() mode_of=() digest_of=() content_of=()
# Services and files that are not as they should be.
declare -A changed=() changed_paths=()
# Services of which nobody knows what their daemon has read, or whether it hears: a reload is not enough for them.
declare -A afresh=()
# How files are on the machine, and when they were touched: now, and when they were laid down.
declare -A live_mode=() live_owner=() live_digest=() touched_at=() laid_down_at=()
# State of the units: "active" and "enabled".
declare -A is_active=() is_enabled=()
# `apply` writes drafts, `look` only says what differs.
writing=false work=''

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

read_bundle() {
  local -a lines=() head=()
  local i=1 at word name rest content path count on
  local -A lines_of=()
  if [[ -z $work ]]; then
    mapfile -t lines
  else
    # From a pipe bash reads octet by octet, and a whole bundle is large.
    cat >"$work/bundle" || fail "There is no room for the bundle in $work (\"df -h\"). Nothing was changed."
    mapfile -t lines <"$work/bundle"
  fi
  read -r -a head <<<"${lines[0]-}"
  [[ ${head[0]-} == ipv6-only-lab-bundle && ${head[1]-} == 2 && ${head[2]-} == sha256 ]] ||
    fail "Standard input is not a bundle of ipv6-only-lab, version 2. Nothing was changed."
  content=$(printf '%s\n' "${lines[@]:1}" | sha256sum)
  [[ ${content%% *} == "${head[3]-}" ]] ||
    fail "The bundle was damaged on its way (its SHA-256 does not fit). Nothing was changed; run the update again."
  for ((; i < ${#lines[@]}; i++)); do
    read -r word name rest <<<"${lines[i]}"
    case $word in
      service)
        all_services+=("$name")
        read -r rest on <<<"$rest"
        [[ $rest == - ]] || unit[$name]=$rest
        [[ $on == off ]] || enabled[$name]=yes
        ;;
      file)
        read -r word content count path <<<"$rest"
        paths+=("$path")
        service_of[$path]=$name mode_of[$path]=$word digest_of[$path]=$content lines_of[$path]=$count
        ;;
      contents) break ;;
    esac
  done
  at=$((i + 1))
  [[ $at -le ${#lines[@]} ]] || return 0
  for path in "${paths[@]}"; do
    count=${lines_of[$path]}
    printf -v content '%s\n' "${lines[@]:at:count}"
    content_of[$path]=$content
    at=$((at + count))
  done
}

# Whether the function is there.
knows() { declare -F "$1" >/dev/null; }

# --- what differs -----------------------------------------------------------------------------------------------------

differs() { # SERVICE PATH WORDS
  changed[$1]=yes changed_paths[$2]=yes
  if is_touched "$2"; then afresh[$1]=yes; fi
  $writing || printf '%s: %s %s\n' "$@"
}

# Whether somebody else has written to it, or replaced or removed it, since it was laid down: its daemon may have read
# that and run with it, although all is right again in the file. The time is the inode's, which changes with whatever is
# done to a file, and which nobody can set. It is compared for being the same, so no clock has to be right, and as finely as
# the file system keeps it: what follows at once is somebody else's too. What an older version has laid down has none.
is_touched() { # PATH
  [[ -n ${laid_down_at[$1]-} && ${laid_down_at[$1]} != "${touched_at[$1]-}" ]]
}

# In two programs for all files: an emulated machine takes longer to start them than to do what they do.
look_at_files() {
  local path mode owner digest time
  local -a existing=()
  local -A wanted=()
  while read -r time path; do
    [[ -z $path ]] || laid_down_at[$path]=$time
  done < <(text_of "$laid_down_times")
  for path in "${paths[@]}" "${!laid_down_at[@]}"; do wanted[$path]=yes; done
  for path in "${!wanted[@]}"; do [[ ! -f $path ]] || existing+=("$path"); done
  [[ ${#existing[@]} -gt 0 ]] || return 0
  while read -r mode owner time path; do
    live_mode[$path]=$mode live_owner[$path]=$owner touched_at[$path]=$time
  done < <(stat -c '%a %u:%g %.9Z %n' -- "${existing[@]}")
  while read -r digest path; do live_digest[$path]=$digest; done < <(sha256sum -- "${existing[@]}")
}

# Compares every file of the bundle with the machine's.
compare_files() {
  local path
  look_at_files
  for path in "${paths[@]}"; do
    if [[ -z ${live_mode[$path]-} ]]; then
      differs "${service_of[$path]}" "$path" "is not there"
    elif [[ ${live_digest[$path]} != "${digest_of[$path]}" ]]; then
      differs "${service_of[$path]}" "$path" "is not what was laid down"
    else
      compare_attributes "$path"
    fi
  done
}

# Where an administrator's settings of units are, those of `systemctl edit` and `set-property` among them; packages have
# theirs below /usr/lib (systemd.unit(5), "Unit File Load Path").
unit_folders=({/etc,/run}/systemd/system{,.control} /usr/local/lib/systemd/system)
# Of a path in one of them the first group is the unit whose settings it has.
unit_path='^/[a-z/]+/systemd/system[.a-z]*/([^/]+\.(service|target))(\.d/.*)?$'

# Settings of a service's units by name that are not the lab's: they change or replace what a package or the lab has laid down.
compare_units() {
  local service name folder path
  for service in "${all_services[@]}"; do
    [[ -n ${enabled[$service]-} ]] || continue
    find_units_of "$service"
    for name in "${!units_of[@]}"; do
      for folder in "${unit_folders[@]}"; do
        for path in "$folder/$name" "$folder/$name".d/*.conf; do
          is_foreign "$path" || continue
          service_of[$path]=$service
          differs "$service" "$path" "is a setting of its unit $name that was not laid down"
        done
      done
    done
  done
}

# The gate of a first boot says that nothing starts before a bundle is there. Masks of units are told and taken away by
# themselves; a drop-in that is one switches off another of its name.
is_foreign() { # PATH
  [[ -e $1 && -z ${service_of[$1]-} && $1 != */10-await-bundle.conf ]] || return 1
  [[ -f $1 ]] || { [[ $1 -ef /dev/null ]] && ! is_mask "$1"; }
}

# Where `systemctl mask` puts it.
is_mask() { # PATH
  [[ $1 == /@(etc|run)/systemd/system/*([^/]) && $1 -ef /dev/null ]]
}

# What is beside the content of a file.
compare_attributes() { # PATH
  local service=${service_of[$1]}
  if [[ 0${live_mode[$1]} != "${mode_of[$1]}" ]]; then
    differs "$service" "$1" "has the mode ${live_mode[$1]}"
  elif [[ ${live_owner[$1]} != 0:0 ]]; then
    differs "$service" "$1" "belongs to ${live_owner[$1]}, not to root"
  elif is_touched "$1"; then
    differs "$service" "$1" "was touched after it was laid down: what runs may have read something else"
  fi
}

# A file that the gateway itself has a say in, as it should be.
draft() { # SERVICE PATH TEXT
  local live=''
  [[ -n ${digest_of[$2]-} ]] || paths+=("$2")
  digest_of[$2]=derived service_of[$2]=$1 mode_of[$2]=0644 content_of[$2]=$3
  [[ ! -f $2 ]] || IFS= read -r -d '' live <"$2" || true
  if [[ $live != "$3" ]]; then
    differs "$1" "$2" "is not what was laid down"
  elif [[ -n ${live_mode[$2]-} ]]; then
    compare_attributes "$2"
  fi
}

derive_files() {
  local service
  for service in "${all_services[@]}"; do
    if [[ -n ${enabled[$service]-} ]] && knows "derive_$service"; then "derive_$service"; fi
  done
}

# A unit that systemd does not have in its memory is inactive. It is not asked for more than that: `systemctl show` has every
# property of every unit told, a tenth of a second of an emulated processor each, and reads those that it does not have.
look_at_units() {
  local service name active listed _
  local -A service_by_unit=()
  for service in "${!unit[@]}"; do
    service_by_unit[${unit[$service]}]=$service
    is_active[$service]=inactive is_enabled[$service]=disabled
    if starts_at_boot "${unit[$service]}"; then is_enabled[$service]=enabled; fi
  done
  listed=$(units_in_memory "${unit[@]}")
  while read -r name _ active _; do
    [[ -z $name ]] || is_active[${service_by_unit[$name]}]=$active
  done <<<"$listed"
}

# Its failure is the caller's, who must not take "nothing was said" for "nothing is there".
units_in_memory() { # UNIT...
  systemctl list-units --all --full --plain --no-legend -- "$@"
}

is_masked() { # UNIT
  is_mask "/etc/systemd/system/$1" || is_mask "/run/systemd/system/$1"
}

# As `systemctl is-enabled` has it for units that are wanted or required by another one, and not masked.
starts_at_boot() { # UNIT
  local link
  ! is_masked "$1" || return 1
  for link in /etc/systemd/system/*.{wants,requires}/"$1"; do
    [[ ! -e $link ]] || return 0
  done
  return 1
}

# Processes of a unit; none of what only sets something. They are read where systemd keeps them, without asking it.
declare -a processes=()
processes_of() { # UNIT
  local list=/sys/fs/cgroup/system.slice/$1/cgroup.procs
  processes=()
  [[ ! -r $list ]] || mapfile -t processes <"$list"
}

# The units of a service: its own, and those that it may have beside it.
declare -A units_of=()
find_units_of() { # SERVICE
  local path
  units_of=()
  [[ -z ${unit[$1]-} ]] || units_of[${unit[$1]}]=yes
  for path in "${paths[@]}"; do
    [[ ${service_of[$path]} == "$1" && $path =~ $unit_path ]] || continue
    units_of[${BASH_REMATCH[1]}]=yes
  done
}

# Says, a line each, which units of a service have a process that is stopped (SIGSTOP): systemd has them active, and they
# hear nothing, no reload either. Fails where there is none.
tell_stopped() { # SERVICE
  local name pid words rc=1
  find_units_of "$1"
  for name in "${!units_of[@]}"; do
    processes_of "$name"
    for pid in "${processes[@]}"; do
      # It may have ended meanwhile.
      read -r words 2>/dev/null <"/proc/$pid/stat" || continue
      # proc_pid_stat(5): the state follows the name, which is in parentheses and may have some.
      [[ ${words##*) } == T* ]] || continue
      printf '%s: a process of its unit %s is stopped\n' "$1" "$name"
      rc=0
      break
    done
  done
  return $rc
}

# The content of a file as it is laid down, without starting a program.
text_of() { # PATH
  local text=''
  [[ ! -f $1 ]] || IFS= read -r -d '' text <"$1" || true
  printf '%s' "$text"
}

# --- looking ----------------------------------------------------------------------------------------------------------

# What differs, a line each. What a running service should be like is read from its files, so only where those are right.
look() {
  local service line
  read_bundle
  [[ ! -e $state/pending ]] || printf 'gateway: an update was cut off\n'
  compare_files
  derive_files
  compare_units
  look_at_units
  for service in "${all_services[@]}"; do
    if [[ -z ${enabled[$service]-} ]]; then
      [[ ${is_active[$service]} != active ]] || printf '%s: runs although it should not\n' "$service"
    elif [[ -n ${unit[$service]-} && ${is_active[$service]} != active ]]; then
      printf '%s: its unit %s is %s\n' "$service" "${unit[$service]}" "${is_active[$service]}"
    elif [[ -n ${unit[$service]-} && ${is_enabled[$service]} != enabled ]]; then
      printf '%s: its unit %s would not start at the next boot\n' "$service" "${unit[$service]}"
    elif tell_stopped "$service"; then
      :
    elif [[ -z ${changed[$service]-} ]]; then
      while IFS= read -r line; do printf '%s: %s\n' "$service" "$line"; done < <("drift_$service")
    fi
  done
}
