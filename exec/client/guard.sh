# shellcheck shell=bash
# Makes a place for one run of a program, watches over the run as long as somebody holds its standard input, and leaves
# nothing behind afterwards. Arguments: `with` or `without` 127.0.0.0/8; seconds without a line after which nobody holds it
# any more; names and octets of the scripts that come first on standard input and belong into the place. Each line that
# follows there is `alive`, or the name of a signal for the program. Tells the place when it is ready.

loopback4=$1 patience=$2
shift 2

# A place of its own on the disk: /tmp may be memory.
folder=$(mktemp --directory /var/tmp/ipv6-only-lab-exec.XXXXXX) || exit 1

furnish() {
  mkdir "$folder/work" && mkfifo "$folder/requests" "$folder/answers" || return
  while (($# > 0)); do
    head -c "$2" >"$folder/$1" || return
    shift 2
  done
}
if ! furnish "$@"; then
  rm -rf -- "$folder"
  exit 1
fi

# shellcheck source=/dev/null
. "$folder/ask.sh"

# Requests reach root's shell as long as this process lives, and whatever ends it ends that shell too: sudo(8) once more
# takes its time on an emulated machine. Held open here, answers are not lost, and nobody waits for another side.
watch() {
  exec 3<>"$folder/answers" 4<>"$folder/requests"
  {
    # shellcheck disable=SC2024
    sudo -n bash "$folder/watch.sh" "$folder" <"$folder/requests" |
      while IFS= read -r line; do printf '%s %s\n' "$EPOCHREALTIME" "$line"; done >"$folder/resolver"
    : >"$folder/unwatched"
  } 3<&- 4<&- &
}

# The resolver's usual address is in 127.0.0.0/8: meanwhile resolv.conf(5) names those that it asks itself. A unit keeps
# the address away as long as this process lives, whatever ends it.
take_loopback4() {
  local away="ip address del 127.0.0.1/8 dev lo" back="ip address add 127.0.0.1/8 dev lo"
  local uplink=/run/systemd/resolve/resolv.conf stub=/run/systemd/resolve/stub-resolv.conf
  sudo -n systemd-run --quiet --collect --unit="ipv6-only-lab-no-loopback4" --service-type=exec \
    --property="ExecStartPost=$away" --property="ExecStartPost=mount --bind $uplink $stub" \
    --property="ExecStopPost=umount $stub" --property="ExecStopPost=$back" \
    tail --pid="$$" --sleep-interval=0.2 -f /dev/null
}

file() { [[ ! -r $folder/$1 ]] || printf '%s' "$(<"$folder/$1")"; }

# Everybody below the tracer, whatever group they have gone to.
traced() {
  local tracers
  tracers=$(pgrep --full -- "^strace .* -o $folder/trace" | paste -sd '|')
  [[ -n $tracers ]] || return 0
  # One process for all files: an emulated machine starts few in a second.
  grep -lsE "^TracerPid:[[:space:]]+($tracers)$" /proc/[0-9]*/status | tr -dc '0-9\n'
}

# Programs may have become root.
send() {
  local group
  group=$(file group)
  [[ -z $group ]] || sudo -n kill -s "$1" -- "-$group" 2>/dev/null
  for pid in $(traced); do sudo -n kill -s "$1" "$pid" 2>/dev/null; done
}

# The first process has ended, and others that it made have not.
gone_away() {
  local first
  [[ -s $folder/trace && ! -e $folder/code ]] || return 1
  read -r first _ <"$folder/trace"
  [[ ! -d /proc/$first ]]
}

# What is left is ended, and named.
end_the_rest() {
  local pid
  for pid in $(traced); do tr '\0' ' ' <"/proc/$pid/cmdline" && echo; done >"$folder/left" 2>/dev/null
  for signal in TERM KILL; do
    for pid in $(traced); do sudo -n kill -s "$signal" "$pid" 2>/dev/null; done
    sleep 1
  done
}

watch
if [[ $loopback4 == without ]] && ! take_loopback4; then
  echo "loopback4" >"$folder/problem"
fi
printf '%s\n' "$folder"
alone=0 silent=0 wanted=
while :; do
  if read_line 0.25 0; then
    silent=0
    if [[ $REPLY != alive ]]; then wanted=$REPLY; fi
  elif (($? <= 128 || ++silent > 4 * patience)); then
    break
  fi
  # Before the program has begun a signal would meet the shell that starts it, or nobody; after its end, who collects.
  if [[ -n $wanted && -s $folder/trace ]]; then
    if [[ ! -e $folder/code ]]; then
      echo "$wanted" >>"$folder/signalled"
      send "$wanted"
    fi
    wanted=
  fi
  if gone_away; then alone=$((alone + 1)); else alone=0; fi
  # A second: children that are only slower than their parent.
  if ((alone == 4)); then end_the_rest; fi
done

[[ -e $folder/code ]] || send KILL
exec 4>&-
if [[ $loopback4 == without ]]; then sudo -n systemctl stop ipv6-only-lab-no-loopback4; fi
wait
# A program that became root may have left folders of its own; sudo takes its time where that is emulated.
rm -rf -- "$folder" 2>/dev/null || sudo -n rm -rf -- "$folder"
