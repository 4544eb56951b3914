# shellcheck shell=bash
# Watches over a run as long as somebody holds its standard input, and leaves nothing behind afterwards. Argument: the
# place; `with` or `without` 127.0.0.0/8. Each line of standard input is the name of a signal for the program.

folder=$1 loopback4=$2

# What systemd-resolved does meanwhile, with the time.
listen_to_resolver() {
  exec 3< <(exec sudo -n resolvectl monitor --json=short 2>/dev/null)
  monitor=$!
  while IFS= read -r line <&3; do printf '%s %s\n' "$EPOCHREALTIME" "$line"; done >"$folder/resolver" &
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

listen_to_resolver
if [[ $loopback4 == without ]] && ! take_loopback4; then
  echo "loopback4" >"$folder/problem"
fi
echo ready
alone=0
while :; do
  if read -r -t 0.25 signal; then
    send "$signal"
    continue
  elif (($? <= 128)); then
    break
  fi
  if gone_away; then alone=$((alone + 1)); else alone=0; fi
  # A second: children that are only slower than their parent.
  if ((alone == 4)); then end_the_rest; fi
done

[[ -e $folder/code ]] || send KILL
# sudo(8) passes on no signal of its own group.
sudo -n pkill --parent "$monitor" &
ending=$!
if [[ $loopback4 == without ]]; then sudo -n systemctl stop ipv6-only-lab-no-loopback4; fi
wait "$ending"
# A program that became root may have left folders of its own; sudo takes its time where that is emulated.
rm -rf -- "$folder" 2>/dev/null || sudo -n rm -rf -- "$folder"
