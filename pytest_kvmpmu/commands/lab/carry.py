"""``kvmpmu lab export`` and ``kvmpmu lab import``: a prepared lab as a file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ... import lab
from ...data import topology
from ...errors import UsageProblem
from ...lab.progress import to_stderr
from ...lab.start import check_board
from . import arguments


def add_parser(actions: Any) -> None:
    """Declare both actions."""
    export = actions.add_parser(
        "export",
        help="write a prepared lab to a file, for hosts without a Debian mirror",
        description="Write kernels, user space and compiled bytecode to a file that "
        "`kvmpmu lab import` reads on another host. Snapshots are not exported: each works with "
        "one QEMU only, and the other host makes its own in one boot.",
    )
    export.add_argument("file", type=Path, metavar="FILE", help="the file to write (a .tar.gz)")
    export.add_argument(
        "lines",
        nargs="*",
        metavar="LINE",
        help="kernel lines, prepared first if needed (default: all prepared lines)",
    )
    export.add_argument(
        "--topology",
        default=arguments.DEFAULT_BOARD,
        metavar="NAME|FILE",
        help=f"the board on which each line is tried first (default: {arguments.DEFAULT_BOARD})",
    )
    arguments.add_cpu(export)
    export.set_defaults(run=run_export)

    import_ = actions.add_parser(
        "import",
        help="copy a prepared lab from a file into the cache",
        description="Copy a lab that `kvmpmu lab export` wrote into the cache. Needs no mirror, "
        "no apt and no network.",
    )
    import_.add_argument("file", type=Path, metavar="FILE", help="the file to read")
    import_.add_argument(
        "--topology",
        action="append",
        default=[],
        metavar="NAME|FILE",
        help="also boot each line on this board, and keep the snapshot; may be repeated",
    )
    arguments.add_cpu(import_)
    import_.set_defaults(run=run_import)
    for parser in (export, import_):
        arguments.add_cache_dir(parser)


def run_export(args: argparse.Namespace) -> int:
    """Export; returns 0.  Raises `UsageProblem` or `lab.LabFailure`."""
    from ...lab.carry import transfer

    for name in args.lines:
        lab.check_line(name)
    host = topology.load(args.topology)
    transfer.export(args.file, args.lines, host, cache_dir=args.cache_dir, cpu=args.cpu)
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Import; returns 0.  Raises `UsageProblem` or `lab.LabFailure`."""
    from ...lab.carry import transfer

    if args.cpu and not args.topology:
        raise UsageProblem(
            f"--cpu {args.cpu} has no effect on an import that boots nothing",
            "Name the board to boot with --topology",
        )
    hosts = [topology.load(name) for name in args.topology]
    for host in hosts:
        check_board(host, lab.core_of(host, cpu=args.cpu))
    names = transfer.import_(args.file, cache_dir=args.cache_dir)
    for host in hosts:
        for name in names:
            lab.start(name, host, cache_dir=args.cache_dir, cpu=args.cpu).close()
            to_stderr(f"{name} on {host.name} answers")
    return 0
