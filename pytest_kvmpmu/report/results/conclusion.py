"""The conclusion of a run: its verdict, and whether its gate is met.

Not for: how a verdict follows from results (`verdict.judge`).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...recording.form import BadLine, check
from ...settings import GATES


class Verdict(enum.Enum):
    """On a clause, a run or a kernel; the worst comes first."""

    NOT_CONFORMANT = "not conformant"
    NOT_VERIFIED = "not verified"
    WAIVED = "conformant with waivers"
    CONFORMANT = "conformant"

    @property
    def green(self) -> bool:
        """Whether it is conformant, with waivers or without."""
        return self in (Verdict.WAIVED, Verdict.CONFORMANT)

    @classmethod
    def worst(cls, found: Iterable[Verdict]) -> Verdict:
        """The worst of ``found``; not verified if it is empty."""
        return min(found, key=list(cls).index, default=cls.NOT_VERIFIED)


class Conclusion(NamedTuple):
    """What a run ended with.  ``on_host`` is the verdict without clauses that need another host.

    ``gate`` is the level that ``--kvmpmu-gate`` asked for, or the empty string.  ``failures`` say
    why the run fails although its tests may have passed, a sentence each; the gate is met if there
    are none.
    """

    verdict: Verdict
    on_host: Verdict
    gate: str = ""
    failures: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON form: keys of a report's footer."""
        value: dict[str, Any] = {"verdict": self.verdict.value, "on_host": self.on_host.value}
        if self.gate or self.failures:
            level = {"level": self.gate} if self.gate else {}
            value["gate"] = {**level, "met": not self.failures, "failures": list(self.failures)}
        return value

    @classmethod
    def from_json(cls, footer: Mapping[str, Any]) -> Conclusion | None:
        """The conclusion in a ``footer``, None if it has none.  Raises `BadLine` for a bad one."""
        if not any(key in footer for key in KEYS):
            return None
        check({key: footer[key] for key in KEYS if key in footer}, _NEEDED, {"gate": dict})
        gate = footer.get("gate", {"met": True, "failures": []})
        check(gate, {"met": bool, "failures": list}, {"level": str})
        failures, level = tuple(gate["failures"]), gate.get("level", "")
        if not all(isinstance(why, str) for why in failures) or gate["met"] == bool(failures):
            raise BadLine(f"gate: {gate!r}: only a gate that is not met has failures")
        if level not in ("", *GATES):
            raise BadLine(f"gate: unknown level {level!r}")
        return cls(_verdict(footer["verdict"]), _verdict(footer["on_host"]), level, failures)


_NEEDED = {"verdict": str, "on_host": str}
KEYS = (*_NEEDED, "gate")


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError:
        known = ", ".join(one.value for one in Verdict)
        raise BadLine(f"unknown verdict {text!r}; known: {known}") from None
