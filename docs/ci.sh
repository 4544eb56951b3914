#!/usr/bin/env bash
# Brings a lab up, runs a command on a client, leaves the reports in a folder, and takes the lab away, whatever happened.
# docs/ci.md tells more.
set -euo pipefail

help='Usage: docs/ci.sh FOLDER [OPTION…] [--] COMMAND…

Runs the command on a client of the lab that this checkout makes. Reports come into FOLDER, which, as the paths of --put,
counts from where you are.

  --stack NAME             which stack; default: LAB_STACK, else dev
  --network NAME,…|all     on each of these networks; default: LAB_NETWORKS, else where the client is
  --client NAME            on which client; default: the first one, and client-1 with --prepare
  --put PATH               copied beside the command before it runs; may be repeated
  --prepare COMMAND        runs on the client before, by its shell and unwatched
  --timeout SECONDS        that the command may take on each network; default: 600
  --remarks pass           0 in place of 3: what works with remarks passes
  --listen PORT, --function NAME, --confirm, --no-loopback4, --setuid, --redact
                           as npm run exec -- --help tells them

Exit codes: 0 works, 1 fails, 2 nothing is told, 3 works with remarks; 128 + n after signal n.'

say() {
  # Where nobody hears it any more, a terminal closed or a pipe broken, nobody hears what comes after.
  echo "docs/ci.sh: $*" >&2 2>/dev/null || exec >/dev/null 2>&1
}

refuse() {
  say "$*"
  printf '\n%s\n' "$help" >&2
  exit 2
}

[[ ${1-} != --help && ${1-} != -h ]] || { printf '%s\n' "$help" && exit; }
[[ -n ${1-} && $1 != -* ]] || refuse "the first word is the folder for the reports."
# As it is called from here: this script goes elsewhere.
from_here() { if [[ $1 == /* ]]; then printf '%s\n' "$1"; else printf '%s\n' "$PWD/$1"; fi; }
report=$(from_here "$1")
shift

stack=${LAB_STACK:-dev}
remarks=fail
prepare=
client=
handed=(--timeout 600)
[[ -z ${LAB_NETWORKS-} ]] || handed+=(--network "$LAB_NETWORKS")
while [[ ${1-} == -* ]]; do
  option=$1
  shift
  case $option in
    --) break ;;
    --help) printf '%s\n' "$help" && exit ;;
    --confirm | --no-loopback4 | --setuid | --redact) handed+=("$option") && continue ;;
    --stack | --network | --client | --put | --prepare | --timeout | --remarks | --listen | --function) ;;
    *) refuse "$option is none of the options." ;;
  esac
  [[ -n ${1-} ]] || refuse "$option takes a value."
  case $option in
    --stack) stack=$1 ;;
    --client) client=$1 ;;
    --prepare) prepare=$1 ;;
    --remarks)
      [[ $1 == pass || $1 == fail ]] || refuse "--remarks takes pass or fail."
      remarks=$1
      ;;
    --put)
      # Before the minutes that a lab takes.
      [[ -e $1 ]] || refuse "--put $1: there is no such file here."
      handed+=(--put "$(from_here "$1")")
      ;;
    *) handed+=("$option" "$1") ;;
  esac
  shift
done
(($# > 0)) || refuse "which command?"
# The same for both: `ssh` takes no machine for granted.
[[ -z $prepare ]] || client=${client:-client-1}
[[ -z $client ]] || handed+=(--client "$client")

# What ends this script before there is a verdict, foreseen or not, has told nothing.
result=2
begun=
child=
signal=0

# A session of its own keeps from a child what a terminal sends to everybody: it gets each signal once, from here.
apart=(env)
if type -P setsid >/dev/null; then apart=(setsid); fi

on_signal() {
  signal=$1
  say "signal $signal: ending what runs."
  # npm passes SIGTERM on to what it runs, and SIGHUP not.
  [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || :
}

# Bash heeds a signal while it waits, and not while a command runs in the foreground.
attend() {
  ((signal == 0)) || exit
  "${apart[@]}" "$@" </dev/null &
  child=$!
  # One that came when there was no child yet.
  ((signal == 0)) || kill -TERM "$child" 2>/dev/null || :
  local code
  while
    code=0
    wait "$child" || code=$?
    # A signal ends the waiting, not the child.
    kill -0 "$child" 2>/dev/null
  do :; done
  child=
  ((signal == 0)) || exit
  return "$code"
}

leave() {
  # Nothing may keep the lab: supervisors and terminals send a signal more than once.
  trap '' HUP INT TERM
  if ((signal > 0)); then
    result=$((128 + signal))
    say "taking away what there is."
    # The same signal may have ended who read this script's output.
    exec >&2
  fi
  signal=0
  if [[ -n $begun ]]; then
    attend npm run --silent destroy -- --stack "$stack" ||
      say "the lab could not be taken away (destroy ended with $?): npm run destroy -- --stack $stack"
  fi
  exit "$result"
}

# A word that nobody hears is no reason to end.
trap '' PIPE
trap leave EXIT
trap 'on_signal 1' HUP
trap 'on_signal 2' INT
trap 'on_signal 15' TERM

# Of a run before.
rm -f -- "$report"/{report.txt,report.json,report.html,junit.xml}
# The lab's checkout, from wherever this was called, by whatever link.
cd -- "$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")/.."
# npm writes this file last.
if [[ ! -e node_modules/.package-lock.json ]]; then
  attend npm ci --no-audit --no-fund || { say "npm ci ended with $?: nothing was run." && exit; }
fi
begun=yes
attend npm run --silent up -- --stack "$stack" || { say "there is no lab (up ended with $?): nothing was run." && exit; }
if [[ -n $prepare ]]; then
  attend npm run --silent ssh -- --stack "$stack" "$client" "$prepare" ||
    { say "--prepare ended with $?: the command was not run." && exit; }
fi
code=0
attend npm run --silent exec -- "${handed[@]}" --stack "$stack" --report "$report" --verdict-code -- "$@" || code=$?
# A verdict has a report: npm and Node.js have a 1 of their own.
if [[ $code == [013] && -e $report/report.json ]]; then
  result=$code
elif ((code != 2)); then
  say "exec ended with $code and left no verdict."
fi
if [[ $result == 3 && $remarks == pass ]]; then result=0; fi
