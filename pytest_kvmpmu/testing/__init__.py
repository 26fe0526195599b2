"""For authors of backends and of clauses: checks for their own test suites, a line each.

    def test_my_backend_keeps_its_promises():
        check_backend(MyBackend)

Not for: whether a kernel conforms.  That is what the specs are for, on the backend.
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
    """What `check_backend` found: ``broken`` has each promise, and what was seen instead."""

    def __init__(self, name: str, broken: dict[str, str], not_tried: int = 0) -> None:
        count = "1 promise" if len(broken) == 1 else f"{len(broken)} promises"
        lines = [f"the backend {name} breaks {count} of pytest_kvmpmu.backends.base:"]
        lines += [f"- {promise}: {seen}" for promise, seen in broken.items()]
        if not_tried:
            lines.append(f"{not_tried} further promises build on that, and were not tried")
        super().__init__("\n".join(lines))
        self.broken = broken


def check_backend(make: Callable[[], Backend]) -> None:
    """Make one backend with ``make``, hold it against every promise, and close it.

    Raises `BrokenPromises`, an AssertionError with a line for each promise that does not hold.
    What ``make`` itself raises is raised here: a `UsageProblem` is no broken promise.
    It issues some fifty calls, the same ones each time, so that a recording of it can be
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
    """Hold the clauses of ``source`` against their form and the specs in the folder ``specs``.

    Raises AssertionError with a line for each finding: a row that is not in order, a marker that
    cites what is not there, a clause with neither spec nor reason.
    """
    from ..spec.lint import of_source

    __tracebackhide__ = True
    if found := of_source(source, specs):
        lines = "\n".join(f"- {finding}" for finding in found)
        raise AssertionError(f"{source.clauses}: {len(found)} findings\n{lines}")


def _seen(promise: Promise, backend: Backend) -> str:
    """What ``backend`` does instead of what it promised; empty where it keeps its word."""
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
    """What is wrong with `close`."""
    broken = {}
    for what in ("close() lets go of everything", "close() may be called again"):
        try:
            backend.close()
        except Exception as error:  # whatever it is, it is what the backend does instead
            broken[what] = f"it raises {type(error).__name__}: {error}"
        if left := before.since():
            broken.setdefault(what, f"it leaves {left}")
            break
    return broken
