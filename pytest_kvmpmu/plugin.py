"""The pytest plugin: hooks only, in the order in which pytest calls them.

Imports nothing but the options' table: pytest loads this module in every run, used or not.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from .settings import (
    DEFAULT_EXAMPLES,
    EXAMPLES,
    OPTIONS,
    REPORT,
    RUN_OPTIONS,
    STRICT_SPEC,
    UPDATE_WAIVERS,
    whole_number,
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kvmpmu", "KVM_ARM_VCPU_PMU_V3_SET_PMU conformance")
    for option in (*OPTIONS, *RUN_OPTIONS):
        group.addoption(option.flag, dest=option.dest, metavar=option.metavar, help=option.help)
        parser.addini(option.dest, f"default of {option.flag}: {option.help}", default="")
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
    from . import fixtures, listeners, marks, xdist

    for line in marks.LINES:
        config.addinivalue_line("markers", line)
    config.pluginmanager.register(fixtures, "kvmpmu-fixtures")
    if not xdist.is_worker(config):
        listeners.start_gathering(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    from . import config, gate, listeners

    config.extend(session.config)
    config.check_options(session.config)
    gate.start(session.config)
    listeners.start_recording(session.config)
    listeners.start_reporting(session.config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    from . import header, listeners

    if not header.asked_for(config):
        return []
    try:
        return [header.header(config)]
    except pytest.UsageError:
        # Where the report is to tell of the specs, the run ends once they were collected.
        if not listeners.is_reported(config):
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
    from .items import needed_by
    from .lifecycle import start
    from .xdist import no_target

    wanted = needed_by(session.items) or no_target(session.config)
    if wanted and not session.config.option.collectonly:
        start(session)


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    from . import header
    from .items import needed_by

    if header.asked_for(config) or not needed_by(items) or config.option.collectonly:
        return []
    return [header.header(config)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    from . import xdist

    # A worker runs its first test before it looks whether it is to stop; and it may not end
    # before it was sent that test, which the controller takes for a crash of its own.
    return True if item.session.shouldstop and xdist.is_worker(item.config) else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    from .applicability import skip_unless_applicable
    from .lifecycle import name_test

    skip_unless_applicable(item)
    name_test(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    from . import applicability

    yield
    applicability.fail_if_divergent(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    from . import call_record, lifecycle
    from .report import tell

    report = yield
    if report.failed:
        call_record.attach_script(item, report)
    tell.hear(item, call, report)
    if report.when == "teardown":
        call_record.let_go(item)
        lifecycle.stop_if_lost(item)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from . import gate, listeners, summary
    from .config import strict_spec
    from .lifecycle import stopped
    from .stash import GATHERED

    config = terminalreporter.config
    gathered = config.stash[GATHERED]
    found = summary.tally(gathered.results, gathered.kernels)
    text = summary.lines(found, strict_spec(config))
    text += listeners.recorded(config) + listeners.reported(config) + stopped(config)
    text += gate.lines(terminalreporter)
    if text:
        terminalreporter.section("kvmpmu")
        for line in text:
            terminalreporter.line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """xdist: a worker ended."""
    from . import xdist

    xdist.heed_worker(node.config, getattr(node, "workeroutput", {}))


# After pytest's summary, so that this is the last word.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    from . import xdist

    yield
    xdist.end_for_workers(session.config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    from . import lifecycle

    lifecycle.close(config)
