#!/bin/sh
# Turns a fresh Debian root file system into the lab's guest: one image for gateways and clients, quick to boot under
# software emulation, with every service of the gateway installed but not enabled (the bundle that is laid down over
# SSH enables what a plan wants). Run by mmdebstrap as its customize hook.
#
#   customize.sh ROOT
set -eu
root=$1
files=$(dirname "$0")/files

version=$(basename "$(echo "$root"/usr/lib/modules/*)")
modules=$root/usr/lib/modules/$version

# The files of the guest that are ours: cloud-init's trimmed configuration, sshd, journald, netplan's order.
(cd "$files" && find . -type f) | while read -r file; do
  mode=0644
  if [ -x "$files/$file" ]; then mode=0755; fi
  install -D -m "$mode" "$files/$file" "$root/$file"
done

# Secrets and identities belong to a machine, not to an image.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed" "$root/etc/hostname"
: >"$root/etc/fstab"

# Services of the gateway wait for their configuration; jool_siit is never used.
chroot "$root" systemctl --quiet disable jool.service jool_siit.service kea-dhcp6-server.service radvd.service \
  unbound.service
chroot "$root" systemctl --quiet mask jool_siit.service unbound-resolvconf.service

# What a throw-away guest does not need costs seconds at each boot under emulation.
chroot "$root" systemctl --quiet mask \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer systemd-tmpfiles-clean.timer \
  e2scrub_all.timer e2scrub_reap.service \
  cloud-init-hotplugd.socket sshd-keygen.service netplan-ovs-cleanup.service \
  systemd-networkd-wait-online.service systemd-networkd-persistent-storage.service \
  getty.target getty-static.service serial-getty@ttyS0.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-binfmt.service \
  proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount dev-hugepages.mount dev-mqueue.mount \
  sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount tmp.mount run-lock.mount \
  kmod-static-nodes.service systemd-remount-fs.service \
  systemd-network-generator.service systemd-udev-load-credentials.service \
  systemd-battery-check.service systemd-firstboot.service systemd-hibernate-clear.service \
  systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-journal-flush.service \
  systemd-pstore.service systemd-random-seed.service systemd-sysusers.service systemd-update-done.service \
  systemd-update-utmp.service systemd-rfkill.service ldconfig.service keyboard-setup.service console-setup.service \
  systemd-tpm2-setup-early.service systemd-tpm2-setup.service systemd-pcrmachine.service \
  systemd-pcrphase-sysinit.service systemd-pcrphase.service \
  systemd-creds.socket systemd-hostnamed.socket systemd-initctl.socket systemd-pcrextend.socket \
  systemd-pcrlock.socket systemd-sysext.socket 2>/dev/null
chroot "$root" systemctl --quiet enable systemd-networkd.service systemd-resolved.service ssh.service

# Generators are processes at each boot; cloud-init is wanted always, so its detection is not asked.
mkdir -p "$root/etc/systemd/system-generators" "$root/etc/systemd/system/multi-user.target.wants"
for generator in cloud-init-generator systemd-gpt-auto-generator systemd-getty-generator systemd-ssh-generator \
  systemd-sysv-generator systemd-tpm2-generator systemd-hibernate-resume-generator systemd-rc-local-generator \
  systemd-system-update-generator; do
  ln -sf /dev/null "$root/etc/systemd/system-generators/$generator"
done
ln -sf /usr/lib/systemd/system/cloud-init.target "$root/etc/systemd/system/multi-user.target.wants/cloud-init.target"
# logind is started by who asks for it (`systemctl reboot` does), not at each boot.
ln -sf /dev/null "$root/etc/systemd/system/multi-user.target.wants/systemd-logind.service"

chroot "$root" systemctl --quiet set-default multi-user.target

# cloud-init asks netplan twice; its command is Python, which takes a second and more to start. The answer to the one
# question does not change, and the other is answered by netplan's own generator, a small program.
mkdir -p "$root/usr/local/share/netplan"
chroot "$root" /usr/sbin/netplan info --yaml >"$root/usr/local/share/netplan/info.yaml"

# No news of the day at each login.
sed -i -e '/pam_motd/s/^/#/' -e '/pam_mail/s/^/#/' "$root/etc/pam.d/sshd"

# Conditions of "the system was updated" units: done here, once.
touch "$root/etc/.updated" "$root/var/.updated"

# Written by prepare.sh so that dkms leaves the module to the gateway.
rm -f "$root/etc/dkms/no-autoinstall"

# xz takes long in an emulated CPU: the modules that the guests load are stored plain.
find "$modules/kernel/net" "$modules/kernel/crypto" "$modules/kernel/lib" "$modules/kernel/fs/fat" \
  "$modules/kernel/fs/nls" "$modules/kernel/fs/isofs" "$modules/kernel/drivers/net" \
  "$modules/kernel/drivers/char/hw_random" "$modules/kernel/drivers/virtio" "$modules/kernel/arch" \
  "$modules/updates" -name '*.ko.xz' -print0 | xargs -0 -r -P 2 -n 64 xz -d
chroot "$root" depmod "$version"
