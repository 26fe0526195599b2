"""A plugin with the target ``unnamed:LINE:BOARD``: a lab VM that is taken as a local host is.

The board boots, but the run does not know it: the host is what its agent describes.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.hooks import MakeTarget
from pytest_kvmpmu.settings import Settings
from pytest_kvmpmu.targets.base import Target
from pytest_kvmpmu.targets.lab import LabTarget


class _Unnamed(LabTarget):
    boots = False


def _unnamed(rest: str, settings: Settings) -> Target:
    line, _, board = rest.partition(":")
    return _Unnamed(line, load(board), settings.cache_dir, settings.lab_cpu)


def pytest_kvmpmu_targets() -> Mapping[str, MakeTarget]:
    return {"unnamed": _unnamed}
