"""A matrix as one HTML page that loads nothing."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ... import __version__
from ...data.host import format_cpus
from ..verdict.words import headline, reasons
from .cell import Cell, of_verdict, worst
from .evidence import Evidence
from .matrix import OTHER, Column, Matrix, Row
from .words import lead, on_columns, title

_PAGE = Path(__file__).with_name("page")
# How many letters fit above a cell.
_SIGNS_WIDTH = 4


def page(matrix: Matrix) -> str:
    """The page.  A spec's calls are in it once, however many clauses it cites."""
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_PAGE, encoding="utf-8"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    script = _asset("matrix.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    places = _Places(matrix)
    return environment.get_template("matrix.html.j2").render(
        matrix=matrix,
        verdicts=list(Cell),
        unverified=Cell.UNVERIFIED,
        title=title(matrix),
        lead=lead(matrix),
        version=__version__,
        style=Markup(_asset("matrix.css")),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        other=OTHER,
        sign_of=of_verdict,
        headline=headline,
        reasons=reasons,
        upright=_upright,
        cpus=format_cpus,
        shell=shlex.join,
        columns_text=lambda numbers: on_columns(matrix, numbers),
        row_id=places.row_id,
        spec_id=places.spec_id,
        variant_id=places.variant_id,
        is_home=places.is_home,
        target_of=places.target_of,
        worst_of=lambda evidence: worst(one.verdict for one in evidence.variants),
    )


def _upright(kernel: str, columns: Sequence[Column]) -> bool:
    """Whether a kernel's name would be too wide for its columns."""
    return 0 < len(columns) * _SIGNS_WIDTH < min(len(kernel), 2 * _SIGNS_WIDTH)


def _asset(name: str) -> str:
    """A file of ours that is put into the page unchanged."""
    text = (_PAGE / name).read_text(encoding="utf-8")
    assert "</" not in text  # it would end its element
    return text


class _Places:
    """Where things are in the page: ids, and which row has a spec's calls."""

    def __init__(self, matrix: Matrix) -> None:
        self._rows = {id(row): f"clause-{number}" for number, row in enumerate(matrix.rows)}
        self._specs: dict[str, str] = {}
        self._homes: dict[str, int] = {}
        for row in matrix.rows:
            for evidence in row.evidence:
                self._specs.setdefault(evidence.spec, f"spec-{len(self._specs)}")
                self._homes.setdefault(evidence.spec, id(row))

    def row_id(self, row: Row) -> str:
        return self._rows[id(row)]

    def spec_id(self, evidence: Evidence) -> str:
        return self._specs[evidence.spec]

    def variant_id(self, evidence: Evidence, number: int) -> str:
        return f"{self.spec_id(evidence)}-{number}"

    def is_home(self, row: Row, evidence: Evidence) -> bool:
        return self._homes[evidence.spec] == id(row)

    def target_of(self, row: Row, column: int) -> str:
        """The target of a cell's link: what decides its verdict, in this row if possible."""
        found = [
            (not self.is_home(row, evidence), _rank(variant.verdict), self.variant_id(evidence, n))
            for evidence in row.evidence
            for n, variant in enumerate(evidence.variants)
            if column in variant.columns
        ]
        if not found:
            return ""
        lowest = min(rank for _, rank, _ in found)
        return min((away, target) for away, rank, target in found if rank == lowest)[1]


_RANKS: Sequence[Cell] = tuple(Cell)


def _rank(verdict: Cell) -> int:
    """What decides first; a spec that did not run decides nothing."""
    return _RANKS.index(verdict) + (verdict is Cell.UNVERIFIED) * len(_RANKS)
