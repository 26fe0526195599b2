"""The options and ini keys of a run, read once, and what other plugins add.

Not for: which options there are, or what a value means (`settings`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from .. import extensions
from ..errors import UsageProblem
from ..settings import OPTIONS, REPORT, STRICT_SPEC, Option, Settings, resolve

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
EXTENSIONS: pytest.StashKey[extensions.Extensions] = pytest.StashKey()
# How many hook implementations were called.
_ASKED = pytest.StashKey[int]()


# The prefix of this plugin's errors.
OURS = "pytest-kvmpmu: "


def usage_error(problem: Exception | str) -> pytest.UsageError:
    """The error that ends a run without a traceback and names this plugin."""
    return pytest.UsageError(f"{OURS}{problem}")


@contextlib.contextmanager
def usage_errors(*kinds: type[Exception]) -> Iterator[None]:
    """Turn a `UsageProblem`, or an exception of ``kinds``, into a pytest.UsageError.

    The exception itself is its ``__cause__``.
    """
    caught: tuple[type[Exception], ...] = (UsageProblem, *kinds)
    try:
        yield
    except caught as problem:
        raise usage_error(problem) from problem


def ini(config: pytest.Config, option: Option) -> Any:
    """The value of an option's ini key: a string, true or false for a switch, or a list of strings.

    Raises pytest.UsageError for another type, where pytest does not: 9.2 does for native TOML,
    before that a TypeError or ValueError comes; under ``-W error`` its warning of a list does.
    """
    try:
        value = config.getini(option.dest)
    except (TypeError, ValueError, Warning) as error:
        wanted = {REPORT: "a list of strings", STRICT_SPEC: "true or false"}
        raise usage_error(
            f"the ini key {option.dest} has to be {wanted.get(option, 'a string')}"
        ) from error
    return value if isinstance(value, bool | list) else str(value)


def extend(config: pytest.Config) -> None:
    """Collect what other plugins add; their clauses are known until the run ends.

    Raises pytest.UsageError that names the faulty plugin.
    """
    from ..spec import catalogue

    with usage_errors():
        # Not in pytest_addhooks: there, pytest shows a plugin's error as a traceback.
        extensions.declare(config.pluginmanager)
        found = extensions.collect(config.pluginmanager)
    config.stash[EXTENSIONS] = found
    config.stash[_ASKED] = extensions.count(config.pluginmanager)
    config.add_cleanup(catalogue.include(found.clauses))


def refuse_latecomers(config: pytest.Config) -> None:
    """Raises pytest.UsageError if a plugin was loaded too late for its hooks to be called."""
    if extensions.count(config.pluginmanager) != config.stash[_ASKED]:
        raise usage_error(
            "a conftest.py in a subfolder of the run has a hook"
            f" ({', '.join(extensions.HOOKS)}), which is loaded too late."
            " Move it to the top of the run, or load it with -p."
        )


def settings_of(config: pytest.Config) -> Settings:
    """The options of this run.  Raises pytest.UsageError for a bad value."""
    if SETTINGS not in config.stash:

        def value(option: Option) -> str | None:
            given = config.getoption(option.dest)
            return str(given if given is not None else ini(config, option)) or None

        with usage_errors():
            config.stash[SETTINGS] = resolve(
                value, config.invocation_params.dir, others=config.stash[EXTENSIONS].backends
            )
    return config.stash[SETTINGS]


def check_options(config: pytest.Config) -> None:
    """Check the options as far as possible without a device, even if no test uses them."""
    if any(config.getoption(o.dest) is not None or ini(config, o) for o in OPTIONS):
        settings_of(config)


def strict_spec(config: pytest.Config) -> bool:
    """Whether a kernel that differs from its documentation fails the run."""
    given = config.getoption(STRICT_SPEC.dest)
    return bool(ini(config, STRICT_SPEC) if given is None else given)
