"""Run the specs on a model of each board with two or more core PMUs in Debian's kernel package."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.failure import LabFailure

from .boards import Board, find, specs, table
from .boot import boot
from .package import trees

KERNELS = ("6.1", "6.12", "7.3")


def _progress(text: str) -> None:
    print(f"boards: {text}", file=sys.stderr, flush=True)


def _boot(found: Sequence[Board], line: str) -> int:
    """Boot each board: 0 if the PMUs of each are those of its device tree."""
    bad = 0
    for board in found:
        differs = boot(board.host, line)
        bad += bool(differs)
        print(f"{'FAILED' if differs else 'ok'}: {board.names[0]} on {line} {differs}", flush=True)
    print(f"{len(found)} boards booted, {bad} failed")
    return 1 if bad or not found else 0


def main() -> int:
    """Status 0: all specs pass; 1: one does not, or the lab failed; 4: the host can't do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.device_trees", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="ask the mirror for a newer package")
    parser.add_argument("--list", action="store_true", help="print the boards, and run no spec")
    parser.add_argument(
        "--boot", metavar="LINE", help="boot each board in the lab, and run no spec"
    )
    parser.add_argument("kernels", nargs="*", metavar="KERNEL", default=KERNELS)
    args = parser.parse_args()
    try:
        folder = trees(_progress, args.fresh)
        found = find(folder)
    except UsageProblem as problem:
        print(f"boards: error: {problem}", file=sys.stderr)
        return 4
    except LabFailure as failure:
        print(f"boards: {failure}", file=sys.stderr)
        return 1
    print("\n".join(table(found.boards)))
    for cause in found.refused:
        print(f"not a topology: {cause}")
    taken = sum(len(board.names) for board in found.boards)
    print(
        f"{(folder / 'package').read_text()}: {found.trees} device trees;"
        f" {taken + len(found.refused)} with two or more core PMUs, {taken} are"
        f" {len(found.boards)} boards"
    )
    if args.boot:
        return _boot(found.boards, args.boot)
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        for board in () if args.list else found.boards:
            for kernel in args.kernels:
                good, counts = specs(board, kernel, Path(place))
                bad += not good
                verdict = "ok" if good else "FAILED"
                print(f"{verdict}: {board.names[0]} on {kernel}: {counts}", flush=True)
    if not args.list:
        print(f"{len(found.boards) * len(args.kernels)} runs, {bad} failed")
    return 1 if bad or not found.boards else 0


if __name__ == "__main__":
    sys.exit(main())
