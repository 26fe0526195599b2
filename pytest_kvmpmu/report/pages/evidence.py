"""The evidence behind a cell: specs, their results and their calls.  Equal results on several
kernels and boards are shown once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..results.result import SpecResult
from . import calls
from .cell import Cell, of_result


@dataclass(frozen=True)
class Variant:
    """A result of a spec, which it has in ``columns``.

    ``lines`` are its calls; if ``differs``, only those that differ from the first variant.
    """

    result: SpecResult
    verdict: Cell
    columns: tuple[int, ...]
    lines: tuple[str, ...]
    differs: bool = False


@dataclass(frozen=True)
class Evidence:
    """A spec and its results, the most frequent first."""

    spec: str
    variants: tuple[Variant, ...]

    @property
    def name(self) -> str:
        """Without its file."""
        return self.spec.partition("::")[2] or self.spec


def evidence(spec: str, of: Mapping[int, SpecResult]) -> Evidence:
    """The evidence of a spec, from its result in each column."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, result in of.items():
        key = (of_result(result), result.reason, result.errno, calls.lines(result.calls))
        alike.setdefault(key, []).append(number)
    variants: list[Variant] = []
    base: tuple[str, ...] = ()
    for columns in sorted(alike.values(), key=lambda columns: (-len(columns), columns)):
        result = of[columns[0]]
        lines = calls.lines(result.calls)
        shown = calls.differing(base, lines) if base else calls.numbered(lines)
        verdict = of_result(result)
        variants.append(
            Variant(result, verdict, tuple(columns), tuple(shown), bool(base and lines))
        )
        base = base or lines
    return Evidence(spec, tuple(variants))
