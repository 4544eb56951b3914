# shellcheck shell=bash
# Static bindings of the translator: see bindings.ts.

bindings_script=/usr/local/lib/ipv6-only-lab/static-bindings
bindings_file=/etc/ipv6-only-lab/static-bindings

# Tried in a network namespace of its own, which has the addresses of the bindings.
check_bindings() {
  load_jool_module
  check bindings unshare --net bash "$(staged "$bindings_script")" try \
    "$(staged "$bindings_file")" "$(staged "$jool_file")"
}

reload_bindings() {
  "$bindings_script" lay || return 1
  note bindings 'laid down, sessions of others kept'
}

serves_bindings() { [[ -z $(drift_bindings) ]]; }

drift_bindings() {
  [[ $("$bindings_script" show 2>&1) == "$(grep -v '^#' "$bindings_file" | sort)" ]] ||
    printf 'the static bindings in the kernel are not those of %s\n' "$bindings_file"
}
