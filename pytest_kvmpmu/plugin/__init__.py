"""The pytest plugin: hooks only, in the order in which pytest calls them; those around each test
are in `each_test`.

Imports only the options' table: pytest loads this module in every run, used or not.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from ..settings import (
    DEFAULT_EXAMPLES,
    EXAMPLES,
    OPTIONS,
    REPORT,
    RUN_OPTIONS,
    STRICT_SPEC,
    UPDATE_WAIVERS,
    whole_number,
)

# pytest 9.2 takes more than one type: a TOML file may have 10, 2.5 or "10".
SECONDS: Any = str | float if pytest.version_tuple >= (9, 2) else None


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kvmpmu", "KVM_ARM_VCPU_PMU_V3_SET_PMU conformance")
    for option in (*OPTIONS, *RUN_OPTIONS):
        group.addoption(option.flag, dest=option.dest, metavar=option.metavar, help=option.help)
        kind = SECONDS if option.metavar == "SECONDS" else None
        parser.addini(option.dest, f"default of {option.flag}: {option.help}", kind, default="")
    group.addoption(
        EXAMPLES.flag,
        dest=EXAMPLES.dest,
        metavar=EXAMPLES.metavar,
        type=whole_number,
        default=DEFAULT_EXAMPLES,
        help=EXAMPLES.help,
    )
    group.addoption(
        REPORT.flag, dest=REPORT.dest, metavar=REPORT.metavar, action="append", help=REPORT.help
    )
    parser.addini(REPORT.dest, f"default of {REPORT.flag}: {REPORT.help}", "linelist", default=[])
    strict = STRICT_SPEC
    group.addoption(
        strict.flag, dest=strict.dest, action="store_true", default=None, help=strict.help
    )
    update = UPDATE_WAIVERS
    group.addoption(update.flag, dest=update.dest, action="store_true", help=update.help)
    parser.addini(strict.dest, f"default of {strict.flag}: {strict.help}", "bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.version:
        return
    from . import fixtures, gc_freeze, marks, workers
    from .results import gather

    gc_freeze.spared.end()
    for line in marks.LINES:
        config.addinivalue_line("markers", line)
    config.pluginmanager.register(fixtures, "kvmpmu-fixtures")
    config.pluginmanager.register(fixtures.of_run(config), "kvmpmu-fixtures-of-run")
    if not workers.is_worker(config):
        gather.start(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    from . import config, each_test, gate, recording
    from .results import reporting

    config.extend(session.config)
    config.check_options(session.config)
    recording.start(session.config)
    reporting.start(session.config)
    gate.start(session.config)  # last, so that a run is judged before it is reported
    each_test.start(session.config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    from . import header
    from .results.reporting import is_reported

    if not header.asked_for(config):
        return []
    try:
        return [header.header(config)]
    except pytest.UsageError:
        # If a report is wanted, the run ends after collection, so that it lists the specs.
        if not is_reported(config):
            raise
        return []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from .applicability import check_marks, leave_out_differential
    from .config import refuse_latecomers

    refuse_latecomers(config)
    leave_out_differential(config, items)
    check_marks(config, items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    from . import gc_freeze
    from .backend import no_target, start
    from .items import needed_by

    wanted = needed_by(session.items) or no_target(session.config)
    if wanted and not session.config.option.collectonly:
        start(session)
        gc_freeze.spared.begin()


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    from . import header
    from .items import needed_by

    if header.asked_for(config) or not needed_by(items) or config.option.collectonly:
        return []
    return [header.header(config)]


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    report: pytest.CollectReport | pytest.TestReport,  # noqa: ARG001  # pytest serialises it
) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    from .results import tell

    data = yield
    return data if data is None else tell.pack(data)


@pytest.hookimpl(wrapper=True)
def pytest_report_from_serializable() -> Generator[
    None,
    pytest.CollectReport | pytest.TestReport | None,
    pytest.CollectReport | pytest.TestReport | None,
]:
    from .results import tell

    report = yield
    if isinstance(report, pytest.TestReport):
        tell.unpack(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.no_summary:  # pytest before 9.2 does not call this hook then
        return
    from . import gate, summary
    from .backend import stopped
    from .config import strict_spec
    from .recording import recorded
    from .results.gather import GATHERED
    from .results.reporting import reported

    config = terminalreporter.config
    gathered = config.stash[GATHERED]
    found = summary.tally(gathered.results, gathered.kernels)
    text = summary.lines(found, strict_spec(config))
    text += recorded(config) + reported(config) + stopped(config)
    text += gate.lines(terminalreporter)
    if text:
        terminalreporter.section("kvmpmu")
        for line in text:
            terminalreporter.line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """xdist: a worker ended."""
    from .backend import worker_ended

    worker_ended(node)


# After pytest's summary, so that the error is printed last.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    from .backend import end_for_workers
    from .results.gather import GATHERED

    yield
    gathered = session.config.stash.get(GATHERED, None)
    run = None if gathered is None else gathered.run
    end_for_workers(session.config, none_began=run is None or bool(run.missing))


# After the reports' hooks, and before pytest's last garbage collection, which reports leaks.
def pytest_unconfigure(config: pytest.Config) -> None:
    from . import backend

    backend.close(config)
