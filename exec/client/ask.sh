# shellcheck shell=bash
# Stands before what asks watch.sh, from whichever process of the run, and before watch.sh itself.

# A line, if one comes within so many seconds, in REPLY; a descriptor to read it from. Fails as read(1) does, with more than
# 128 where time is over: what has come of the line by then is kept for the next call, read(1) would lose it.
part_of_line=
read_line() {
  local code=0 part
  IFS= read -r -t "$1" -u "$2" part || code=$?
  part_of_line+=$part
  REPLY=
  if ((code == 0)); then REPLY=$part_of_line part_of_line=; fi
  return "$code"
}

# Arguments: the place; how many seconds at most; the request. The answer is in REPLY; without one, nobody watches (any more).
ask() {
  local folder=$1 seconds=$2 count
  shift 2
  # Open for both: nobody waits for the other side.
  exec 5<>"$folder/answers" 6<>"$folder/requests"
  printf '%s\n' "$*" >&6
  for ((count = 0; count < 2 * seconds; count++)); do
    if read_line 0.5 5 || [[ -e $folder/unwatched ]]; then break; fi
  done
  exec 5>&- 6>&-
}
