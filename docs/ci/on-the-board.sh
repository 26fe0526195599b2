#!/bin/sh
# What runs on the machine whose kernel is tested: the specs on its own /dev/kvm.
#
# usage: on-the-board.sh [FOLDER]     results go there (default: results)
#
# Needs pytest-kvmpmu for that machine's python3; the user must be able to open /dev/kvm.
# The exit status is pytest's: 0 passed, 1 a spec failed, 4 no usable kernel.
set -eu
folder=${1:-results}
mkdir -p "$folder"
exec python3 -m pytest --pyargs pytest_kvmpmu.conformance \
    -p no:cacheprovider \
    --kvmpmu-backend=real \
    --kvmpmu-record="$folder/calls.jsonl.gz" \
    --junitxml="$folder/junit.xml"
