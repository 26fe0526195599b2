"""The result of a spec, judged in the process that ran it, also in an xdist worker.

The whole result is an attribute of the teardown's report; `gather` reads it.  Between processes
it travels in its JSON form.  What JUnit and others should see too is in the test's
user_properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ...backends.header import header_of
from ...kvm import CallHung, GuestFault, KvmError, UnexpectedExit
from ...kvm.expect import Accepted
from ...recording.form import Header
from ...report.results.result import SpecResult, Status
from ...uapi.errno import name as errno_name
from .. import properties
from ..backend import BACKEND
from ..calls import KEEP_CALLS, SCRIPT_TITLES, calls_of
from ..config import settings_of
from ..items import uses_backend
from ..marks import MARKS
from ..story import PROPERTY as STORY

# The attributes of a report that carry a SpecResult, and a Header with the first of a process.
RESULT, ON = "kvmpmu_result", "kvmpmu_on"

# Exceptions that mean: the kernel differs from its contract.  Any other is an error of the suite.
_DIFFERS = (
    AssertionError,
    CallHung,
    GuestFault,
    KvmError,
    UnexpectedExit,
    pytest.fail.Exception,
)
_LONGEST = 400


class _Phases:
    """The phases of a test so far; ``found``: status, reason and errno of those not passed."""

    def __init__(self) -> None:
        self.found: list[tuple[Status, str, str]] = []
        self.waived = ""
        self.seconds = 0.0
        self.sections: dict[str, str] = {}


_PHASES = pytest.StashKey[_Phases]()
_SAID = pytest.StashKey[bool]()


def is_spec(item: pytest.Item) -> bool:
    """Whether the test uses a kernel or cites clauses."""
    found = item.stash.get(MARKS, None)  # another plugin's item may have none
    return found is not None and (bool(found.clauses) or uses_backend(item))


def hear(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Record a phase of a test; at the last one, attach the result to its report."""
    if report.when == "setup" and is_spec(item):
        item.stash[_PHASES] = _Phases()
    phases = item.stash.get(_PHASES, None)
    if phases is None:
        return
    phases.seconds += report.duration
    error = call.excinfo.value if call.excinfo else None
    waived = getattr(report, "wasxfail", "") if report.skipped else ""
    if report.skipped and not waived:
        _skipped(item, phases, error)
    elif report.failed or waived:
        _failed(phases, error, report)
        phases.waived = str(waived).removeprefix("reason: ")
    for title, text in report.sections:
        if title not in SCRIPT_TITLES:
            phases.sections[title] = text
    if report.when == "teardown":
        del item.stash[_PHASES]  # pytest keeps every item until the end of the run
        _tell(item, phases, report)


def _skipped(item: pytest.Item, phases: _Phases, error: BaseException | None) -> None:
    given = {str(name): str(value) for name, value in item.user_properties}
    inapplicable = given.get(properties.NOT_APPLICABLE)
    status = Status.MISS if inapplicable is None else Status.SKIP
    phases.found.append((status, inapplicable or given.get(properties.MISSING) or _line(error), ""))


def _failed(phases: _Phases, error: BaseException | None, report: pytest.TestReport) -> None:
    text = report.longreprtext
    phases.found.append(outcome(error, text))
    if text:
        phases.sections[f"failure in {report.when}"] = text


def outcome(error: BaseException | None, text: str) -> tuple[Status, str, str]:
    """Status, reason and errno of a phase that failed with ``error``, reported as ``text``."""
    status = Status.FAIL if error is None else _blame(error)
    errno = "" if error is None else _errno(error)
    return status, _line(error) or _first(text), errno


def _blame(error: BaseException) -> Status:
    """Whether the kernel differs from its contract, or the suite failed."""
    inner = getattr(error, "exceptions", None)  # an ExceptionGroup's
    if isinstance(inner, tuple):
        return Status.worst([_blame(one) for one in inner])
    return Status.FAIL if isinstance(error, _DIFFERS) else Status.ERROR


def _errno(error: BaseException) -> str:
    if isinstance(error, Accepted):
        return "0"
    differs = error if isinstance(error, KvmError) else error.__cause__
    if isinstance(differs, KvmError) and differs.outcome.errno is not None:
        return errno_name(differs.outcome.errno)
    return ""


def _line(error: BaseException | None) -> str:
    """The first line of an exception's message; with its type if that alone is not clear."""
    if error is None:
        return ""
    said = _first(str(error))
    if isinstance(error, (*_DIFFERS, pytest.skip.Exception)) and said:
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _first(text: str) -> str:
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _tell(item: pytest.Item, phases: _Phases, report: pytest.TestReport) -> None:
    config = item.config
    status, reason, errno = Status.PASS, "", ""
    if phases.found:
        worst = Status.worst([found[0] for found in phases.found])
        status, reason, errno = next(found for found in phases.found if found[0] is worst)
    given: dict[str, list[str]] = {}
    for name, value in item.user_properties:
        given.setdefault(name, []).append(str(value))
    bad = status in (Status.FAIL, Status.ERROR)
    spec = given[properties.SPEC][0]
    result = SpecResult(
        spec,
        status,
        tuple(dict.fromkeys(given.get(properties.CLAUSE, ()))),
        reason,
        errno,
        phases.waived,
        len(phases.found) == 1 and properties.STRICT in given,
        "" if item.nodeid == spec else item.nodeid,
        phases.seconds,
        calls_of(item) if bad or config.stash.get(KEEP_CALLS, False) else (),
        _sections(phases, bad, given),
        tuple(given.get(STORY, ())),
    )
    setattr(report, RESULT, result)
    backend = config.stash.get(BACKEND, None)
    if backend is not None and not config.stash.get(_SAID, False):
        setattr(report, ON, header_of(backend, settings_of(config).place))
        config.stash[_SAID] = True
    for there in (item.user_properties, report.user_properties):
        there.append((properties.STATUS, status.kcidb))


def pack(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report that pytest serialised for another process, with our values in JSON form."""
    return {
        name: value.to_json() if name in (RESULT, ON) else value for name, value in report.items()
    }


def unpack(report: pytest.TestReport) -> None:
    """Undo `pack`, in the report that pytest deserialised."""
    for name, kind in ((RESULT, SpecResult), (ON, Header)):
        if name in vars(report):
            setattr(report, name, kind.from_json(getattr(report, name)))


def _sections(
    phases: _Phases, bad: bool, given: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, str], ...]:
    """All sections of a spec that failed; of one that passed, only what a search reached."""
    reach = "\n".join(given.get(properties.REACH, ()))
    found = [*phases.sections.items()] if bad else []
    return (*found, *([("reach", reach)] if reach else []))
