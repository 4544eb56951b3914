# shellcheck shell=bash
# Tries a TCP port at each of some addresses. Arguments: the port; seconds for each; the addresses. Tells, a line each,
# `ADDRESS RESULT MILLISECONDS`: open, refused, unreachable, silent, or failed.

export LC_ALL=C
port=$1 limit=$2
shift 2
for address in "$@"; do
  started=${EPOCHREALTIME/./}
  # $0 and $1 are the inner shell's.
  # shellcheck disable=SC2016
  said=$(timeout "$limit" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$address" "$port" 2>&1)
  case $?/$said in
  0/*) result=open ;;
  124/*) result=silent ;;
  *refused*) result=refused ;;
  *unreachable* | *"No route to host"*) result=unreachable ;;
  *) result=failed ;;
  esac
  printf '%s %s %s\n' "$address" "$result" $(((${EPOCHREALTIME/./} - started) / 1000))
done
