"""``kvmpmu lab dts TOPOLOGY``: the device tree that a board boots with."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from ...data import topology
from ...lab import core_of, cpus
from ...lab.start import check_board
from ...lab.vm import devicetree, hardware, qemu
from . import arguments


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "dts",
        help="print the device tree of a topology",
        description="Print the source of the device tree that a lab machine of this topology "
        "boots with: QEMU's own, with the topology's PMUs.",
    )
    arguments.add_topology(parser)
    arguments.add_cpu(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    host = topology.load(args.topology)
    cpu = core_of(host, cpu=args.cpu)
    check_board(host, cpu)
    usable = qemu.check(qemu.find(hardware.oldest_qemu(host)))
    cpus.check(usable.path, cpu)
    with tempfile.TemporaryDirectory() as folder:
        dtb = devicetree.board(qemu.own_device_tree(usable, host, cpu, Path(folder)), host)
    print(devicetree.source(dtb))
    return 0
