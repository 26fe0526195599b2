"""The story table: what specs observed, in rows and columns at the end of the run."""

from __future__ import annotations

from collections.abc import Iterable

PROPERTY = "kvmpmu_story"


class StoryFixture:
    """Records one cell of the table; it travels with the test's report."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def __call__(self, row: str, column: str, text: str) -> None:
        self._properties.append((PROPERTY, f"{row} | {column} | {text}"))


def table(cells: Iterable[str]) -> list[str]:
    """The lines of the table that ``ROW | COLUMN | TEXT`` cells make, rows and columns sorted."""
    parsed = [tuple(cell.split(" | ", 2)) for cell in cells]
    rows = sorted({row for row, _, _ in parsed})
    columns = sorted({column for _, column, _ in parsed})
    text = {(row, column): said for row, column, said in parsed}
    grid = [["", *columns]]
    grid += [[row, *(text.get((row, column), "-") for column in columns)] for row in rows]
    widths = [max(len(line[n]) for line in grid) for n in range(len(columns) + 1)]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) for line in grid
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return [line.rstrip() for line in lines]
