#!/bin/sh
# tuxrun: boots an arm64 kernel in QEMU at EL2, with a root file system of yours, and runs the
# specs in it.
#
# usage: tuxrun.sh IMAGE ROOTFS PYTHON
#
# ROOTFS (.ext4 or .cpio, also .gz) has Python of version PYTHON, like 3.13, and a login as root
# without password.  A distribution's Image has no disk built in: give it a .cpio.
#
# QEMU's own device tree has one PMU: of SET_PMU this shows what one PMU can show.  For two, use
# the lab: --kvmpmu-target=lab:IMAGE.
set -eu
image=$1 rootfs=$2 python=$3
here=$(dirname "$0")
rm -rf overlay
python3 -m pip install --quiet --target overlay/opt/kvmpmu --only-binary=:all: \
    --platform manylinux2014_aarch64 --python-version "$python" pytest-kvmpmu
cp "$here/on-the-board.sh" overlay/opt/kvmpmu/
tar -C overlay -czf overlay.tar.gz .
exec tuxrun --device qemu-arm64 --kernel "$image" --rootfs "$rootfs" \
    --overlay "$PWD/overlay.tar.gz" \
    --timeouts commands=60 \
    --results results.json \
    -- env PYTHONPATH=/opt/kvmpmu sh /opt/kvmpmu/on-the-board.sh /tmp/results
