"""``kvmpmu report``: reports side by side as a page, and what changed between two."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import UsageProblem, unknown
from ..extensions import installed
from ..report.pages import diff, joint
from ..report.pages.forms import PAGES
from ..report.pages.matrix import Matrix, matrix
from ..report.pages.words import many
from ..report.results.document import SCHEMA, read
from ..settings import GATES
from ..spec.catalogue import include
from ..support import whole_file


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser(
        "report",
        help="show reports of runs side by side, or what changed between two",
        description="Make one page of the reports that --kvmpmu-report=FILE.json wrote: clauses"
        " by kernels and boards. With --gate say whether each kernel is conformant on all of its"
        " boards together; the exit status is then 1 if one is not. With --diff compare two; the"
        " exit status is then 0 if nothing is worse, 1 if a spec newly fails, 2 if one newly ends"
        " in an error, 3 if one no longer runs or is now skipped.",
    )
    parser.add_argument("reports", metavar="FILE.json", nargs="*", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help=f"the page: {', '.join(PAGES)}"
    )
    parser.add_argument(
        "--gate",
        metavar="|".join(GATES),
        help="fail unless each kernel is conformant; -on-host: as far as its boards can show",
    )
    parser.add_argument(
        "--diff", action="store_true", help="compare two reports, the old one and the new one"
    )
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema of a report's lines"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the schema, compare two reports, or write the page and check the gate."""
    if args.schema:
        print(SCHEMA.read_text(encoding="utf-8"), end="")
        return 0
    if args.diff:
        return _diff(args)
    if not args.reports or (args.output is None and args.gate is None):
        raise UsageProblem(
            "kvmpmu report needs reports, and a page to write or a gate to check",
            "Write it like kvmpmu report A.json B.json -o matrix.html",
        )
    if args.output is not None and args.output.suffix not in PAGES:
        raise unknown("ending of a page", args.output.suffix or args.output.name, PAGES)
    if args.gate is not None:
        joint.check(args.gate)
    include(installed().clauses)
    found = matrix([read(path) for path in args.reports])
    if args.output is not None:
        _page(found, args.output)
    return 0 if args.gate is None else _gate(found, args.gate)


def _page(found: Matrix, path: Path) -> None:
    text = PAGES[path.suffix](found)
    whole_file.write(path, text, "page")
    size = f"{len(text.encode()) / 1000:,.0f} kB"
    print(f"{path}: {many(len(found.columns), 'run')}, {len(list(found.rows))} rows, {size}")


def _gate(found: Matrix, gate: str) -> int:
    for line in joint.lines(found):
        print(line)
    failures = joint.failures(found, gate)
    for line in failures or [f"--gate={gate} is met"]:
        print(line)
    return 1 if failures else 0


def _diff(args: argparse.Namespace) -> int:
    more = [" and -o"] * (args.output is not None) + [" and --gate"] * (args.gate is not None)
    if len(args.reports) != 2 or more:
        raise UsageProblem(
            f"--diff compares two reports and prints, but there are {len(args.reports)}"
            + "".join(more),
            "Write it like kvmpmu report --diff OLD.json NEW.json",
        )
    old, new = (read(path) for path in args.reports)
    found = diff.changes(old, new)
    for line in diff.lines(old, new, found):
        print(line)
    return diff.exit_status(found)
