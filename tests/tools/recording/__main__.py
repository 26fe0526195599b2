"""Remake the lab's recordings: ``python -m tests.tools.recording [LINE ...]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem

from .traces import remake, report, wanted


def main(argv: Sequence[str] | None = None) -> int:
    """0 if all were made, 1 if one failed, 4 for a bad argument."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.recording",
        description="Run all specs on the lab's kernels and boards, and save their recordings under"
        " fixtures/traces. Recordings that an interrupted run left are not made again. The end of"
        " the output lists the recordings that are still missing.",
    )
    parser.add_argument(
        "lines", nargs="*", metavar="LINE", help="kernel lines (default: the usual ones)"
    )
    parser.add_argument(
        "--topology",
        action="append",
        default=[],
        metavar="NAME",
        help="a board; may be repeated (default: those of the usual kind, of "
        f"{', '.join(topology.lab_names())})",
    )
    parser.add_argument(
        "--again", action="store_true", help="remake those of an interrupted run too"
    )
    parser.add_argument(
        "--missing", action="store_true", help="list the missing recordings, and make none"
    )
    args = parser.parse_args(argv)

    def say(text: str) -> None:
        print(text, flush=True)

    if args.missing:
        report(say)
        return 0
    try:
        traces = wanted(args.lines, args.topology)
    except UsageProblem as problem:
        print(f"recording: error: {problem}", file=sys.stderr)
        return 4
    try:
        return 0 if remake(traces, say, again=args.again) else 1
    except KeyboardInterrupt:
        print("recording: interrupted; run it again to continue", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
