# shellcheck shell=bash
# Runs a command of the user's as a service of its own: without root's rights, sudo's included, with an end, and with
# whatever it leaves behind ended too. Standard input: the seconds that it may take; then the command, to the end.
# What it says is told in base64, since it may say anything: its last octets alone.

read -r patience
command=$(cat)

# The exit code comes by a file: the one that systemd-run ends with may be of its own troubles.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2016
inside='timeout --kill-after=3 "$1" bash -c "$2"; echo $? >"$3"'
output=$(
  sudo -n systemd-run --quiet --pipe --wait --collect --uid="$USER" --working-directory="$HOME" \
    --property=NoNewPrivileges=yes --property=RuntimeMaxSec=$((patience + 10)) \
    -- bash -c "$inside" own "$patience" "$command" "$folder/code" </dev/null 2>&1 | tail --bytes=2000 | base64 --wrap=0
)
took=$SECONDS
if read -r code 2>/dev/null <"$folder/code"; then
  print_section ran 0 "$took"
else
  code=0
  print_section ran 1 "$took"
fi
print_section own "$code" "$output"
