"""The line that says what a run is on: for pytest's report header and every spec's reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..backends.base import Backend
from ..data.host import format_cpus
from ..settings import OPTIONS, REPORT, RUN_OPTIONS, STRICT_SPEC, Settings
from ..support.resources import conformance_dir
from . import workers
from .backend import backend_of, close
from .config import settings_of

_LINE = pytest.StashKey[str]()


def asked_for(config: pytest.Config) -> bool:
    """Whether this run was given one of our options or our specs, and will run tests."""
    if config.option.collectonly or config.option.help or workers.is_worker(config):
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
    """The report header's line.  Starts the backend; an xdist controller closes it afterwards."""
    line = f"kvmpmu: {description(config)}"
    if config.getoption("numprocesses", None):
        close(config)
    return line


def description(config: pytest.Config) -> str:
    """What this run is on; starts the backend."""
    if _LINE not in config.stash:
        config.stash[_LINE] = _described(backend_of(config), settings_of(config))
    return config.stash[_LINE]


def _described(backend: Backend, settings: Settings) -> str:
    """Backend, target, kernel, revision, topology and PMUs in probe order, in one line."""
    listed = [f"{pmu.name}={pmu.type} (cpus {format_cpus(pmu.cpus)})" for pmu in backend.host.pmus]
    parts = [
        f"backend {settings.backend}{f' on {settings.place}' if settings.place else ''}",
        f"kernel {backend.release}"
        + (f" as {backend.revision}" if backend.release != backend.revision.name else ""),
        f"topology {backend.host.name}",
        f"PMUs {', '.join(listed) or 'none'}",
        f"timeout {settings.seconds:g} s",
    ]
    return ", ".join([*parts, *backend.notes])
