#!/bin/busybox sh
# shellcheck shell=dash
# The first program of a guest: loads the disk's driver and hands over to the system on the disk.
export PATH=/bin
busybox mount -t devtmpfs dev /dev
busybox insmod /virtio_blk.ko
busybox mount -t ext4 -o rw /dev/vda /root || exec busybox sh
busybox umount /dev
exec busybox switch_root /root /sbin/init "$@"
