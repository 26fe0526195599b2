"""``kvmpmu lab clean``: give the cache's space back."""

from __future__ import annotations

import argparse
from typing import Any

from ...lab.progress import megabytes
from ...lab.store import clean
from ...lab.store.cache import Cache
from . import arguments


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "clean",
        help="remove what the lab does not need any more",
        description="Remove kernels, snapshots and leftovers that nothing would use any more. What "
        "another run is working on stays.",
    )
    parser.add_argument("--all", action="store_true", help="also what is current: all of the cache")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    arguments.add_cache_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it, and say what went."""
    cache = Cache(args.cache_dir)
    found = clean.clean(cache, args.all, args.dry_run)
    done = "would remove" if args.dry_run else "removed"
    for one in found:
        what = "in use by another run, left" if one.held else done
        print(f"{what}: {one.place}, {megabytes(one.bytes)}")
    total = sum(one.bytes for one in found if not one.held)
    print(f"{done} {megabytes(total)} from {cache.root}")
    return 0
