"""``kvmpmu lab picture TOPOLOGY``: draw its CPUs, and the PMU that covers each."""

from __future__ import annotations

import argparse
from typing import Any

from ...data import picture, topology
from . import arguments


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "picture",
        help="draw a topology",
        description="Draw a topology: a column for each CPU, a row for each PMU in probe order.",
    )
    arguments.add_topology(parser)
    parser.add_argument("--svg", action="store_true", help="print an SVG document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    host = topology.load(args.topology)
    text = picture.svg(host) if args.svg else "".join(f"{line}\n" for line in picture.lines(host))
    print(text, end="")
    return 0
