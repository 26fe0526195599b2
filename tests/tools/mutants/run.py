"""Runs of the plugin: each revision on the first board, then what is open on the others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support.resources import PACKAGE, conformance_dir

from .explained import explained
from .lists import of_lists
from .results import VERDICTS, Result, load, save
from .wrong import Wrong

FIRST = "rockpro64"
# Then boards with the other kinds of vGIC, and those with the most specs of their own.
NEXT = ("hikey960", "rockpro64-both", "no-vgic", "protected", "nested", "uncovered-cpu", "no-pmu")
ROOT = PACKAGE.parent

Results = dict[Revision, dict[Wrong, Result]]
Say = Callable[[str], None]


def run(
    wanted: Sequence[Revision], processes: int, place: Path, say: Say, *, every: int = 1
) -> Results:
    """All results, by revision; of each ``every``-th wrong kernel.

    Raises `UsageProblem` if a run of the plugin ends early.
    """
    results: Results = {revision: {} for revision in wanted}

    reasons = explained()

    def open_in(revision: Revision) -> list[Result]:
        """What another board may still distinguish from the model."""
        return [
            r
            for r in results[revision].values()
            if not r.good and not any(reason.tells_of(str(r.wrong)) for reason in reasons)
        ]

    def on(board: str, revision: Revision) -> None:
        before = open_in(revision)
        if board != FIRST and not before and not any(of_lists(revision, topology.load(board))):
            return
        found = _plugin(board, revision, None if board == FIRST else before, place, every)
        for result in found:
            results[revision][result.wrong] = _better(results[revision].get(result.wrong), result)
        left = len(open_in(revision))
        say(f"{revision} on {board}: {len(found)} tried, {left} neither noticed nor explained")

    def on_all(revision: Revision) -> None:
        for board in boards:
            on(board, revision)

    early = (FIRST, *NEXT)
    boards = [*early, *(name for name in topology.names() if name not in early)]
    with ThreadPoolExecutor(processes) as pool:
        # A revision's boards run one after the other: each gets what the one before left open.
        for done in [pool.submit(on_all, revision) for revision in wanted]:
            done.result()
    return results


def _better(old: Result | None, new: Result) -> Result:
    """Noticed on one board means noticed."""
    found = [new] if old is None else [old, new]
    return min(found, key=lambda result: VERDICTS.index(result.verdict))


def _plugin(
    board: str, revision: Revision, again: list[Result] | None, place: Path, every: int
) -> list[Result]:
    before, after = (place / f"{revision}-{board}.{end}" for end in ("in", "out"))
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "tests.tools.mutants.plugin"),
        *("-p", "no:cacheprovider", "--tb=native", str(conformance_dir())),
        f"--kvmpmu-kernel={revision}",
        f"--kvmpmu-topology={board}",
        f"--mutants-out={after}",
        f"--mutants-every={every}",
    ]
    if again is not None:
        save(before, again)
        command.append(f"--mutants-in={before}")
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not after.exists():
        raise UsageProblem(
            f"the run on {revision}, {board} ended with {done.returncode}",
            f"It said:\n{done.stdout[-3000:]}{done.stderr[-3000:]}",
        )
    return load(after)
