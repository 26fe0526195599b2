"""The end of a run: what was verified, what was not, and the table of the story."""

from __future__ import annotations

from collections.abc import Iterable

from ..report.results.result import SpecResult, Status
from ..settings import STRICT_SPEC
from ..spec.catalogue import Clause, clauses
from .story import table


class Tally:
    """What the results of a run say about clauses.  ``kernels``: see `tally`."""

    def __init__(self, kernels: Iterable[str] = ()) -> None:
        self.kernels = dict.fromkeys(kernels)
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.broken: set[str] = set()
        self.waived: set[str] = set()
        self.errors = 0
        self.inapplicable: dict[str, int] = {}
        self.unverified: dict[str, set[str]] = {}
        self.story: list[str] = []
        self.reach: list[str] = []

    @property
    def divergent(self) -> list[Clause]:
        """The verified clauses where text and kernel differ, in the documentation's order."""
        return [
            known for known in clauses().values() if known.divergent and known.slug in self.verified
        ]

    @property
    def verified(self) -> set[str]:
        """The clauses of which every test that ran passed, and at least one ran."""
        return self.passed - self.failed - self.broken - self.waived

    def add(self, result: SpecResult) -> None:
        """Take one spec's result into account."""
        cited = set(result.clauses)
        if result.status is Status.PASS or result.strict:
            self.passed |= cited
            self.story += result.story
        elif result.status is Status.FAIL:
            (self.waived if result.waived else self.failed).update(cited)
        elif result.status is Status.ERROR:
            self.broken |= cited
            self.errors += 1
        elif result.status is Status.SKIP:
            self.inapplicable[result.reason] = self.inapplicable.get(result.reason, 0) + 1
        else:
            self.unverified.setdefault(result.reason, set()).update(cited)
        for title, text in result.sections:
            if title == "reach":
                self.reach += [result.spec.rpartition("::")[2], *text.splitlines()]


def tally(results: Iterable[SpecResult], kernels: Iterable[str] = ()) -> Tally:
    """The tally of a run's results; ``kernels`` say what it was on, a line each."""
    found = Tally(kernels)
    for result in results:
        found.add(result)
    return found


def difference(cited: Clause) -> list[str]:
    """What the text says and what the kernel does, in two lines."""
    return [
        f"  {cited.slug} ({cited.section}): {cited.text}",
        f"    kernel: {cited.statement}",
    ]


def lines(found: Tally, strict: bool = False) -> list[str]:
    """The summary's text; empty if no test used a kernel.

    ``strict``: a difference between text and kernel fails the run.
    """
    if not (found.kernels or found.passed or found.failed or found.waived or found.errors):
        return []
    out = [*found.kernels]
    if found.story:
        out += ["", *table(found.story), ""]
    out += found.reach
    counts = f"clauses verified: {len(found.verified)}, violated: {len(found.failed)}"
    waived = found.waived - found.failed
    out.append(f"{counts}, waived: {len(waived)}" if waived else counts)
    out += [f"  violated: {slug}" for slug in sorted(found.failed)]
    if found.errors:
        left = sorted(found.broken - found.failed)
        out.append(
            f"tests that ended in an error: {found.errors}; clauses not verified: {len(left)}"
        )
        out += [f"  not verified: {slug}" for slug in left]
    if found.divergent:
        blame = f"; {STRICT_SPEC.flag} fails the run" if strict else ""
        out.append(f"documentation and kernel differ: {len(found.divergent)}{blame}")
        out += [line for cited in found.divergent for line in difference(cited)]
    if found.inapplicable:
        out.append(f"tests not applicable to this revision: {sum(found.inapplicable.values())}")
        out += [f"  {count} x {why}" for why, count in sorted(found.inapplicable.items())]
    for reason, slugs in sorted(found.unverified.items()):
        left = sorted(slugs - found.passed - found.failed - found.waived)
        out.append(f"tests skipped because {reason}; clauses not verified: {len(left)}")
        out += [f"  not verified: {slug}" for slug in left]
    return out
