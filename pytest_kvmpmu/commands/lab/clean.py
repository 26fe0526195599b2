"""``kvmpmu lab clean``: free space in the cache."""

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
        help="remove files that the lab no longer needs",
        description="Remove kernels, snapshots and leftovers that are no longer used. Files that "
        "another run is using stay.",
    )
    parser.add_argument(
        "--all", action="store_true", help="remove current files too: all of the cache"
    )
    parser.add_argument("--dry-run", action="store_true", help="only print what would be removed")
    arguments.add_cache_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Clean, and print what was removed; returns 0."""
    cache = Cache(args.cache_dir)
    found = clean.clean(cache, args.all, args.dry_run)
    done = "would remove" if args.dry_run else "removed"
    for one in found:
        what = "in use by another run, kept" if one.held else done
        print(f"{what}: {one.place}, {megabytes(one.bytes)}")
    total = sum(one.bytes for one in found if not one.held)
    print(f"{done} {megabytes(total)} from {cache.root}")
    return 0
