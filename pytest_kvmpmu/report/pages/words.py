"""The summary of a matrix, in words that the HTML page and Markdown share."""

from __future__ import annotations

from collections.abc import Sequence

from ..results.conclusion import Verdict
from .cell import Cell
from .matrix import Matrix

_BAD = {
    Cell.VIOLATED: "violated",
    Cell.WAIVED: "violated but waived",
    Cell.ERROR: "not verified because of an error",
    Cell.UNVERIFIED: "not verified",
}


def title(matrix: Matrix) -> str:
    """The kernels and boards tested."""
    if len(matrix.columns) == 1:
        return matrix.columns[0].name
    boards = len({column.board for column in matrix.columns})
    return f"{many(len(matrix.kernels), 'kernel')} on {many(boards, 'board')}"


def lead(matrix: Matrix) -> str:
    """The result, in a sentence or two."""
    rows = list(matrix.rows)
    clauses = sum(row.clause is not None for row in rows)
    runs = many(len(matrix.columns), "run")
    found = [
        f"{matrix.count(verdict)} {words}"
        for verdict, words in _BAD.items()
        if matrix.count(verdict)
    ]
    said = f"{many(clauses, 'clause')}, {runs}: {', '.join(found) or 'none violated'}."
    if len(matrix.columns) == 1:
        return f"Verdict: {matrix.kernels[0].verdicts.verdict.value}. {said}"
    unlike = sum(not row.alike for row in rows)
    return f"{_verdicts(matrix)}. {said} On {many(unlike, 'clause')} the runs differ."


def _verdicts(matrix: Matrix) -> str:
    """How many kernels have which verdict."""
    found = [kernel.verdicts.verdict for kernel in matrix.kernels]
    if len(set(found)) == 1:
        return f"Verdict on {'each' if len(found) > 1 else 'the'} kernel: {found[0].value}"
    counts = [f"{found.count(one)} {one.value}" for one in Verdict if one in found]
    return f"Verdicts on the kernels: {', '.join(counts)}"


def on_columns(matrix: Matrix, numbers: Sequence[int]) -> str:
    """Which columns, by kernel."""
    if len(numbers) == len(matrix.columns):
        return f"on all {len(numbers)}" if len(numbers) > 1 else f"on {matrix.columns[0].name}"
    parts = []
    for one in matrix.kernels:
        boards = [column.board for column in one.columns if column.number in numbers]
        if boards:
            whole = len(boards) == len(one.columns) > 1
            parts.append(f"{one.kernel}: {'all boards' if whole else ', '.join(boards)}")
    return "on " + "; ".join(parts)


def many(count: int, what: str) -> str:
    """``1 run``, ``2 runs``."""
    return f"{count} {what}{'' if count == 1 else 's'}"
