"""What is behind a cell: specs, what they came to, and their calls.  What is alike on several
kernels and boards is there once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..results.result import SpecResult
from . import calls
from .cell import Cell, of_result


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


def evidence(spec: str, of: Mapping[int, SpecResult]) -> Evidence:
    """That of a spec, of what it came to in each column."""
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
