#!/bin/sh
# virtme-ng: boots an Image in QEMU at EL2 on an arm64 chroot, and runs the specs in it.
#
# usage: virtme-ng.sh IMAGE CHROOT     CHROOT has Python 3.10 or newer, with pytest-kvmpmu
#
# QEMU's own device tree has one PMU: of SET_PMU this shows what one PMU can show.  For two, use
# the lab: --kvmpmu-target=lab:IMAGE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p results
exec vng --run "$1" --arch arm64 --root "$2" --user root \
    --disable-kvm --cpus 4 --memory 2G \
    --qemu-opts="-machine virtualization=on,gic-version=3 -cpu cortex-a57" \
    --rwdir "/mnt/results=$PWD/results" --rodir "/mnt/ci=$here" \
    --exec "sh /mnt/ci/on-the-board.sh /mnt/results"
