# shellcheck shell=bash
# Makes a place for one run of a program. Standard input: the octets of run.sh, run.sh, and guard.sh to the end.

set -eu
read -r length
# A place of its own on the disk: /tmp may be memory.
folder=$(mktemp --directory /var/tmp/ipv6-only-lab-exec.XXXXXX)
mkdir "$folder/work"
head -c "$length" >"$folder/run.sh"
cat >"$folder/guard.sh"
printf '%s\n' "$folder"
