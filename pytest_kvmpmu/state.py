"""What the hooks do: state in typed stash keys, checks of markers, the backend's life."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from . import extensions, script, summary
from .backends.base import Backend, BackendFailure, PerTest
from .errors import UsageProblem
from .extensions import Extensions
from .kvm import Session
from .marks import DIFFERENTIAL, Marks, marks
from .resources import conformance_dir
from .settings import OPTIONS, RECORD, REPORT, RUN_OPTIONS, STRICT_SPEC, Option, Settings, resolve

if TYPE_CHECKING:
    from .recorder import Recorder
    from .report.gather import Gathering
    from .report.reporter import Reporter

SETTINGS = pytest.StashKey[Settings]()
EXTENSIONS = pytest.StashKey[Extensions]()
# How many hooks were asked what they add.
ASKED = pytest.StashKey[int]()
BACKEND = pytest.StashKey[Backend]()
# The same, if it is one that keeps tests apart.
PER_TEST = pytest.StashKey[PerTest | None]()
# What a run is on, in a line that every report carries.
LINE = pytest.StashKey[str]()
# Why there is no backend, once that is known; and a key of xdist's workeroutput that says it.
FAILED = pytest.StashKey[pytest.UsageError]()
NO_TARGET = "kvmpmu_no_target"
# What a worker found wrong, for the controller; a key of xdist's workeroutput.
PROBLEM = "kvmpmu_problem"
_OURS = "pytest-kvmpmu: "
WORKERS_PROBLEM = pytest.StashKey[str]()
# Why the run stops before its end; in xdist's workeroutput too.
LOST = "kvmpmu_lost"
STOPPED = pytest.StashKey[str]()
MARKS = pytest.StashKey[Marks]()
SESSION = pytest.StashKey[Session]()
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
GATHERED: pytest.StashKey[Gathering] = pytest.StashKey()
REPORTER: pytest.StashKey[Reporter] = pytest.StashKey()
# Whether the calls of specs that passed are wanted too.
KEEP_CALLS = pytest.StashKey[bool]()
# The sections of a failure's report that its calls are in.
SCRIPT_TITLES = ("calls, as a script for kvmpmu play", "their outcomes")


def extend(config: pytest.Config) -> None:
    """Ask other plugins what they add; their clauses are there until the run ends.

    Raises pytest.UsageError that names the plugin at fault.
    """
    from .spec import catalogue

    try:
        # Not in pytest_addhooks: pytest shows what is wrong with a plugin as a traceback then.
        extensions.declare(config.pluginmanager)
        found = extensions.collect(config.pluginmanager)
    except UsageProblem as problem:
        raise pytest.UsageError(f"pytest-kvmpmu: {problem}") from problem
    config.stash[EXTENSIONS] = found
    config.stash[ASKED] = extensions.count(config.pluginmanager)
    config.add_cleanup(catalogue.include(found.clauses))


def refuse_latecomers(config: pytest.Config) -> None:
    """A plugin that was loaded after the others had been asked would be passed over."""
    if extensions.count(config.pluginmanager) != config.stash[ASKED]:
        raise pytest.UsageError(
            "pytest-kvmpmu: a conftest.py in a folder below the run's has a hook"
            f" ({', '.join(extensions.HOOKS)}), which comes too late."
            " Move it to the top of the run, or load it with -p."
        )


def settings_of(config: pytest.Config) -> Settings:
    """The options of this run.  Raises pytest.UsageError for a bad value."""
    if SETTINGS not in config.stash:

        def value(option: Option) -> str | None:
            given = config.getoption(option.dest)
            return str(given if given is not None else config.getini(option.dest)) or None

        try:
            config.stash[SETTINGS] = resolve(
                value, config.invocation_params.dir, extensions=config.stash[EXTENSIONS]
            )
        except UsageProblem as problem:
            raise pytest.UsageError(f"{_OURS}{problem}") from problem
    return config.stash[SETTINGS]


def backend_of(config: pytest.Config) -> Backend:
    """The backend of this run, started at the first call.

    Raises pytest.UsageError with cause and remedy where it can't be had.
    """
    if FAILED in config.stash:
        raise config.stash[FAILED]
    if BACKEND not in config.stash:
        from .gate import options

        settings = settings_of(config)
        try:
            backend = settings.make_backend()
            try:
                options.check(config, settings, backend.host)
            except UsageProblem:
                backend.close()
                raise
        except (UsageProblem, BackendFailure) as problem:
            config.stash[FAILED] = error = pytest.UsageError(f"{_OURS}{problem}")
            raise error from problem
        recorder = config.stash.get(RECORDER, None)
        made = recorder.wrap(backend, settings.place) if recorder else backend
        config.stash[BACKEND] = made
        config.stash[PER_TEST] = made if isinstance(made, PerTest) else None
    return config.stash[BACKEND]


def start(session: pytest.Session) -> None:
    """Start the backend.  A worker where that fails leaves word and asks for the run's end."""
    try:
        backend_of(session.config)
    except pytest.UsageError as error:
        if not hasattr(session.config, "workeroutput"):
            raise
        session.config.workeroutput[PROBLEM] = str(error.__cause__)
        if FAILED in session.config.stash:
            session.config.workeroutput[NO_TARGET] = str(error)
        session.shouldstop = "pytest-kvmpmu: a worker has no backend"


