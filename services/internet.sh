# shellcheck shell=bash
# The simulated internet's namespaces, paths and routes: see internet.ts.

internet_script=/usr/local/lib/ipv6-only-lab/internet
internet_folder=/etc/ipv6-only-lab/internet

# ip and tc have no dry run: what they refuse fails the unit.
check_internet() {
  local name
  for name in internet-router internet-servers; do
    check internet unshare --net nft -c -f "$(staged "$internet_folder/$name.nft")"
  done
}

# All of it anew, with what runs in it.
reload_internet() { run_unit internet restart; }

internet_recorded=/run/ipv6-only-lab-internet.state

# Written when all of it is there. Whether somebody answers at the other end of its wires is for those who serve there.
serves_internet() { [[ -s $internet_recorded && -e /sys/class/net/internet ]]; }

drift_internet() {
  [[ $("$internet_script" state 2>&1) == "$(text_of "$internet_recorded")" ]] ||
    printf 'its namespaces are not as they were laid down\n'
}
