"""``kvmpmu report``: reports side by side as a page, and what changed between two."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import whole_file
from ..errors import UsageProblem, unknown
from ..report import diff
from ..report.document import SCHEMA, read
from ..report.forms import PAGES
from ..report.matrix import matrix
from ..report.words import many


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "report",
        help="show reports of runs side by side, or what changed between two",
        description="Make one page of the reports that --kvmpmu-report=FILE.json wrote: clauses"
        " by kernels and boards. With --diff compare two; the exit status is then 0 where"
        " nothing is worse, 1 where a spec newly fails, 2 where one newly ends in an error, 3"
        " where one is no longer run or is skipped.",
    )
    parser.add_argument("reports", metavar="FILE.json", nargs="*", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help=f"the page: {', '.join(PAGES)}"
    )
    parser.add_argument(
        "--diff", action="store_true", help="compare two reports, the old one and the new one"
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema of a report's lines"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what ``args`` ask for."""
    if args.schema:
        print(SCHEMA.read_text(encoding="utf-8"), end="")
        return 0
    if args.diff:
        return _diff(args)
    if not args.reports or args.output is None:
        raise UsageProblem(
            "reports and the page to make of them are needed",
            "Write it like kvmpmu report A.json B.json -o matrix.html",
        )
    if args.output.suffix not in PAGES:
        raise unknown("ending of a page", args.output.suffix or args.output.name, PAGES)
    found = matrix([read(path) for path in args.reports])
    text = PAGES[args.output.suffix](found)
    whole_file.write(args.output, text, "page")
    size = f"{len(text.encode()) / 1000:,.0f} kB"
    print(f"{args.output}: {many(len(found.columns), 'run')}, {len(list(found.rows))} rows, {size}")
    return 0


def _diff(args: argparse.Namespace) -> int:
    if len(args.reports) != 2 or args.output is not None:
        raise UsageProblem(
            f"--diff compares two reports and prints, but there are {len(args.reports)}"
            + (" and -o" if args.output else ""),
            "Write it like kvmpmu report --diff OLD.json NEW.json",
        )
    old, new = (read(path) for path in args.reports)
    found = diff.changes(old, new)
    for line in diff.lines(old, new, found):
        print(line)
    return diff.exit_status(found)
