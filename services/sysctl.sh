# shellcheck shell=bash
# Settings of the kernel: see sysctl.ts.

sysctl_file=/etc/sysctl.d/90-ipv6-only-lab.conf

# The kernel has no dry run; a key that it does not know fails when the file is loaded.
check_sysctl() { :; }

reload_sysctl() {
  [[ -e $sysctl_file ]] || return 0
  modprobe --quiet nf_conntrack || true
  sysctl -q -p "$sysctl_file" >&2
}

serves_sysctl() { [[ -z $(drift_sysctl) ]]; }

drift_sysctl() {
  local key value live
  while read -r key _ value; do
    [[ -n $value && $key != '#'* ]] || continue
    read -r -d '' live <"/proc/sys/${key//.//}" || true
    [[ ${live//[[:space:]]/ } == "$value" ]] || printf '%s is %s, not %s\n' "$key" "$live" "$value"
  done <"$sysctl_file"
}
