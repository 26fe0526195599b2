"""The table ``hosts.toml``: which kinds of host there are, and the run of the specs on each.

Not for: the board on which every line runs (`tests.tools.lines`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..lines.runs import SpecRun

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).with_name("hosts.toml")


@dataclass(frozen=True)
class HostRow:
    """A row: see the comments of the table."""

    board: str
    lines: tuple[str, ...] = ()
    cpu: Mapping[str, str] = field(default_factory=dict)
    model: bool = False
    not_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostTable:
    """The lines that every board runs on, the model's kernel for each, and the rows."""

    lines: tuple[str, ...]
    kernels: Mapping[str, str]
    rows: tuple[HostRow, ...]

    def lines_of(self, row: HostRow) -> tuple[str, ...]:
        """The lines on which the row's board runs."""
        return row.lines or tuple(line for line in self.lines if line not in row.not_on)

    def runs(self) -> Iterator[SpecRun]:
        """The runs, one board after the other."""
        for row in self.rows:
            for line in self.lines_of(row):
                yield self._run(row, line)

    def _run(self, row: HostRow, line: str) -> SpecRun:
        common = ("-n", "2", f"--kvmpmu-topology={row.board}")
        if row.model:
            kernel = self.kernels[line]
            options = ("--kvmpmu-backend=model", f"--kvmpmu-kernel={kernel}")
            return SpecRun(f"the model of {kernel} on {row.board}", (*common, *options))
        real = ("--kvmpmu-backend=real", f"--kvmpmu-target=lab:{line}")
        if line in row.cpu:
            cpu = row.cpu[line]
            what = f"{line} on {row.board} with {cpu}"
            return SpecRun(what, (*common, *real, f"--kvmpmu-lab-cpu={cpu}"))
        return SpecRun(f"{line} on {row.board}", (*common, *real))


def read() -> HostTable:
    """The table."""
    with TABLE.open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)
    rows = ({**row, "lines": tuple(row.get("lines", ()))} for row in table["host"])
    return HostTable(tuple(table["lines"]), table["kernels"], tuple(HostRow(**row) for row in rows))