def no_target(config: pytest.Config) -> str:
    """Why this run has no backend, or the empty string."""
    error = config.stash.get(FAILED, None)
    return "" if error is None else str(error).removeprefix(_OURS)


def is_reported(config: pytest.Config) -> bool:
    """Whether a report is wanted, so that a run without backend collects its specs all the same."""
    return REPORTER in config.stash or bool(config.getoption("xmlpath", None))


def asked_for(config: pytest.Config) -> bool:
    """Whether this run was given one of our options or our specs, and will run tests."""
    if config.option.collectonly or config.option.help or hasattr(config, "workerinput"):
        return False
    ours = (*OPTIONS, *RUN_OPTIONS, REPORT, STRICT_SPEC)
    if any(config.getoption(option.dest) is not None for option in ours):
        return True
    specs = conformance_dir()
    return any(_leads_to(arg, specs, config) for arg in config.args)


def _leads_to(arg: str, specs: Path, config: pytest.Config) -> bool:
    if arg.startswith("pytest_kvmpmu.conformance"):
        return bool(config.option.pyargs)
    path = (config.invocation_params.dir / arg.partition("::")[0]).resolve()
    return path.is_relative_to(specs)


def header(config: pytest.Config) -> str:
    """The report header's line.  Starts the backend; an xdist controller lets it go again."""
    line = f"kvmpmu: {_line(config)}"
    if config.getoption("numprocesses", None):
        close(config)
    return line


def _line(config: pytest.Config) -> str:
    """What this run is on; starts the backend."""
    if LINE not in config.stash:
        config.stash[LINE] = summary.describe(backend_of(config), settings_of(config))
    return config.stash[LINE]


def needed_by(items: Sequence[pytest.Item]) -> bool:
    """Whether one of the tests uses a backend."""
    return any("kvmpmu_backend" in getattr(item, "fixturenames", ()) for item in items)


def check_options(config: pytest.Config) -> None:
    """Check the options as far as that needs no device, whether they will be used or not."""
    if any(config.getoption(o.dest) is not None or config.getini(o.dest) for o in OPTIONS):
        settings_of(config)


def start_gathering(config: pytest.Config) -> None:
    """Register the hook that hears what each spec came to."""
    from .report.gather import Gathering

    config.stash[GATHERED] = gathering = Gathering(config)
    config.pluginmanager.register(gathering, "kvmpmu-gathering")


