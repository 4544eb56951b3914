#!/bin/bash
# First boot of the gateway: installs the packages given as arguments, if any, and has dkms build Jool's module for the
# running kernel, unless it is there.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
kernel=$(uname -r)

fail() {
  printf 'ipv6-only-lab: %s\n' "$@" >&2
  exit 1
}

apt_install() {
  apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# No published Jool compiles for a newer one yet: better to say so than to show a compiler's errors.
newest_major=6
if [ "${kernel%%.*}" -gt "$newest_major" ] && ! modinfo -k "$kernel" jool >/dev/null 2>&1; then
  fail "The kernel $kernel has no working Jool yet; the newest that has one is $newest_major.x." \
    "Use an image with such a kernel: Debian 13 (trixie) has one, Ubuntu 26.04 does not."
fi

headers_installed() { [ -e "/lib/modules/$kernel/build/Makefile" ]; }

# A list that cannot be fetched is no failure to apt unless it is told so. Nor is it one here before something is missing:
# it may be a list that nobody needs.
lists_fetched=true
if [ "$#" -gt 0 ] || ! headers_installed; then
  apt-get -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update || lists_fetched=false
fi
# Says so, where that is why something could not be installed, and the words given otherwise.
fail_to_install() {
  "$lists_fetched" || fail "The package lists could not be fetched: the uplink, its DNS or the mirror does not work."
  fail "$@"
}

# Before Jool's package, so that its installation builds the module.
if ! headers_installed && ! apt_install "linux-headers-$kernel"; then
  fail_to_install "The package archive no longer has linux-headers-$kernel, the headers of the running kernel, and without them" \
    "Jool's module cannot be built. Use a newer image (its kernel must be one that the archive still has), or" \
    "install a current kernel in this one: apt-get install linux-image-amd64, then reboot."
fi

if [ "$#" -gt 0 ]; then
  apt_install "$@" || fail_to_install "These packages could not be installed: $*"
fi

if ! modinfo -k "$kernel" jool >/dev/null 2>&1; then
  # The package adds its source to dkms only where it may build at once, so this does not count on it. (Names, not
  # autoinstall: that one passes over what is not added.)
  for source in /usr/src/jool-*/; do
    version=${source#/usr/src/jool-}
    # Without debug information, which nobody reads here.
    KCFLAGS=-g0 dkms install "jool/${version%/}" -k "$kernel" || true
  done
  depmod "$kernel"
fi
if ! modinfo -k "$kernel" jool >/dev/null 2>&1; then
  printf '%s\n' "dkms status:" "$(dkms status)" >&2
  find /var/lib/dkms/jool -name make.log -exec tail -n 20 {} + >&2 || true
  fail "dkms did not build Jool's module for the kernel $kernel; the lines above say why." \
    "Use an image whose kernel this Jool supports: Debian 13 (trixie) does."
fi
