"""``kvmpmu lab list``: the kernel lines, and which parts of the lab are prepared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ... import lab
from ...lab.progress import megabytes, to_stderr
from ...lab.store import inventory
from ...lab.store.cache import Cache
from . import arguments, boards

_HEAD = ("line", "kernel", "size", "boards ready to resume")


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "list",
        help="list the kernel lines and what is prepared of each",
        description="Print the kernel lines, the kernel fetched for each, and the boards that "
        "have a usable snapshot, with their sizes.",
    )
    parser.add_argument(
        "--mirror",
        action="store_true",
        help="show what the mirror offers now; fetches its package lists",
    )
    parser.add_argument(
        "--boards",
        action="store_true",
        help="show the boards instead: their CPUs, PMUs and vGICs, and what the kernel of each "
        "snapshot reported",
    )
    arguments.add_cache_dir(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    cache = Cache(args.cache_dir)
    shelves = inventory.shelves(cache)
    if args.boards:
        return _boards(shelves)
    rows = [_row(shelf) for shelf in shelves]
    head: tuple[str, ...] = _HEAD
    if args.mirror:
        head = (*head[:2], "mirror", *head[2:])
        offers = _offers(cache, shelves)
        rows = [(*row[:2], offer, *row[2:]) for row, offer in zip(rows, offers, strict=True)]
    for line in _aligned([head, *rows]):
        print(line)
    old = [one for shelf in shelves for one in shelf.snapshots if not one.current]
    print()
    print(f"{cache.root}: {megabytes(inventory.size(cache.root) if cache.root.is_dir() else 0)}")
    if old:
        print(
            f"out of date: {len(old)} snapshots, {megabytes(sum(one.bytes for one in old))};"
            " `kvmpmu lab clean` removes them"
        )
    if not args.mirror:
        print("`kvmpmu lab list --mirror` shows what the mirror offers now")
    return 0


def _boards(shelves: Sequence[inventory.Shelf]) -> int:
    current = [one for shelf in shelves for one in shelf.snapshots if one.current]
    tables = [[boards.KNOWN, *boards.known()], [boards.REPORTED, *boards.reported(current)]]
    for line in _aligned(tables[0]):
        print(line)
    print()
    if len(tables[1]) == 1:
        print("no snapshot has been made; `kvmpmu lab setup` makes those of two boards")
        return 0
    for line in _aligned(tables[1]):
        print(line)
    return 0


def _row(shelf: inventory.Shelf) -> tuple[str, ...]:
    ready = [f"{_board(one)} ({megabytes(one.bytes)})" for one in shelf.snapshots if one.current]
    kernel = shelf.release or "not fetched"
    return (
        shelf.line,
        kernel,
        megabytes(shelf.bytes) if shelf.bytes else "-",
        ", ".join(ready) or "-",
    )


def _board(snapshot: inventory.Snapshot) -> str:
    if snapshot.cpu == lab.cpus.DEFAULT:
        return snapshot.board
    return f"{snapshot.board} with {snapshot.cpu}"


def _offers(cache: Cache, shelves: Sequence[inventory.Shelf]) -> list[str]:
    """What the mirror offers for each line."""
    from ...lab.store.stock import Stock

    stock = Stock(cache, to_stderr)
    offers = []
    for shelf in shelves:
        if shelf.line not in lab.line_names():
            offers.append("-")
            continue
        deb = stock.offered(lab.check_line(shelf.line))
        if deb is None:
            offers.append("none")
        elif f"{deb.name} {deb.version}" == shelf.package:
            offers.append("the same")
        else:
            offers.append(deb.version)
    return offers


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
