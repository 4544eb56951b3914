# shellcheck shell=bash
# Watches over a run as long as somebody holds its standard input, and leaves nothing behind afterwards. Argument: the
# place. Each line of standard input is the name of a signal for the program.

folder=$1

file() { [[ ! -r $folder/$1 ]] || printf '%s' "$(<"$folder/$1")"; }

# Everybody below the tracer, whatever group they have gone to.
traced() {
  local tracers status
  tracers=$(pgrep --full -- "^strace .* -o $folder/trace" | paste -sd '|')
  [[ -n $tracers ]] || return 0
  for status in /proc/[0-9]*/status; do
    if grep -qsE "^TracerPid:[[:space:]]+($tracers)$" "$status"; then
      status=${status%/status}
      printf '%s\n' "${status#/proc/}"
    fi
  done
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
sudo -n rm -rf -- "$folder"
