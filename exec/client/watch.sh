# shellcheck shell=bash
# What only root can see of a run: the work of systemd-resolved, told on standard output, and the kernel's own record of the
# calls that every connection takes, which costs the program a fraction of what stopping it at each of them does
# (Documentation/trace/{ftrace,events,kprobetrace}.rst); and what containers do that a daemon starts for the program: they are
# not below its tracer. Argument: the place. Standard input: `follow PID CALLS` to watch that process and all that it starts,
# and the daemons' with a tracer for these calls; and `collect` when it has ended; each is answered in the place's `answers`.
# Ends with its standard input, and leaves nothing in the kernel.

folder=$1
# shellcheck source=/dev/null
. "$folder/ask.sh"
kernel=/sys/kernel/tracing
own=ipv6_only_lab_${folder##*.}
instance=$kernel/instances/$own
# KiB for each processor's part of the record.
size=0
# Of the daemons.
tracer=

# It ends with this one, whatever ends that: who reads what it tells waits for its end.
setpriv --pdeathsig KILL resolvectl monitor --json=short 2>/dev/null &
monitor=$!

answer() { printf '%s\n' "$1" >"$folder/answers"; }

# Which socket a call is about, by its inode, and what the kernel's own copy of it tells.
# shellcheck disable=SC2016
probes=(
  'r:made sock_alloc_file socket=$retval->f_inode->i_ino'
  'p:connects security_socket_connect socket=sock->file->f_inode->i_ino octets=$arg3:s32 address=+0($arg2):x64[14]'
  'p:outcome sk_getsockopt socket=sk->sk_socket->file->f_inode->i_ino level=$arg2:s32 option=$arg3:s32 error=sk->sk_err:s32 soft=sk->sk_err_soft:s32'
  'p:peer security_socket_getpeername socket=sock->file->f_inode->i_ino state=sock->sk->__sk_common.skc_state'
  'p:name security_socket_getsockname socket=sock->file->f_inode->i_ino family=sock->ops->family port=sock->sk->__sk_common.skc_num'
  'r:only6 ipv6_setsockopt socket=sk->sk_socket->file->f_inode->i_ino level=$arg2:s32 option=$arg3:s32 value=+u0($arg4):s32 result=$retval:s32'
  'p:closes inet_release socket=sock->file->f_inode->i_ino state=sock->sk->__sk_common.skc_state error=sock->sk->sk_err:s32'
)
# What tells of addresses of the machine's own, and of groups that it joins: the record is whole without it.
# shellcheck disable=SC2016
more_probes=(
  'r:address devinet_ioctl command=$arg2:u32 result=$retval:s32'
  'p:addresses inet_gifconf'
  'r:joins ip_mc_join_group socket=sk->sk_socket->file->f_inode->i_ino group=imr->imr_multiaddr.s_addr:x32 result=$retval:s32'
)

# Argument: whose record it is.
forget() {
  local name
  [[ ! -d $kernel/instances/$1 ]] || rmdir "$kernel/instances/$1"
  # Each by itself: an error ends what is written at once.
  while IFS=': ' read -r _ name _; do
    [[ $name != "$1/"* ]] || printf -- '-:%s\n' "$name" >>"$kernel/dynamic_events"
  done <<<"$(<"$kernel/dynamic_events")"
}

begin() {
  local other watcher probe call count processors
  [[ -d $kernel/instances ]] || return
  # Of those that were killed: nobody is there any more.
  for other in "$kernel"/instances/ipv6_only_lab_*; do
    watcher=$(<"${folder%.*}.${other##*_}/watcher")
    [[ ! -d $other || -d /proc/${watcher:-nobody} ]] || forget "${other##*/}"
  done
  echo "$$" >"$folder/watcher"
  mkdir "$instance" || return
  for probe in "${probes[@]}"; do printf '%s\n' "${probe/:/:$own/}" >>"$kernel/dynamic_events" || return; done
  for probe in "${more_probes[@]}"; do printf '%s\n' "${probe/:/:$own/}" >>"$kernel/dynamic_events"; done
  # CLOCK_TAI is the time of day but for whole seconds, which the marks below tell.
  echo tai >"$instance/trace_clock" || return
  # 16 MiB for all of them; what is more is read meanwhile.
  processors=("$instance"/per_cpu/cpu*)
  size=$((16384 / ${#processors[@]} + 512))
  echo "$size" >"$instance/buffer_size_kb" || return
  echo 1 >"$instance/options/event-fork" || return
  for ((count = 0; count < 3; count++)); do echo "$EPOCHREALTIME" >"$instance/trace_marker" || return; done
  # IPPROTO_IPV6 and IPV6_V6ONLY; SOL_SOCKET and SO_ERROR.
  echo 'level == 41 && option == 26' >"$instance/events/$own/only6/filter" || return
  echo 'level == 1 && option == 4' >"$instance/events/$own/outcome/filter" || return
  # SIOCGIFADDR
  [[ ! -d $instance/events/$own/address ]] || echo 'command == 0x8915' >"$instance/events/$own/address/filter" || return
  # Where nobody is named, everybody is followed.
  echo "$$" >"$instance/set_event_pid" || return
  echo 1 >"$instance/events/$own/enable" || return
  for call in {enter,exit}_{socket,connect}; do echo 1 >"$instance/events/syscalls/sys_$call/enable" || return; done
}

# Whoever starts containers on request, and holds those that run: Docker, and what stands below it. They are told of in the
# place's `daemons`, a thread a line: its number, that of its process, the process's name.
follow_daemons() {
  local calls=$1 pids pid task count=0
  read -r -a pids < <(pidof dockerd containerd containerd-shim-runc-v2)
  ((${#pids[@]} > 0)) || return
  # Not one that ends them when it ends (strace(1), --kill-on-exit).
  # shellcheck disable=SC2046
  setpriv --pdeathsig TERM strace -f --pidns-translation -y -q -ttt -T -xx -s 2048 -e "trace=$calls" -o "$folder/containers" \
    $(printf -- '-p %s ' "${pids[@]}") &
  tracer=$!
  for pid in "${pids[@]}"; do
    # An emulated machine takes a second for each; a tracer that may not follow it ends.
    while grep -qs '^TracerPid:[[:space:]]*0$' "/proc/$pid/task/"*/status && [[ -d /proc/$tracer ]] && ((++count < 100)); do
      sleep 0.2
    done
    for task in "/proc/$pid/task/"*; do printf '%s %s %s\n' "${task##*/}" "$pid" "$(<"/proc/$pid/comm")"; done
  done >"$folder/daemons"
}

# The first processes of containers that were begun meanwhile and go on: pid_namespaces(7), they are number 1 there.
tell_containers() {
  local status first='^NSpid:[[:space:]]+[0-9]+([[:space:]]+[0-9]+)*[[:space:]]+1$'
  while read -r status; do
    if grep -qsE "$first" "$status"; then tr '\0' ' ' <"${status%status}cmdline" && echo; fi
  done < <(grep -lsE "^TracerPid:[[:space:]]+$tracer$" /proc/[0-9]*/status) >"$folder/going-on"
}

leave_daemons() {
  [[ -n $tracer ]] || return
  tell_containers
  kill "$tracer"
  wait "$tracer"
  tracer=
}

# A read without anything left is an error here, not the end.
drain() { dd if="$instance/trace_pipe" iflag=nonblock bs=64k status=none >>"$folder/kernel"; }

# The largest events have 200 octets: five to a KiB.
half_full() {
  local stats
  for stats in "$instance"/per_cpu/cpu*/stats; do
    [[ $(<"$stats") =~ ^entries:\ ([0-9]+) ]] && ((BASH_REMATCH[1] > 2 * size)) && return
  done
  return 1
}

{
  watching=no
  if begin; then watching=yes; fi
  while read_line 2 0 || (($? > 128)); do
    read -r verb pid calls <<<"$REPLY"
    case $verb in
      follow)
        follow_daemons "$calls"
        if [[ $watching == yes ]] && echo "$pid" >>"$instance/set_event_pid"; then answer followed; else answer not-followed; fi
        ;;
      collect)
        # The last mark says that all is there that came before it.
        echo end >"$instance/trace_marker"
        echo 0 >"$instance/tracing_on"
        drain
        leave_daemons
        answer collected
        break
        ;;
      *) if [[ $watching == yes ]] && half_full; then drain; fi ;;
    esac
  done
  kill "$monitor"
  leave_daemons
  forget "$own"
} 2>/dev/null
