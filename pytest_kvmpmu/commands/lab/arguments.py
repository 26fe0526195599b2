"""Arguments that several actions of ``kvmpmu lab`` share."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from ... import lab
from ...data import topology
from ...data.host import Host

DEFAULT_BOARD = "rockpro64"


def add_cache_dir(parser: argparse.ArgumentParser) -> None:
    """``--cache-dir DIR``."""
    parser.add_argument("--cache-dir", type=Path, metavar="DIR", help="folder of the lab's cache")


def add_topology(parser: argparse.ArgumentParser) -> None:
    """``NAME|FILE``: the topology."""
    parser.add_argument(
        "topology", metavar="NAME|FILE", help=f"the topology: {', '.join(topology.names())}"
    )


def add_cpu(parser: argparse.ArgumentParser) -> None:
    """``--cpu CPU``."""
    parser.add_argument(
        "--cpu",
        metavar="CPU",
        help="the core to emulate, by its QEMU name, like cortex-a76, or max for VHE "
        f"(default: {lab.cpus.DEFAULT})",
    )


def add_machine(parser: argparse.ArgumentParser) -> None:
    """``LINE``, ``--topology``, ``--cpu``, ``--copy``, ``--cache-dir``: arguments of `machine`."""
    parser.add_argument(
        "line",
        metavar="LINE",
        help=f"a kernel line ({', '.join(lab.line_names())}), or the path of an arm64 Image",
    )
    parser.add_argument(
        "--topology",
        default=DEFAULT_BOARD,
        metavar="NAME|FILE",
        help=f"the board (default: {DEFAULT_BOARD})",
    )
    add_cpu(parser)
    parser.add_argument(
        "--copy",
        action="append",
        default=[],
        metavar="FILE[:DEST]",
        help="copy a file or a whole folder into the machine; DEST is relative to the home folder "
        "there, and names a folder if it ends with a slash; may be repeated",
    )
    add_cache_dir(parser)


@contextlib.contextmanager
def machine(args: argparse.Namespace, host: Host) -> Iterator[lab.Machine]:
    """The machine that the arguments of `add_machine` describe, with the files copied."""
    from ...lab.vm import guest, parcel

    lab.check_line(args.line)
    copies = [copy for text in args.copy for copy in parcel.parse(text)]
    packed = parcel.Parcel(copies) if copies else None
    try:
        vm = lab.start(args.line, host, cache_dir=args.cache_dir, parcel=packed, cpu=args.cpu)
        with vm:
            if packed is not None:
                guest.hand_over(vm, packed)
            yield vm
    finally:
        if packed is not None:
            packed.close()


def board(args: argparse.Namespace) -> Host:
    """The topology that the arguments name."""
    return topology.load(args.topology)