def start_recording(config: pytest.Config) -> None:
    """Register the hooks that record the run, if that was asked for and there will be one.

    Raises pytest.UsageError where the file can't be written.
    """
    path = config.getoption(RECORD.dest) or config.getini(RECORD.dest)
    if not path or config.option.collectonly:
        return
    from . import recorder

    try:
        if settings_of(config).backend == "replay":
            raise UsageProblem(
                f"{RECORD.flag} has no meaning with --kvmpmu-backend=replay: the run is a recording"
                " already",
                "Copy the file instead",
            )
        made = recorder.Recorder(config, config.invocation_params.dir / path, name_of)
    except UsageProblem as problem:
        raise pytest.UsageError(f"{_OURS}{problem}") from problem
    config.stash[RECORDER] = made
    config.pluginmanager.register(made, "kvmpmu-recorder")


def recorded(config: pytest.Config) -> list[str]:
    """What came of the recording, in one line, if there is one."""
    recorder = config.stash.get(RECORDER, None)
    return [recorder.said] if recorder else []


def start_reporting(config: pytest.Config) -> None:
    """Register the hooks that report the run, if that was asked for and there will be one.

    Raises pytest.UsageError for an ending that is not known or a file that can't be written.
    """
    given = config.getoption(REPORT.dest)
    paths = config.getini(REPORT.dest) if given is None else given
    if not paths or config.option.collectonly:
        return
    config.stash[KEEP_CALLS] = True
    if hasattr(config, "workerinput"):
        return
    from .report.reporter import Reporter

    base = config.invocation_params.dir
    try:
        made = Reporter(base, paths, config.stash[GATHERED])
    except UsageProblem as problem:
        raise pytest.UsageError(f"pytest-kvmpmu: {problem}") from problem
    config.stash[REPORTER] = made
    config.pluginmanager.register(made, "kvmpmu-reporter")


def reported(config: pytest.Config) -> list[str]:
    """What came of the reports, in a line each."""
    reporter = config.stash.get(REPORTER, None)
    return reporter.said if reporter else []


def name_of(item: pytest.Item) -> str:
    """The test's node id; for one of our specs it is the same wherever they are installed."""
    file, colons, inner = item.nodeid.partition("::")
    ours = _file_of_ours(item.path)
    # pytest leaves the file out where the command line names one outside of its root.
    return f"{ours or file or item.path.name}{colons}{inner}"


@functools.cache
def _file_of_ours(path: Path) -> str:
    """The file of specs in their names, where it is ours; else the empty string."""
    specs = conformance_dir()
    return path.relative_to(specs.parent).as_posix() if path.is_relative_to(specs) else ""


def name_test(item: pytest.Item) -> None:
    """Tell a backend that keeps tests apart which one is next."""
    apart = item.config.stash.get(PER_TEST, None)
    if apart is not None:
        apart.begin(name_of(item))


