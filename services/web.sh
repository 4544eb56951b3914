# shellcheck shell=bash
# HTTP and HTTPS of the simulated internet: see web.ts.

certificate_script=/usr/local/lib/ipv6-only-lab/internet-certificates

# nginx reads the certificates when it is asked to check.
check_web() {
  check web bash "$(staged "$certificate_script")" /etc/ipv6-only-lab/internet .lab-new
  check web unshare --net nginx -t -q -c "$(staged /etc/nginx/nginx.conf)"
}

reload_web() { run_unit web restart; }

serves_web() {
  [[ $(curl -s -m 2 "http://$(web_address)/json" 2>/dev/null) == *'"family":"IPv4"'* ]]
}

# An address at which it answers: the name server's, which is beside it.
web_address() { [[ $(text_of /etc/nsd/nsd.conf) =~ ip-address:\ ([0-9.]+)[[:space:]] ]] && printf '%s' "${BASH_REMATCH[1]}"; }

drift_web() { serves_web || printf 'the web servers of the simulated internet do not answer\n'; }
