"""``kvmpmu clauses``: print the catalogue or a selection of it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence

from ..data.revision import Revision, detect
from ..errors import UsageProblem
from ..extensions import installed
from ..spec import listing, page
from ..spec.catalogue import Clause, clauses, include, unspecified


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "clauses",
        help="print the catalogue of clauses",
        description="Print the clauses that specs check, as a table. On a terminal the table is"
        " wrapped to its width; otherwise each clause is one line.",
    )
    parser.add_argument(
        "--kernel",
        metavar="REVISION",
        help="only clauses that hold in this revision or release, like series-v1, 5.10 or"
        " linux-6.7",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--divergent",
        action="store_true",
        help="only clauses where documentation and kernel differ, with both statements",
    )
    which.add_argument(
        "--unspecified", action="store_true", help="only clauses without a spec, with the reason"
    )
    which.add_argument(
        "--commits",
        action="store_true",
        help="only clauses that a known change began or ended, with its upstream commits",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument(
        "--markdown",
        action="store_true",
        help="print the page of the documentation, with all clauses",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the clauses that ``args`` select."""
    selected = args.divergent or args.unspecified or args.commits
    if args.markdown and (args.kernel is not None or selected):
        raise UsageProblem(
            "--markdown prints the whole page",
            "Omit --kernel, --divergent, --unspecified and --commits, or print a table or --json",
        )
    kernel = None if args.kernel is None else _revision(args.kernel)
    if not args.markdown:  # the page has only the clauses that ship
        include(installed().clauses)
    chosen = [
        found
        for found in clauses().values()
        if (kernel is None or found.holds_in(kernel))
        and (not args.divergent or found.divergent)
        and (not args.unspecified or found.slug in unspecified())
        and (not args.commits or listing.has_changes(found))
    ]
    if args.markdown:
        text = page.page(chosen, unspecified())
    elif args.json:
        text = listing.document(chosen, unspecified(), kernel.name if kernel else None) + "\n"
    else:
        text = "".join(f"{line}\n" for line in _lines(args, chosen) or ["none"])
    return _print(text)


def _revision(text: str) -> Revision:
    found = detect(text)
    if found.note:
        print(f"kvmpmu: {text}: {found.note}", file=sys.stderr)
    return found.revision


def _lines(args: argparse.Namespace, chosen: Sequence[Clause]) -> list[str]:
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    if args.divergent:
        return listing.divergences(chosen, width)
    if args.unspecified:
        return listing.gaps(chosen, unspecified(), width)
    if args.commits:
        return listing.changes(chosen, width)
    return listing.table(chosen, width)


def _print(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) closed the pipe; keep Python from complaining when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
