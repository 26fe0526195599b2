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
    from . import fixtures, marks

    for line in marks.LINES:
        config.addinivalue_line("markers", line)
    config.pluginmanager.register(fixtures, "kvmpmu-fixtures")
    if not hasattr(config, "workerinput"):
        from . import state

        state.start_gathering(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    from . import gate, state

    state.extend(session.config)
    state.check_options(session.config)
    gate.start(session.config)
    state.start_recording(session.config)
    state.start_reporting(session.config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    from . import state

    if not state.asked_for(config):
        return []
    try:
        return [state.header(config)]
    except pytest.UsageError:
        # Where the report is to tell of the specs, the run ends once they were collected.
        if not state.is_reported(config):
            raise
        return []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from . import state

    state.refuse_latecomers(config)
    state.leave_out_differential(config, items)
    state.check_marks(items)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    from . import state

    wanted = state.needed_by(session.items) or state.no_target(session.config)
    if wanted and not session.config.option.collectonly:
        state.start(session)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    # An xdist worker runs its first test before it looks whether it is to stop.
    return True if hasattr(session.config, "workeroutput") and session.shouldstop else None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    from . import state

    if state.asked_for(config) or not state.needed_by(items) or config.option.collectonly:
        return []
    return [state.header(config)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    from . import state

    state.skip_unless_applicable(item)
    state.name_test(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    from . import state

    yield
    state.fail_if_divergent(item)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    from . import state
    from .report import tell

    report = yield
    if report.failed:
        state.attach_script(item, report)
    tell.hear(item, call, report)
    if report.when == "teardown":
        state.let_go(item)
        state.stop_if_lost(item)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    from . import gate, state, summary

    config = terminalreporter.config
    gathered = config.stash[state.GATHERED]
    found = summary.tally(gathered.results, gathered.kernels)
    text = summary.lines(found, state.strict_spec(config))
    text += state.recorded(config) + state.reported(config) + state.stopped(config)
    text += gate.lines(terminalreporter)
    if text:
        terminalreporter.section("kvmpmu")
        for line in text:
            terminalreporter.line(line)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """xdist: a worker ended."""
    from . import state

    state.heed_worker(node.config, getattr(node, "workeroutput", {}))


# After pytest's summary, so that this is the last word.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    from . import state

    yield
    state.end_for_workers(session.config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    from . import state

    state.close(config)
