"""``kvmpmu topology``: write the topology of a board or of this host as TOML."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..backends.real import RealBackend
from ..data import device_tree, topology_toml
from ..errors import UsageProblem
from ..settings import LOCAL
from ..support import devicetree, whole_file
from ..targets.local import LocalTarget

# Seconds for the calls that describe this host.
_TIMEOUT = 10.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "topology",
        help="write a topology from a device tree or from this host",
        description="Write a topology file: CPUs with the kernel's numbers, core PMUs in probe"
        " order, and the kinds of vGIC. What the source does not say is a comment in the file.",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("dtb", metavar="FILE.dtb", nargs="?", help="a compiled device tree")
    source.add_argument(
        "--from-host", action="store_true", help="describe this host, which needs /dev/kvm"
    )
    parser.add_argument(
        "--boot-cpu",
        metavar="N",
        type=int,
        default=0,
        help="the CPU that boots, by the place of its node below /cpus (default: 0)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write to this file, not to stdout"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the topology that ``args`` name."""
    text = _of_this_host() if args.from_host else _of_tree(Path(args.dtb), args.boot_cpu)
    if args.output is None:
        sys.stdout.write(text)
    else:
        whole_file.write(args.output, text, "topology file")
    return 0


def _of_tree(path: Path, boot: int) -> str:
    what = f"device tree {path}"
    try:
        dtb = path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{what} cannot be read: {error.strerror or error}", "Name a readable file"
        ) from error
    host = device_tree.host(devicetree.parse(dtb, what), what, boot)
    return topology_toml.text(
        host,
        (
            f"From the device tree {path.name}.",
            f"CPU numbers: if the CPU of node {boot} below /cpus boots. The tree does not say it.",
            "Perf type ids: the model's; a real kernel gives out its own.",
        ),
    )


def _of_this_host() -> str:
    backend = RealBackend(LocalTarget(), _TIMEOUT)
    try:
        return topology_toml.text(
            backend.host, (f"From a host with kernel {backend.release}, target {LOCAL}.",)
        )
    finally:
        backend.close()
