"""For authors of backends and clauses: checks for their own test suites, one line each.

    def test_my_backend_keeps_its_promises():
        check_backend(MyBackend)

Not for: whether a kernel conforms.  The specs check that, on the backend.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..backends.base import Backend, PerTest
from ..spec.catalogue import Source
from .leavings import Leavings
from .promises import PROMISES, Broken, Promise

__all__ = ["BrokenPromises", "check_backend", "check_clauses"]


class BrokenPromises(AssertionError):
    """The findings of `check_backend`: ``broken`` maps each promise to what was seen instead."""

    def __init__(self, name: str, broken: dict[str, str], not_tried: int = 0) -> None:
        count = "1 promise" if len(broken) == 1 else f"{len(broken)} promises"
        lines = [f"the backend {name} breaks {count} of pytest_kvmpmu.backends.base:"]
        lines += [f"- {promise}: {seen}" for promise, seen in broken.items()]
        if not_tried:
            lines.append(f"{not_tried} further promises depend on that and were not checked")
        super().__init__("\n".join(lines))
        self.broken = broken


def check_backend(make: Callable[[], Backend]) -> None:
    """Make one backend with ``make``, check every promise, and close it.

    Raises `BrokenPromises`, an AssertionError with a line for each promise that does not hold.
    Exceptions from ``make`` pass through: a `UsageProblem` is not a broken promise.
    It issues about fifty calls, the same ones each time, so that a recording of it can be
    replayed; one of them hangs until it is interrupted, after half a second.
    """
    __tracebackhide__ = True
    before = Leavings.now()
    backend = make()
    broken: dict[str, str] = {}
    not_tried = 0
    try:
        for place, promise in enumerate(PROMISES, 1):
            if seen := _seen(promise, backend):
                broken[promise.what] = seen
                if promise.basic:
                    not_tried = len(PROMISES) - place
                    break
    finally:
        for what, seen in _closing(backend, before).items():
            broken[what] = seen
    if broken:
        raise BrokenPromises(str(getattr(backend, "name", backend)), broken, not_tried)


def check_clauses(source: Source, specs: Path) -> None:
    """Check the clauses of ``source``: their form, and that the specs in ``specs`` match them.

    Raises AssertionError with a line for each finding: a bad row, a marker that cites an unknown
    clause, a clause with neither a spec nor a reason.
    """
    from ..spec.lint import of_source

    __tracebackhide__ = True
    if found := of_source(source, specs):
        lines = "\n".join(f"- {finding}" for finding in found)
        raise AssertionError(f"{source.clauses}: {len(found)} findings\n{lines}")


def _seen(promise: Promise, backend: Backend) -> str:
    """What ``backend`` does instead of what it promised; empty if it keeps the promise."""
    if isinstance(backend, PerTest):
        backend.begin(f"check_backend::{promise.check.__name__}")
    try:
        promise.check(backend)
    except Broken as broken:
        return str(broken)
    except Exception as error:  # whatever it is, it is what the backend does instead
        return f"it raises {type(error).__name__}: {error}"
    return ""


def _closing(backend: Backend, before: Leavings) -> dict[str, str]:
    """The broken promises of `close`."""
    broken = {}
    for what in ("close() releases everything", "close() may be called again"):
        try:
            backend.close()
        except Exception as error:  # whatever it is, it is what the backend does instead
            broken[what] = f"it raises {type(error).__name__}: {error}"
        if left := before.since():
            broken.setdefault(what, f"it leaves {left}")
            break
    return broken
