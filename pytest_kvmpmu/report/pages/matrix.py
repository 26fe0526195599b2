"""Reports side by side: clauses by kernels and boards, with the evidence behind each cell.

Not for: how that is shown (`html`, `markdown`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from ...errors import UsageProblem
from ...spec.catalogue import REASONS, Clause, clauses, unspecified
from ..results.document import Report
from ..results.result import SpecResult
from ..verdict.judge import Because, ClauseVerdict, Verdicts, join, judge, on_clauses
from .cell import Cell, of_clause, of_result, worst
from .evidence import Evidence, evidence


@dataclass(frozen=True)
class Column:
    """One report, and its place from 0."""

    number: int
    report: Report
    counts: Mapping[Cell, int]

    @property
    def kernel(self) -> str:
        return self.report.run.kernel

    @property
    def backend(self) -> str:
        return self.report.run.on.backend

    @property
    def board(self) -> str:
        return self.report.run.board

    @property
    def name(self) -> str:
        """Kernel and board."""
        return f"{self.kernel} on {self.board}"

    @functools.cached_property
    def verdicts(self) -> Verdicts:
        """What the run says about its kernel."""
        return judged(self.report)

    @property
    def partial(self) -> str:
        return self.report.partial


@dataclass(frozen=True)
class Kernel:
    """A kernel, the runs on it, and what these say about it together.

    Runs on different backends are kept apart: what the model does says nothing about a kernel of
    that name.
    """

    kernel: str
    backend: str
    columns: tuple[Column, ...]

    @property
    def boards(self) -> str:
        """By name."""
        return ", ".join(column.board for column in self.columns)

    @functools.cached_property
    def verdicts(self) -> Verdicts:
        """Of all its boards."""
        return join([column.verdicts for column in self.columns])


@dataclass(frozen=True)
class Row:
    """A clause: its verdict in each column, and the specs that cite it.

    ``clause`` is None for specs that cite no clause, and for clauses unknown to this version.
    ``gaps``: why not all of its specs ran, with the columns where this is so.
    """

    slug: str
    clause: Clause | None
    cells: tuple[Cell, ...]
    evidence: tuple[Evidence, ...]
    why_none: str = ""
    gaps: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def verdict(self) -> Cell:
        """The worst of its cells."""
        return worst(self.cells)

    @property
    def alike(self) -> bool:
        """Whether all columns with a verdict on it agree."""
        silent = (Cell.NOT_RUN, Cell.UNVERIFIED)
        return len({cell for cell in self.cells if cell not in silent}) < 2


@dataclass(frozen=True)
class Matrix:
    """``sections``: the documentation's sections with their clauses, in its order."""

    columns: tuple[Column, ...]
    sections: tuple[tuple[str, tuple[Row, ...]], ...]

    @property
    def rows(self) -> Iterator[Row]:
        """All rows."""
        return (row for _, rows in self.sections for row in rows)

    @functools.cached_property
    def kernels(self) -> tuple[Kernel, ...]:
        """Each kernel with its columns."""
        groups = groupby(self.columns, lambda one: (one.kernel, one.backend))
        return tuple(Kernel(*key, tuple(of)) for key, of in groups)

    def count(self, verdict: Cell) -> int:
        """How many cells say that."""
        return sum(column.counts[verdict] for column in self.columns)


def judged(report: Report) -> Verdicts:
    """The verdict on the run of a report."""
    run = report.run
    if run.revision is None:
        return Verdicts({})
    return judge(report.results, run.revision, run.host, report.left_out)


def matrix(reports: Sequence[Report]) -> Matrix:
    """The matrix of these reports, by kernel release, backend and board.

    Raises `UsageProblem` if two are of the same kernel and board.
    """
    ordered = sorted(reports, key=_place)
    had = [one for one in reports if not one.run.missing]
    for first, second in pairwise(sorted(had, key=lambda one: (one.run.kernel, one.run.board))):
        if (first.run.kernel, first.run.board) == (second.run.kernel, second.run.board):
            raise UsageProblem(
                f"{first.source} and {second.source} are both of kernel {first.run.kernel} on"
                f" {first.run.board}",
                "Omit one of them, or compare them with --diff",
            )
    sections = tuple(_sections(ordered))
    cells = [row.cells for _, rows in sections for row in rows]
    columns = tuple(
        Column(
            number,
            report,
            {verdict: sum(row[number] is verdict for row in cells) for verdict in Cell},
        )
        for number, report in enumerate(ordered)
    )
    return Matrix(columns, sections)


def _place(report: Report) -> tuple[object, ...]:
    """A key that sorts 5.10 before 6.1, and 6.1 before 6.12."""
    kernel = [
        (int(part), "") if part.isdigit() else (-1, part)
        for part in re.split(r"(\d+)", report.run.kernel)
    ]
    return kernel, report.run.on.backend, report.run.board


OTHER = "not in the catalogue of this version"
NONE = "specs that cite no clause"


def _sections(reports: Sequence[Report]) -> Iterator[tuple[str, tuple[Row, ...]]]:
    citing = _citing(reports)
    known = clauses()
    others = sorted(set(citing) - set(known) - {""})
    found = [
        on_clauses([*known, *others], one.results, one.run.host, one.left_out) for one in reports
    ]
    for section, of in groupby(known.values(), key=lambda clause: clause.section):
        yield section, tuple(_row(one.slug, one, reports, citing, found) for one in of)
    if others:
        yield OTHER, tuple(_row(slug, None, reports, citing, found) for slug in others)
    if "" in citing:
        yield NONE, tuple(_spec_row(spec, of, len(reports)) for spec, of in citing[""].items())


# For each clause, its specs; for each spec, its result by column.
_Citing = dict[str, dict[str, dict[int, SpecResult]]]


def _citing(reports: Sequence[Report]) -> _Citing:
    found: _Citing = {}
    for number, report in enumerate(reports):
        for result in report.results:
            for slug in result.clauses or ("",):
                found.setdefault(slug, {}).setdefault(result.spec, {})[number] = result
    return {slug: dict(sorted(specs.items())) for slug, specs in found.items()}


def _row(
    slug: str,
    clause: Clause | None,
    reports: Sequence[Report],
    citing: _Citing,
    found: Sequence[Mapping[str, ClauseVerdict]],
) -> Row:
    specs = citing.get(slug, {})
    ran = {number for of in specs.values() for number in of}
    cells, gaps = [], dict[str, list[int]]()
    for number, report in enumerate(reports):
        held = report.run.revision
        if clause is not None and held is not None and not clause.holds_in(held):
            cells.append(Cell.INAPPLICABLE)
            continue
        one = found[number][slug]
        cells.append(of_clause(one, clause, number in ran))
        if one.because is Because.LEFT_OUT and number in ran:
            gaps.setdefault(" ".join([one.why, *(f"({at})" for at in one.specs)]), []).append(
                number
            )
    why = unspecified().get(slug)
    return Row(
        slug,
        clause,
        tuple(cells),
        tuple(evidence(spec, of) for spec, of in specs.items()),
        "" if why is None else why.why or REASONS[why.reason],
        gaps,
    )


def _spec_row(spec: str, of: Mapping[int, SpecResult], columns: int) -> Row:
    """The row of a spec that cites no clause."""
    cells = [of_result(of[n]) if n in of else Cell.NOT_RUN for n in range(columns)]
    return Row(spec, None, tuple(cells), (evidence(spec, of),))
