# shellcheck shell=bash
# Stateful NAT64: see jool.ts.

jool_file=/etc/jool/jool.conf

# jool has no dry run: the file is tried in a network namespace of its own, which is gone with the command.
check_jool() {
  load_jool_module
  check jool unshare --net jool file handle "$(staged "$jool_file")"
}

load_jool_module() {
  local output kernel
  [[ ! -d /sys/module/jool ]] || return 0
  output=$(modprobe jool 2>&1) && return 0
  kernel=$(uname -r)
  {
    printf 'jool: the kernel module cannot be loaded on kernel %s:\n%s\n' "$kernel" "$output"
    printf 'dkms status: %s\n' "$(dkms status 2>&1 || true)"
    printf 'Secure Boot: %s\n' "$(secure_boot)"
    printf '%s\n' 'If dkms does not list jool as installed for this kernel, the kernel was updated after it was built, or' \
      "its headers are missing: apt-get install linux-headers-$kernel && dkms autoinstall. If Secure Boot is enabled," \
      'the kernel refuses modules that it does not trust: turn it off for this machine or enrol the key of dkms.' \
      'Nothing was changed.'
  } >&2
  exit 1
}

secure_boot() {
  local variable=/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  if [[ ! -d /sys/firmware/efi ]]; then
    printf 'off (no UEFI)'
  elif [[ $(od -An -t u1 -j 4 -N 1 "$variable" 2>/dev/null) == *1 ]]; then
    printf 'enabled'
  else
    printf 'disabled'
  fi
}

# Sessions survive, unless the prefix changes, which Jool cannot do while it runs.
reload_jool() {
  local text wanted
  text=$(text_of "$jool_file")
  [[ $text =~ \"pool6\":[[:space:]]*\"([^\"]*)\" ]] && wanted=${BASH_REMATCH[1]}
  if [[ $(jool global display --csv 2>/dev/null) == *"pool6,$wanted"* ]]; then
    jool file handle "$jool_file" || return 1
    note jool 'reloaded, sessions kept'
  else
    jool instance remove 2>/dev/null || true
    run_unit jool restart
  fi
}

# Sessions survive where the prefix is the old one still.
restore_jool() { jool file handle "$jool_file"; }

serves_jool() { [[ $(jool instance display --csv) == *,default,* ]]; }

# The settings and addresses in the kernel against what the file gives in a network namespace of its own. What the kernel
# has for an empty pool4 depends on the machine's addresses, and shows as empty in both.
drift_jool() {
  local should
  should=$(unshare --net sh -c "jool file handle $jool_file >/dev/null && $(declare -f jool_settings); jool_settings" 2>&1)
  [[ $(jool_settings 2>&1) == "$should" ]] || printf 'the translator in the kernel is not what %s says\n' "$jool_file"
}

jool_settings() {
  local protocol
  jool global display --csv
  for protocol in tcp udp icmp; do jool pool4 display --csv --no-headers "--$protocol"; done
}
