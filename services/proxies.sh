# shellcheck shell=bash
# Proxies of the simulated internet: see proxies.ts.

proxies_folder=/etc/ipv6-only-lab/internet

# Neither program has a dry run: a line that tinyproxy does not know ends it, which is seen.
check_proxies() { :; }

reload_proxies() { run_unit proxies restart; }

# Every namespace of theirs has both ports open.
serves_proxies() {
  local name sockets port
  for name in $(compgen -G "$proxies_folder/tinyproxy-*.conf"); do
    name=${name##*/tinyproxy-} name=${name%.conf}
    sockets=$(ss --numeric --listening --tcp --no-header --net="internet-proxy-$name" 2>/dev/null) || return 1
    for port in 1080 3128; do [[ $sockets == *":$port "* ]] || return 1; done
  done
}

drift_proxies() { serves_proxies || printf 'a proxy of the simulated internet does not listen\n'; }
