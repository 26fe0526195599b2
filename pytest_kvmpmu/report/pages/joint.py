"""``kvmpmu report --gate``: whether each reported kernel is conformant, on all boards together."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import unknown
from ...settings import CONFORMANT, GATES
from ..verdict.words import headline, reasons
from .matrix import Kernel, Matrix


def check(gate: str) -> None:
    """Raises `UsageProblem` for an unknown gate."""
    if gate not in GATES:
        raise unknown("gate", gate, GATES)


def lines(found: Matrix) -> Iterator[str]:
    """Each kernel's verdict, and all clauses that keep it from being better."""
    for one in found.kernels:
        yield f"kernel {one.kernel} ({one.backend}) on {one.boards}: {headline(one.verdicts)}"
        yield from (f"  partial: {c.board}: {c.partial}" for c in one.columns if c.partial)
        yield from reasons(one.verdicts)


def failures(found: Matrix, gate: str) -> list[str]:
    """Why the gate is not met: a sentence for each kernel, and for what else failed."""
    return [why for kernel in found.kernels for why in _failures(kernel, gate)]


def _failures(one: Kernel, gate: str) -> Iterator[str]:
    got = one.verdicts.verdict if gate == CONFORMANT else one.verdicts.here
    if not got.green:
        yield f"--gate={gate} is not met: kernel {one.kernel}: {got.value}"
    for spec in one.verdicts.others:
        yield f"--gate={gate} is not met: kernel {one.kernel}: {spec} failed"
