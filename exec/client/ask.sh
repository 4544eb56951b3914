# shellcheck shell=bash
# Stands before what asks watch.sh, from whichever process of the run.

# Arguments: the place; the request. The answer is in REPLY; without one, nobody watches (any more).
ask() {
  local folder=$1 count
  shift
  # Open for both: nobody waits for the other side.
  exec 5<>"$folder/answers" 6<>"$folder/requests"
  printf '%s\n' "$*" >&6
  for ((count = 0; count < 120; count++)); do
    if read -r -t 0.5 -u 5; then break; fi
    REPLY=
    [[ ! -e $folder/unwatched ]] || break
  done
  exec 5>&- 6>&-
}
