"""A matrix as Markdown: the table, and the evidence behind every failure."""

from __future__ import annotations

from collections.abc import Iterator

from ...data.host import format_cpus
from ..verdict.words import headline, reasons
from .cell import Cell, of_verdict
from .evidence import Evidence
from .matrix import Matrix, Row
from .words import lead, on_columns, title

# The cells whose evidence is shown in full.
_BAD = (Cell.VIOLATED, Cell.ERROR, Cell.WAIVED)


def page(matrix: Matrix) -> str:
    """The page."""
    lines = [f"# {_text(title(matrix))}", "", lead(matrix), ""]
    lines += [
        f"- **partial**: {_text(column.name)}: {_text(column.partial)}"
        for column in matrix.columns
        if column.partial
    ]
    lines += ["", *_kernels(matrix), "", *_legend(matrix), "", *_runs(matrix)]
    for section, rows in matrix.sections:
        lines += ["", f"## {_text(section)}", "", *_table(matrix, rows)]
    bad = [row for row in matrix.rows if row.verdict in _BAD]
    if bad:
        lines += ["", "# Behind the failures"]
        for row in bad:
            lines += ["", f"## {_code(row.slug)}", *_behind(matrix, row)]
    return "\n".join(lines) + "\n"


def _kernels(matrix: Matrix) -> Iterator[str]:
    for kernel in matrix.kernels:
        sign = of_verdict(kernel.verdicts.verdict).sign
        on = f"{kernel.kernel} ({kernel.backend}) on {kernel.boards}"
        yield f"- {sign} **{_text(on)}**: {headline(kernel.verdicts)}"
        yield from (f"    - {_text(why)}" for why in reasons(kernel.verdicts))


def _legend(matrix: Matrix) -> Iterator[str]:
    yield "| sign | meaning | clauses |"
    yield "|---|---|---|"
    for verdict in Cell:
        yield f"| {verdict.sign} | {verdict.words} | {matrix.count(verdict)} |"


def _runs(matrix: Matrix) -> Iterator[str]:
    yield "| run | kernel | board | judged as | backend | CPUs | PMUs | verdict |"
    yield "|---|---|---|---|---|---|---|---|"
    for column in matrix.columns:
        on = column.report.run.on
        cells = (
            str(column.number + 1),
            column.kernel,
            column.board,
            on.revision,
            f"{on.backend} {on.target or ''}".strip(),
            format_cpus(on.host.cpus),
            ", ".join(f"{pmu.name}={pmu.type}" for pmu in on.host.pmus) or "none",
            column.verdicts.verdict.value,
        )
        yield f"| {' | '.join(map(_text, cells))} |"


def _table(matrix: Matrix, rows: tuple[Row, ...]) -> Iterator[str]:
    numbers = [str(column.number + 1) for column in matrix.columns]
    yield f"| clause | {' | '.join(numbers)} | what it says |"
    yield f"|---|{'---|' * len(numbers)}---|"
    for row in rows:
        says = row.clause.statement if row.clause else ""
        signs = " | ".join(cell.sign for cell in row.cells)
        yield f"| {_code(row.slug)} | {signs} | {_text(says)} |"


def _behind(matrix: Matrix, row: Row) -> Iterator[str]:
    if row.clause:
        yield ""
        yield f"{row.clause.section}: {_text(row.clause.statement)}"
    for evidence in row.evidence:
        yield from _variants(matrix, evidence)


def _variants(matrix: Matrix, evidence: Evidence) -> Iterator[str]:
    if not any(variant.verdict in _BAD for variant in evidence.variants):
        return
    for variant in evidence.variants:
        yield ""
        yield (
            f"{variant.verdict.sign} {_code(evidence.spec)}"
            f" {_text(on_columns(matrix, variant.columns))}: {variant.verdict.words}"
            + (f": {_text(variant.result.reason)}" if variant.result.reason else "")
            + (f" (waived: {_text(variant.result.waived)})" if variant.result.waived else "")
        )
        if variant.lines:
            yield ""
            yield from (f"    {line}" for line in variant.lines)


def _text(text: str) -> str:
    """Text on one line, escaped so that it does not end a cell or begin markup."""
    line = " ".join(text.split())
    for sign in "\\|<*[`":
        line = line.replace(sign, f"\\{sign}")
    return line


def _code(text: str) -> str:
    """A name as code, which can stand in a cell."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"
