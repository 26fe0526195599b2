"""Try the specs on wrong kernels: ``python -m tests.tools.mutants`` (or ``tox -e mutants``)."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_kvmpmu.data.revision import REVISIONS, detect
from pytest_kvmpmu.errors import UsageProblem

from .report import report
from .run import run


def main(argv: Sequence[str] | None = None) -> int:
    """Status 0: all were noticed or are explained; 1: one was not; 4: a bad argument."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.mutants",
        description="Change the model in one place at a time, and check that a spec that"
        " cites the clause fails. Each change is tried in each revision that it touches.",
    )
    parser.add_argument(
        "revisions", nargs="*", metavar="REVISION", help="like 5.18 or series-v1 (default: all)"
    )
    parser.add_argument(
        "-n", type=int, default=os.cpu_count() or 1, help="processes at once (%(default)s)"
    )
    parser.add_argument(
        "--every", type=int, default=1, metavar="N", help="try each N-th wrong kernel (%(default)s)"
    )
    args = parser.parse_args(argv)
    try:
        wanted = [detect(name).revision for name in args.revisions] or list(REVISIONS)
    except UsageProblem as problem:
        print(f"mutants: error: {problem}", file=sys.stderr)
        return 4
    try:
        with tempfile.TemporaryDirectory() as place:
            results = run(
                wanted, args.n, Path(place), lambda text: print(text, flush=True), every=args.every
            )
    except UsageProblem as problem:
        print(f"mutants: error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mutants: interrupted", file=sys.stderr)
        return 130
    lines, good = report(results, whole=not args.revisions and args.every == 1)
    print("\n".join(lines))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
