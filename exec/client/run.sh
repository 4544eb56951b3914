# shellcheck shell=bash
# Runs a program below the tracer, on the streams that it has itself. Arguments: the place; `filtered` or `root`
# (how it is traced); the program and its arguments.

folder=$1 tracing=$2
shift 2
cd "$folder/work" || exit 125

# The end is told by files: the exit code alone could be the program's own.
tell() { printf '%s\n' "$2" >"$folder/$1"; }

# The place is not as it was asked for.
[[ ! -e $folder/problem ]] || exit 125

read -r _ _ _ _ group _ <"/proc/$$/stat"
tell group "$group"

program=$(type -P -- "$1") || {
  # As files come without their modes: it is there, and may not be run.
  if [[ $1 == */* && -f $1 ]]; then tell problem not-executable && exit 126; fi
  tell problem missing && exit 127
}

# Rights that a program takes from its file (setuid, setgid, capabilities) are refused below a tracer without root's
# rights, and to whoever is filtered (ptrace(2), PR_SET_NO_NEW_PRIVS).
takes_rights() {
  [[ -u $1 || -g $1 ]] || [[ -n $(getcap -- "$1" 2>/dev/null) ]]
}
if [[ $tracing == filtered ]] && takes_rights "$program"; then tracing=root; fi
tell tracing "$tracing"

# Of which a container is another one.
tell namespace "$(readlink /proc/self/ns/net)"

# Every process that is made, or goes to another network namespace, and every call on a socket; where the kernel keeps its
# own record, those that are not in it.
processes=execve,execveat,clone,clone3,fork,vfork,unshare,setns,io_uring_setup
calls=%network,close,$processes
# shellcheck source=/dev/null
. "$folder/ask.sh"
ask "$folder" 60 follow "$$" "$calls"
if [[ $REPLY == followed ]]; then
  tell watched yes
  calls=bind,listen,accept,accept4,sendto,sendmsg,sendmmsg,recvfrom,recvmsg,recvmmsg,$processes
fi
# Every text in hexadecimal, every descriptor with what it stands for, what a container's processes make by the number here.
options=(-f --pidns-translation -y -q -ttt -T -xx -s 2048 -e "trace=$calls" -o "$folder/trace")
case $tracing in
filtered) tracer=(strace --seccomp-bpf --kill-on-exit "${options[@]}" --) ;;
root)
  # sudo(8) changes the environment; the program gets this one.
  environment=()
  while IFS= read -r -d '' variable; do environment+=(-E "$variable"); done < <(env --null)
  tracer=(sudo -n strace -u "$USER" --kill-on-exit "${environment[@]}" "${options[@]}" --)
  ;;
esac

if ! type -P strace >/dev/null; then tell problem no-tracer && exit 126; fi

# How often the card has lost or gained its link (sysfs-class-net): by it a client goes to another network.
links() { if [[ -r /sys/class/net/lan/carrier_changes ]]; then REPLY=$(</sys/class/net/lan/carrier_changes); fi; }

# A signal is for the program; this one stays to tell how it ended.
trap : INT TERM HUP QUIT
links
before=$REPLY
tell started "$EPOCHREALTIME"
# What this shell says of a program that crashed is none of the program's words.
{ "${tracer[@]}" "$@" 2>&3 3>&-; } 3>&2 2>/dev/null
code=$?
tell ended "$EPOCHREALTIME"
links
if [[ $REPLY != "$before" ]]; then tell problem moved; fi
# The tracer has said why; what it could not start has not run.
if [[ ! -s $folder/trace ]]; then
  tell problem refused
  code=126
else
  # Of another architecture, say (execve(2), ENOEXEC): strace ends with 1, as many a program does.
  read -r first <"$folder/trace"
  if [[ $first == *' execve('*') = -1 E'* ]]; then code=126; fi
fi
tell code "$code"
# A record of many calls is long, and an emulated machine is slow to put it into words.
ask "$folder" 600 collect
tell collected "$REPLY"
exit "$code"
