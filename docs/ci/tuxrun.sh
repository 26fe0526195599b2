#!/bin/sh
# tuxrun: boots an Image in QEMU at EL2, with a root file system of yours, and runs the specs in it.
#
# usage: tuxrun.sh IMAGE ROOTFS     ROOTFS has Python 3.10 or newer
#
# QEMU's own device tree has one PMU: of SET_PMU this shows what one PMU can show.  For two, use
# the lab: --kvmpmu-target=lab:IMAGE.
set -eu
here=$(dirname "$0")
rm -rf overlay
python3 -m pip install --quiet --target overlay/opt/kvmpmu pytest-kvmpmu
cp "$here/on-the-board.sh" overlay/opt/kvmpmu/
tar -C overlay -czf overlay.tar.gz .
exec tuxrun --device qemu-arm64 --kernel "$1" --rootfs "$2" \
    --overlay "$PWD/overlay.tar.gz" \
    --results results.json \
    -- PYTHONPATH=/opt/kvmpmu sh /opt/kvmpmu/on-the-board.sh /tmp/results
