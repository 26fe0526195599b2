"""Hooks for other plugins: their own backends, targets and clauses.

pytest calls them in a plugin that it has loaded (entry point group ``pytest11``, ``-p``, a
conftest.py at the top of the run); the ``kvmpmu`` program calls them in the entry points of the
group ``kvmpmu``.  An implementation is a function with the hook's name.  It takes no argument and
needs no import of pytest.  It returns None if it adds nothing.  If the returned value is wrong,
one error names the plugin.

A plugin that also works without this one marks its functions
``pytest.hookimpl(optionalhook=True)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .backends.base import Backend
    from .settings import Settings
    from .spec.catalogue import Source
    from .targets.base import Target

MakeBackend = Callable[["Settings"], "Backend"]
MakeTarget = Callable[[str, "Settings"], "Target"]


def pytest_kvmpmu_backends() -> Mapping[str, MakeBackend] | None:
    """Backends by name, for ``--kvmpmu-backend=NAME``.

    Each is a function of the run's `pytest_kvmpmu.settings.Settings`, called once if the
    backend is selected.  It returns a `pytest_kvmpmu.backends.base.Backend`, or raises
    `pytest_kvmpmu.errors.UsageProblem` if it can't make one.  The backend defines what
    ``--kvmpmu-target`` means.  Names are lower-case words joined by hyphens.
    """


def pytest_kvmpmu_targets() -> Mapping[str, MakeTarget] | None:
    """Targets by scheme, for ``--kvmpmu-backend=real --kvmpmu-target=SCHEME:REST``.

    Each is a function of REST and the run's Settings.  It returns a
    `pytest_kvmpmu.targets.base.Target`, or raises UsageProblem for a bad REST.
    Whether an agent answers is checked when the target is connected.  Schemes have the same
    form as names of backends.
    """


def pytest_kvmpmu_clauses() -> Source | None:
    """Clauses in the plugin's own files, for ``kvmpmu_clause`` and ``kvmpmu clauses``.

    The files have the form of ``pytest_kvmpmu/spec/clauses.toml``, ``unspecified.toml`` and
    ``changes.toml``, but sections may be those of any document.  A slug that already exists is an
    error.  `pytest_kvmpmu.testing.check_clauses` checks them against the specs.
    """
