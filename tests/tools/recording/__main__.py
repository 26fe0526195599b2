"""Make the lab's recordings again: ``python -m tests.tools.recording [LINE ...]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytest_kvmpmu.errors import UsageProblem

from .traces import BOARDS, remake, wanted


def main(argv: Sequence[str] | None = None) -> int:
    """0 where all were made, 1 where one failed, 4 for a bad argument."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.recording",
        description="Run all specs on the lab's kernels and boards, and keep what they said under"
        " fixtures/traces. What an interrupted run has made is not made again.",
    )
    parser.add_argument("lines", nargs="*", metavar="LINE", help="kernel lines (default: all)")
    parser.add_argument(
        "--topology",
        action="append",
        default=[],
        metavar="NAME",
        help=f"a board; may be given again (default: {', '.join(BOARDS)})",
    )
    parser.add_argument(
        "--again", action="store_true", help="also what an interrupted run has made"
    )
    args = parser.parse_args(argv)
    try:
        traces = wanted(args.lines, args.topology)
    except UsageProblem as problem:
        print(f"recording: error: {problem}", file=sys.stderr)
        return 4
    try:
        return 0 if remake(traces, lambda text: print(text, flush=True), again=args.again) else 1
    except KeyboardInterrupt:
        print("recording: interrupted; run it again to go on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
