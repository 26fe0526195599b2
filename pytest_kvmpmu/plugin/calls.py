"""The calls of a test, with their outcomes: added to its reports, and dropped at its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..kvm.session import Session

# The session of the running test, until its teardown was reported.
SESSION: pytest.StashKey[Session] = pytest.StashKey()
# Whether a run keeps the calls of passed specs too.
KEEP_CALLS: pytest.StashKey[bool] = pytest.StashKey()

# The sections of a failure's report that contain its calls.
SCRIPT_TITLES = ("calls, as a script for kvmpmu play", "their outcomes")


def attach_script(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the test's calls into its report, as a script for ``kvmpmu play``."""
    session = item.config.stash.get(SESSION, None)
    if session is None or not session.record:
        return
    from ..recording import script  # few tests fail

    calls = script.dump(call for call, _ in session.record)
    said = [
        "no answer" if outcome is None else json.dumps(outcome.to_json())
        for _, outcome in session.record
    ]
    report.sections += zip(SCRIPT_TITLES, (calls, "\n".join(said)), strict=True)


def calls_of(item: pytest.Item) -> tuple[dict[str, Any], ...]:
    """The test's calls so far, each with its outcome, in their JSON form."""
    session = item.config.stash.get(SESSION, None)
    return tuple(
        {"call": call.to_json(), "outcome": None if outcome is None else outcome.to_json()}
        for call, outcome in (session.record if session is not None else ())
    )


def let_go(item: pytest.Item) -> None:
    """Drop the test's calls, so that the next test reports only its own."""
    if SESSION in item.config.stash:
        del item.config.stash[SESSION]
