#!/bin/sh
# Turns a fresh Debian root file system into the lab's guest: one image for gateways and clients. A guest stands for a
# user's machine, so what runs in it is what Debian starts by itself; units.txt holds the differences, each with its reason.
# Run by mmdebstrap as its customize hook.
#
#   customize.sh ROOT
set -eu
root=$1
here=$(dirname "$0")

version=$(basename "$(echo "$root"/usr/lib/modules/*)")
modules=$root/usr/lib/modules/$version

# The files of the guest that are ours: cloud-init's modules, sshd, what waits for a machine's personality.
(cd "$here/files" && find . -type f) | while read -r file; do
  mode=0644
  if [ -x "$here/files/$file" ]; then mode=0755; fi
  install -D -m "$mode" "$here/files/$file" "$root/$file"
done

while read -r state unit _; do
  case $state in
    enabled) chroot "$root" systemctl --quiet enable "$unit" ;;
    disabled) chroot "$root" systemctl --quiet disable "$unit" ;;
    masked) chroot "$root" systemctl --quiet mask "$unit" ;;
  esac
done <"$here/units.txt"
chroot "$root" systemctl --quiet set-default multi-user.target

# Who logs in, without a key or a password: cloud-init brings those. That the user is there before, and lingers
# (loginctl(1)), lets a template have the user's service manager running.
chroot "$root" useradd --create-home --shell /bin/bash lab
install -D -m 0644 /dev/null "$root/var/lib/systemd/linger/lab"

# Secrets and identities belong to a machine, not to an image.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed" "$root/etc/hostname"
: >"$root/etc/fstab"

# cloud-init asks netplan twice; its command is Python, which takes a second and more to start. The answer to the one
# question does not change, and the other is answered by netplan's own generator, a small program.
mkdir -p "$root/usr/local/share/netplan"
chroot "$root" /usr/sbin/netplan info --yaml >"$root/usr/local/share/netplan/info.yaml"

# Conditions of "the system was updated" units: done here, once.
touch "$root/etc/.updated" "$root/var/.updated"

# Written by prepare.sh so that dkms leaves the module to the gateway.
rm -f "$root/etc/dkms/no-autoinstall"

# xz takes long in an emulated CPU: the modules that the guests load are stored plain.
find "$modules/kernel/net" "$modules/kernel/crypto" "$modules/kernel/lib" "$modules/kernel/fs/fat" \
  "$modules/kernel/fs/nls" "$modules/kernel/fs/isofs" "$modules/kernel/drivers/net" "$modules/kernel/drivers/block" \
  "$modules/kernel/drivers/char/hw_random" "$modules/kernel/drivers/virtio" "$modules/kernel/arch" \
  "$modules/updates" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -d
chroot "$root" depmod "$version"

# Compiled here, in a second, instead of for a minute at an emulated first boot. A kernel with other features compiles
# anew.
install -m 0600 "$here/apparmor.features" "$root/apparmor.features"
chroot "$root" apparmor_parser --quiet --skip-kernel-load --write-cache --cache-loc=/var/cache/apparmor \
  --kernel-features=/apparmor.features /etc/apparmor.d
rm "$root/apparmor.features"

# The kernel has everything built in but the disk's driver.
initrd=$(mktemp -d "$root/initrd.XXXXXX")
install -D -m 0755 "$here/initrd.sh" "$initrd/init"
install -D -m 0755 "$root/usr/bin/busybox" "$initrd/bin/busybox"
install -D -m 0644 "$modules/kernel/drivers/block/virtio_blk.ko" "$initrd/virtio_blk.ko"
mkdir "$initrd/dev" "$initrd/proc" "$initrd/sys" "$initrd/root"
chroot "$root" sh -c "cd /${initrd##*/} && find . | cpio --quiet --create --format=newc" >"$root/boot/initrd.lab"
rm -r "$initrd"
