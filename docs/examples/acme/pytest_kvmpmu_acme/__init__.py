"""ACME's plugin for pytest-kvmpmu: a backend, a target and clauses.

ACME ships a kernel with one change: KVM_ARM_VCPU_PMU_V3_SET_PMU returns EPERM for the PMU that
was probed first, because ACME's firmware uses that PMU.  pytest loads this module in each run,
so its top level imports little.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_kvmpmu.backends.base import Backend
    from pytest_kvmpmu.hooks import MakeBackend, MakeTarget
    from pytest_kvmpmu.settings import Settings
    from pytest_kvmpmu.spec.catalogue import Source
    from pytest_kvmpmu.targets.base import Target

HERE = Path(__file__).parent


def pytest_kvmpmu_backends() -> Mapping[str, MakeBackend]:
    return {"acme": _backend}


def pytest_kvmpmu_targets() -> Mapping[str, MakeTarget]:
    return {"ssh": _target}


def pytest_kvmpmu_clauses() -> Source:
    from pytest_kvmpmu.spec.catalogue import Source

    return Source(HERE / "clauses.toml", HERE / "unspecified.toml")


def _backend(settings: Settings) -> Backend:
    from pytest_kvmpmu.errors import UsageProblem

    from .backend import AcmeBackend

    if settings.target is not None:
        raise UsageProblem(f"backend acme has no target {settings.place!r}", "Omit it")
    return AcmeBackend(settings.board, settings.kernel)


def _target(rest: str, settings: Settings) -> Target:
    from .ssh import SshTarget

    del settings
    return SshTarget(rest)
