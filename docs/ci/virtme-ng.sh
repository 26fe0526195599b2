#!/bin/sh
# virtme-ng: boots an arm64 kernel in QEMU at EL2 on an arm64 chroot, and runs the specs in it.
#
# usage: virtme-ng.sh KERNEL CHROOT
#
# KERNEL needs 9p, virtio and overlayfs built in, as `vng --build --arch arm64` makes it; or it is
# CHROOT/boot/vmlinuz-RELEASE of a distribution, with its modules and busybox in CHROOT.
# CHROOT needs Python 3.10 or newer with pytest-kvmpmu, udev, and the poweroff of an init.
#
# QEMU's own device tree has one PMU, so the specs that need two are skipped.  For two PMUs use
# the lab: --kvmpmu-target=lab:KERNEL.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p results
# Mount points are below /run, because the root of the guest is read-only.
exec vng --run "$1" --arch arm64 --root "$2" --user root \
    --disable-kvm --cpus 4 --memory 2G \
    --qemu-opts="-machine virtualization=on,gic-version=3 -cpu cortex-a57" \
    --rwdir "/run/results=$PWD/results" --rodir "/run/ci=$here" \
    --exec "sh /run/ci/on-the-board.sh /run/results"
