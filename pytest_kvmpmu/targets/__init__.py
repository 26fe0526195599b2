"""Targets: how to reach a real kernel.  Each scheme has a file of its name here.

The file has a function ``target(rest, settings)``, which makes the `base.Target` of
``SCHEME:REST``, and ``names()``, the names to list if a user gives an unknown one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from types import ModuleType

from ..errors import unknown
from ..settings import LOCAL, Settings, TargetName
from .base import Target


def schemes() -> list[str]:
    """The schemes that ship: the files of this folder."""
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "base"]
    return sorted(found, key=lambda scheme: (scheme != LOCAL, scheme))  # the default first


def target(name: TargetName, settings: Settings, others: Iterable[str] = ()) -> Target:
    """The target of that name.

    Raises `UsageProblem` for an unknown name; it lists the known ones and ``others``.
    """
    known = schemes()
    made = _file(name.scheme).target(name.rest, settings) if name.scheme in known else None
    if made is None:
        listed = [each for scheme in known for each in _file(scheme).names()]
        raise unknown("target", str(name), [*listed, *others])
    assert isinstance(made, Target)
    return made


def _file(scheme: str) -> ModuleType:
    return importlib.import_module(f".{scheme}", __name__)
