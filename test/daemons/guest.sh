#!/bin/bash
# Boots the guest image's own systemd in namespaces of its own: real daemons under their real units, without a virtual
# machine and without touching the image. Run in new mount, PID, network, IPC, UTS and cgroup namespaces:
#
#   guest.sh DISK FOLDER
#
# The network: `lan` (the far end is in the namespace called client), `uplink` with 10.0.2.15, its far end 10.0.2.3.
set -euo pipefail
disk=$1 folder=$2

mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder"/{image,upper,work,root}
mount -o loop,ro,noload "$disk" "$folder/image"
mount -t overlay overlay -o "lowerdir=$folder/image,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
cd "$folder/root"

mount -t proc proc proc
# Read-only, so that udev leaves this machine's devices alone.
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
for node in null zero full random urandom tty; do
  touch "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done

# Without udev no device unit ever appears.
mkdir -p etc/systemd/system.conf.d run/cloud-init
printf '[Manager]\nDefaultDeviceTimeoutSec=1s\n' >etc/systemd/system.conf.d/test.conf
# There are no modules for this machine's kernel; and where several ask for the same one at once, systemd may lose a start.
ln -s /dev/null etc/systemd/system/modprobe@.service
# A first boot that ended well.
printf '{"v1": {"datasource": null, "errors": []}}\n' >run/cloud-init/result.json

# It is one for all network namespaces, and only the first one may set it.
modprobe --quiet nf_conntrack 2>/dev/null || true
echo 4096 >run/nf_conntrack_max
mount --bind run/nf_conntrack_max proc/sys/net/netfilter/nf_conntrack_max

pivot_root . mnt
cd /
umount -l /mnt
mount --make-rshared /

ip link set lo up
ip netns add client
ip link add lan type veth peer name lan netns client
ip link add uplink type veth peer name uplink-far
for name in lan uplink uplink-far; do ip link set "$name" up; done
ip -n client link set lo up
ip -n client link set lan up
ip address add 10.0.2.15/24 dev uplink
ip address add 10.0.2.3/24 dev uplink-far

# As netplan has it.
mkdir -p etc/systemd/network
printf '[Match]\nName=lan\n[Network]\nLinkLocalAddressing=ipv6\nIPv6AcceptRA=no\n' >etc/systemd/network/10-netplan-lan.network

exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd systemd.unit=basic.target systemd.wants=systemd-networkd.service
