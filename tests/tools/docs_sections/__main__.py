"""Print which clauses name a section that the documentation lacks; exit 1 if any does."""

from __future__ import annotations

import argparse
import sys

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.spec.catalogue import clauses

from .headings import missing
from .packages import documentation


def _progress(text: str) -> None:
    print(f"sections: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Status 0: nothing is missing; 1: a section is, or the lab failed; 4: the host can't do it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.docs_sections", description=__doc__
    )
    parser.add_argument("--fresh", action="store_true", help="ask the mirror for newer packages")
    args = parser.parse_args()
    try:
        kept = list(documentation(_progress, args.fresh))
    except UsageProblem as problem:
        print(f"sections: error: {problem}", file=sys.stderr)
        return 4
    except LabFailure as failure:
        print(f"sections: {failure}", file=sys.stderr)
        return 1
    found = missing(clauses().values(), kept)
    for line in found:
        print(line)
    releases = ", ".join(docs.release for docs in kept)
    print(f"{len(clauses())} clauses, documentation of {releases}: {len(found)} missing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
