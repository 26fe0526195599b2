"""Hooks for other plugins: backends, targets and clauses of their own.

pytest calls them in a plugin that it has loaded (entry point group ``pytest11``, ``-p``, a
conftest.py at the top of the run); the ``kvmpmu`` program in what is listed in the entry point
group ``kvmpmu``.  An implementation is a function of the hook's name; it needs no import of
pytest, and takes no argument.  None says that there is nothing to add; whatever is wrong with what
is returned is one error that names the plugin.

A plugin that is of use without this one marks its functions ``pytest.hookimpl(optionalhook=True)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .backends.base import Backend
from .settings import Settings
from .spec.catalogue import Source
from .targets.base import Target

MakeBackend = Callable[[Settings], Backend]
MakeTarget = Callable[[str, Settings], Target]


def pytest_kvmpmu_backends() -> Mapping[str, MakeBackend] | None:
    """Backends by name, for ``--kvmpmu-backend=NAME``.

    Each is a function of the run's `pytest_kvmpmu.settings.Settings`, called once where the
    backend is asked for; it gives a `pytest_kvmpmu.backends.base.Backend`, or raises
    `pytest_kvmpmu.errors.UsageProblem` where there can be none.  What ``--kvmpmu-target``
    means to it is its own affair.  Names are lower-case words joined by hyphens.
    """


def pytest_kvmpmu_targets() -> Mapping[str, MakeTarget] | None:
    """Targets by scheme, for ``--kvmpmu-backend=real --kvmpmu-target=SCHEME:REST``.

    Each is a function of REST and the run's Settings.  It returns a
    `pytest_kvmpmu.targets.base.Target`, or raises UsageProblem for a REST that can't be right.
    Whether an agent answers is found when the target is connected.  Schemes are formed as the
    backends' names are.
    """


def pytest_kvmpmu_clauses() -> Source | None:
    """Clauses in files of the plugin's own, for ``kvmpmu_clause`` and ``kvmpmu clauses``.

    The form of the files is that of ``pytest_kvmpmu/spec/clauses.toml``, ``unspecified.toml`` and
    ``changes.toml``, but that sections may be those of any document.  A slug that is there
    already is an error.  `pytest_kvmpmu.testing.check_clauses` holds them against the specs.
    """
