"""Reports side by side: clauses by kernels and boards, with what is behind each cell.

Not for: how that is shown (`html`, `markdown`).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from ..errors import UsageProblem
from ..revision import revision
from ..spec.catalogue import REASONS, Clause, clauses, unspecified
from . import calls
from .document import Report
from .result import SpecResult, Status


class Cell(enum.Enum):
    """What is known of a clause on one kernel and board; the worst comes first.

    Not for: whether a kernel conforms, which takes all clauses of level must.
    """

    VIOLATED = ("✗", "violated")
    ERROR = ("!", "error")
    WAIVED = ("~", "waived")
    UNVERIFIED = ("?", "not verified")
    DIVERGENT = ("≠", "verified, unlike its text")
    VERIFIED = ("✓", "verified")
    INAPPLICABLE = ("\N{EN DASH}", "not applicable")
    NOT_RUN = ("·", "not run")

    def __init__(self, sign: str, words: str) -> None:
        self.sign = sign
        self.words = words

    @property
    def css(self) -> str:
        """Its name as a class in a page."""
        return self.name.lower().replace("_", "-")


_ORDER = {verdict: number for number, verdict in enumerate(Cell)}


def worst(found: Iterable[Cell]) -> Cell:
    """The worst of several; NOT_RUN of none."""
    return min(found, key=_ORDER.__getitem__, default=Cell.NOT_RUN)


@dataclass(frozen=True)
class Column:
    """One report, and its place from 0."""

    number: int
    report: Report
    counts: dict[Cell, int] = field(default_factory=dict)

    @property
    def kernel(self) -> str:
        return self.report.run.kernel

    @property
    def board(self) -> str:
        return self.report.run.board

    @property
    def name(self) -> str:
        """Kernel and board."""
        return f"{self.kernel} on {self.board}"

    @property
    def verdict(self) -> Cell:
        """The worst of its clauses; a part of a run verifies nothing as a whole."""
        found = worst(verdict for verdict, count in self.counts.items() if count)
        return min(found, Cell.UNVERIFIED, key=_ORDER.__getitem__) if self.partial else found

    @property
    def partial(self) -> str:
        return self.report.partial


@dataclass(frozen=True)
class Variant:
    """What a spec came to in ``columns``.

    ``lines`` are its calls; where ``differs`` only those that are not as in the variant above.
    """

    result: SpecResult
    verdict: Cell
    columns: tuple[int, ...]
    lines: tuple[str, ...]
    differs: bool = False


@dataclass(frozen=True)
class Evidence:
    """A spec and what it came to, the most frequent first."""

    spec: str
    variants: tuple[Variant, ...]

    @property
    def name(self) -> str:
        """Without its file."""
        return self.spec.partition("::")[2] or self.spec


@dataclass(frozen=True)
class Row:
    """A clause: its verdict in each column, and the specs that cite it.

    Of what cites no clause, and of clauses that this version does not know, ``clause`` is None.
    """

    slug: str
    clause: Clause | None
    cells: tuple[Cell, ...]
    evidence: tuple[Evidence, ...]
    why_none: str = ""

    @property
    def verdict(self) -> Cell:
        """The worst of its cells."""
        return worst(self.cells)

    @property
    def alike(self) -> bool:
        """Whether the columns that have a word on it all say the same."""
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

    @property
    def kernels(self) -> list[tuple[str, list[Column]]]:
        """Each kernel with its columns."""
        return [(name, list(of)) for name, of in groupby(self.columns, lambda one: one.kernel)]

    def count(self, verdict: Cell) -> int:
        """How many cells say that."""
        return sum(column.counts[verdict] for column in self.columns)


def matrix(reports: Sequence[Report]) -> Matrix:
    """The matrix of these reports, by kernel release and board.

    `UsageProblem` where two are of the same kernel and board.
    """
    ordered = sorted(reports, key=lambda one: (_release(one.run.kernel), one.run.board))
    for first, second in pairwise(ordered):
        if (first.run.kernel, first.run.board) == (second.run.kernel, second.run.board):
            raise UsageProblem(
                f"{first.source} and {second.source} are both of kernel {first.run.kernel} on"
                f" {first.run.board}",
                "Leave one of them out, or compare them with --diff",
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


def _release(kernel: str) -> list[tuple[int, str]]:
    """A key that sorts 5.10 before 6.1, and 6.1 before 6.12."""
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", kernel)
    ]


OTHER = "not in the catalogue of this version"
NONE = "specs that cite no clause"


def _sections(reports: Sequence[Report]) -> Iterator[tuple[str, tuple[Row, ...]]]:
    citing = _citing(reports)
    known = clauses()
    for section, of in groupby(known.values(), key=lambda clause: clause.section):
        yield section, tuple(_row(one.slug, one, reports, citing) for one in of)
    others = sorted(set(citing) - set(known) - {""})
    if others:
        yield OTHER, tuple(_row(slug, None, reports, citing) for slug in others)
    if "" in citing:
        yield (
            NONE,
            tuple(_row(spec, None, reports, {spec: {spec: of}}) for spec, of in citing[""].items()),
        )


# Of each clause its specs, and of each of these what it came to in which column.
_Citing = dict[str, dict[str, dict[int, SpecResult]]]


def _citing(reports: Sequence[Report]) -> _Citing:
    found: _Citing = {}
    for number, report in enumerate(reports):
        for result in report.results:
            for slug in result.clauses or ("",):
                found.setdefault(slug, {}).setdefault(result.spec, {})[number] = result
    return {slug: dict(sorted(specs.items())) for slug, specs in found.items()}


def _row(slug: str, clause: Clause | None, reports: Sequence[Report], citing: _Citing) -> Row:
    specs = citing.get(slug, {})
    cells = []
    for number, report in enumerate(reports):
        results = [of[number] for of in specs.values() if number in of]
        cells.append(_cell(results, clause, report.run.on.revision))
    why = unspecified().get(slug)
    evidence = tuple(_evidence(spec, of) for spec, of in specs.items())
    return Row(
        slug, clause, tuple(cells), evidence, "" if why is None else why.why or REASONS[why.reason]
    )


def _cell(results: Sequence[SpecResult], clause: Clause | None, judged_as: str) -> Cell:
    if clause is not None and not clause.holds_in(revision(judged_as)):
        return Cell.INAPPLICABLE
    if not results:
        return Cell.NOT_RUN
    found = {verdict_of(result) for result in results}
    if found == {Cell.INAPPLICABLE}:
        # A clause that holds, but none of its specs is for this revision.
        return Cell.INAPPLICABLE if clause is None else Cell.NOT_RUN
    best = worst(found - {Cell.INAPPLICABLE, Cell.UNVERIFIED} or {Cell.UNVERIFIED})
    divergent = clause is not None and clause.divergent and best is Cell.VERIFIED
    return Cell.DIVERGENT if divergent else best


def verdict_of(result: SpecResult) -> Cell:
    """What one spec says of the clauses that it cites."""
    if result.status is Status.PASS or result.strict:
        return Cell.VERIFIED
    if result.status is Status.FAIL:
        return Cell.WAIVED if result.waived else Cell.VIOLATED
    return {
        Status.ERROR: Cell.ERROR,
        Status.MISS: Cell.UNVERIFIED,
        Status.SKIP: Cell.INAPPLICABLE,
    }[result.status]


def _evidence(spec: str, of: dict[int, SpecResult]) -> Evidence:
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, result in of.items():
        key = (verdict_of(result), result.reason, result.errno, calls.lines(result.calls))
        alike.setdefault(key, []).append(number)
    variants: list[Variant] = []
    base: tuple[str, ...] = ()
    for columns in sorted(alike.values(), key=lambda columns: (-len(columns), columns)):
        result = of[columns[0]]
        lines = calls.lines(result.calls)
        shown = calls.differing(base, lines) if base else calls.numbered(lines)
        verdict = verdict_of(result)
        variants.append(
            Variant(result, verdict, tuple(columns), tuple(shown), bool(base and lines))
        )
        base = base or lines
    return Evidence(spec, tuple(variants))
