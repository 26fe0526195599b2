"""A range of kernel releases, as a waiver names it: ``>=6.1, <6.12.30``.

Not for: what a revision's behaviour is (`revision`).  A waived bug appears and disappears with a
release, also a stable one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..data.revision import REVISIONS
from ..errors import UsageProblem

Release = tuple[int, ...]

_COMPARE: dict[str, Callable[[Release, Release], bool]] = {
    "==": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}
_NUMBERS = r"(?:linux-)?([0-9]+(?:\.[0-9]+){1,2})"
_BOUND = re.compile(rf"(==|>=|<=|<|>)\s*{_NUMBERS}")
_RELEASE = re.compile(rf"{_NUMBERS}(?![0-9])")
_SERIES = tuple(known.name for known in REVISIONS if not known.name.startswith("linux-"))


@dataclass(frozen=True)
class KernelRange:
    """All ``bounds`` must hold.  Each compares as many numbers of a release as it has itself:
    ``<=6.6`` includes 6.6.5, ``>6.6`` does not.  A posted series is only in a range of that
    ``series``.
    """

    text: str
    bounds: tuple[tuple[str, Release], ...] = ()
    series: str = ""

    def __contains__(self, kernel: str) -> bool:
        """Whether the release ``kernel`` (``6.12.107+deb13-arm64``) is in the range."""
        match = _RELEASE.match(kernel)
        if self.series or match is None:
            return kernel == self.series
        return self._has(_release(match[1]))

    def _has(self, found: Release) -> bool:
        return all(_COMPARE[how](found[: len(bound)], bound) for how, bound in self.bounds)

    @property
    def empty(self) -> bool:
        """Whether the bounds exclude each other."""
        near = [
            (*bound[:-1], bound[-1] + step)
            for _, bound in self.bounds
            for step in (-1, 0, 1)
            if bound[-1] + step >= 0
        ]
        # A bound of 6.1.3 asks for three numbers.
        return not any(self._has((*found, 0)[:3]) for found in near)


def kernel_range(text: str) -> KernelRange:
    """The range that ``text`` names.  Raises `UsageProblem` for a bad or empty range."""
    if text.strip().removeprefix("==").strip() in _SERIES:
        return KernelRange(text, series=text.strip().removeprefix("==").strip())
    found = [_BOUND.fullmatch(part.strip()) for part in text.split(",")]
    if None in found:
        raise UsageProblem(
            f"{text!r} is not a range of kernels",
            'Write it like ">=6.1, <6.12.30", "==6.12" or "==series-v1"',
        )
    made = KernelRange(text, tuple((match[1], _release(match[2])) for match in found if match))
    if made.empty:
        raise UsageProblem(f"no kernel is in the range {text!r}", "Check the order of its bounds")
    return made


def exactly(kernel: str) -> str:
    """The range of the line that ``kernel`` belongs to: ``==6.12`` for 6.12.107+deb13-arm64."""
    match = _RELEASE.match(kernel)
    line = ".".join(match[1].split(".")[:2]) if match else kernel
    return f"=={line}"


def _release(text: str) -> Release:
    return tuple(map(int, text.split(".")))
