#!/bin/sh
# Run this on the machine whose kernel is tested: the specs on its own /dev/kvm.
#
# usage: on-the-board.sh [FOLDER]     writes results to FOLDER (default: results)
#
# Needs pytest-kvmpmu for that machine's python3.  The user must be able to open /dev/kvm.
# Exit status: 0 conformant, as far as this board can show; 1 not conformant or not verified;
# 4 the kernel is unavailable.
set -eu
folder=${1:-results}
mkdir -p "$folder"
exec python3 -m pytest --pyargs pytest_kvmpmu.conformance \
    -p no:cacheprovider \
    --kvmpmu-backend=real \
    --kvmpmu-require=real,guest-run \
    --kvmpmu-gate=conformant-on-host \
    --kvmpmu-report="$folder/report.html" \
    --kvmpmu-report="$folder/report.json" \
    --kvmpmu-record="$folder/calls.jsonl.gz" \
    --junitxml="$folder/junit.xml"
