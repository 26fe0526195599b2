#!/bin/sh
# tuxrun: boots an arm64 kernel in QEMU at EL2, with your root file system, and runs the specs
# in it.
#
# usage: tuxrun.sh IMAGE ROOTFS PYTHON
#
# ROOTFS (.ext4 or .cpio, also .gz) needs Python of version PYTHON, for example 3.13, and a root
# login without password.  A distribution's Image has no disk driver built in: use a .cpio.
#
# QEMU's own device tree has one PMU, so the specs that need two are skipped.  For two PMUs use
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