def leave_out_differential(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the searches where neither -m nor a path on the command line names them."""
    if DIFFERENTIAL in config.option.markexpr or any(DIFFERENTIAL in arg for arg in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker(DIFFERENTIAL)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def check_marks(items: list[pytest.Item]) -> None:
    """Check all tests' markers, and tell the reports which clauses a test is for.

    An xdist worker can't end the run, so it runs nothing and leaves word for the controller.
    """
    for item in items:
        try:
            item.stash[MARKS] = found = marks(item)
        except UsageProblem as problem:
            if hasattr(item.config, "workeroutput"):
                item.config.workeroutput[PROBLEM] = str(problem)
                items[:] = []
                return
            raise pytest.UsageError(f"{_OURS}{problem}") from problem
        if found.clauses or needed_by([item]):
            item.user_properties.append((summary.SPEC, name_of(item)))
        item.user_properties += [(summary.CLAUSE, cited.slug) for cited in found.clauses]


def skip_unless_applicable(item: pytest.Item) -> None:
    """Mark a test that doesn't apply as skipped, and tell its report which reason it is.

    Runs before pytest's own look at the skip markers, which names the test's own line.
    """
    if not needed_by([item]):
        return
    backend = backend_of(item.config)
    item.user_properties.append((summary.KERNEL, _line(item.config)))
    item.user_properties.append((summary.BOARD, backend.host.name))
    found = item.stash[MARKS]
    if why := found.not_applicable(backend.revision):
        item.user_properties.append((summary.NOT_APPLICABLE, why))
        item.add_marker(pytest.mark.skip(f"not applicable to {backend.revision}: {why}"))
    elif lack := found.missing(backend.host, backend.hardware):
        item.user_properties.append((summary.MISSING, lack))
        item.add_marker(pytest.mark.skip(f"not verified: {lack}"))


def strict_spec(config: pytest.Config) -> bool:
    """Whether a kernel that differs from its documentation fails the run."""
    given = config.getoption(STRICT_SPEC.dest)
    return bool(config.getini(STRICT_SPEC.dest) if given is None else given)


def fail_if_divergent(item: pytest.Item) -> None:
    """With strict_spec, fail a test that passed and cites where text and kernel differ.

    The report says that this alone failed, so that the clauses still count as verified.
    """
    if not strict_spec(item.config) or not needed_by([item]):
        return
    found = [cited for cited in item.stash[MARKS].clauses if cited.divergent]
    if found:
        item.user_properties.append((summary.STRICT, "the test passed but for this"))
        text = "\n".join(line for cited in found for line in summary.difference(cited))
        pytest.fail(f"documentation and kernel differ:\n{text}", pytrace=False)


def attach_script(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put the test's calls into its report, as a script for ``kvmpmu play``."""
    session = item.stash.get(SESSION, None)
    if session is not None and session.record:
        text = script.dump(call for call, _ in session.record)
        report.sections.append((SCRIPT_TITLES[0], text))
        said = [
            "no answer" if outcome is None else json.dumps(outcome.to_json())
            for _, outcome in session.record
        ]
        report.sections.append((SCRIPT_TITLES[1], "\n".join(said)))


def calls_of(item: pytest.Item) -> tuple[dict[str, Any], ...]:
    """The test's calls so far, each with its outcome, in their JSON form."""
    session = item.stash.get(SESSION, None)
    return tuple(
        {"call": call.to_json(), "outcome": None if outcome is None else outcome.to_json()}
        for call, outcome in (session.record if session is not None else ())
    )


def stop_if_lost(item: pytest.Item) -> None:
    """End the run after this test if its backend is of no more use; says so to a controller."""
    backend = item.config.stash.get(BACKEND, None)
    if backend is None or not backend.lost:
        return
    item.config.stash[STOPPED] = backend.lost
    if hasattr(item.config, "workeroutput"):
        item.config.workeroutput[LOST] = backend.lost
    item.session.shouldstop = f"pytest-kvmpmu: {backend.lost.splitlines()[0]}"


def stopped(config: pytest.Config) -> list[str]:
    """Why the run stopped before its end, if it did."""
    text = config.stash.get(STOPPED, "")
    return ["", "the run was stopped:", *text.splitlines()] if text else []


def heed_worker(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Take over what an xdist worker left for the controller."""
    if PROBLEM in output:
        config.stash[WORKERS_PROBLEM] = output[PROBLEM]
    if NO_TARGET in output:
        config.stash[FAILED] = pytest.UsageError(output[NO_TARGET])
    if LOST in output:
        config.stash[STOPPED] = output[LOST]


def end_for_workers(config: pytest.Config) -> None:
    """pytest.UsageError where xdist's workers could not begin, with what one of them said."""
    if WORKERS_PROBLEM in config.stash:
        raise pytest.UsageError(f"{_OURS}{config.stash[WORKERS_PROBLEM]}")
    if config.getoption("numprocesses", None) and FAILED in config.stash:
        run = config.stash[GATHERED].run
        if run is None or run.missing:  # no worker had one either
            raise config.stash[FAILED]


def let_go(item: pytest.Item) -> None:
    """Forget the test's calls: pytest keeps every item to the end of the run."""
    if SESSION in item.stash:
        del item.stash[SESSION]


def close(config: pytest.Config) -> None:
    """Close the backend if there is one."""
    backend = config.stash.get(BACKEND, None)
    if backend is not None:
        backend.close()
        del config.stash[BACKEND], config.stash[PER_TEST]
