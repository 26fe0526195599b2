"""The vGIC devices: a file for each kind of GIC, ``vN.py`` for the GICvN of `data.gic`.

The file has the tables ``SET`` and ``HAS`` of the device's attributes, and ``SINCE``, the first
revision whose kernels make the device; and for KVM_RUN the conditions ``no_bases`` (a frame has no
address) and ``overlap`` (of two frames), and ``INITIALIZED_BY_RUN``: KVM_RUN initialises the
device by itself.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from ...data.gic import GICS
from ..state import Context
from ..table import Row, Table

# By the kind's number.  ModuleNotFoundError: a row of `data.gic` has no file here.
_KINDS = {version: importlib.import_module(f".v{version}", __name__) for version in GICS}


def tables(*before: Row) -> dict[tuple[str, str], Table]:
    """The tables of all kinds, by ioctl and kind (``GICv3``); each begins with ``before``."""
    found: dict[tuple[str, str], Table] = {}
    for version, gic in GICS.items():
        kind = _KINDS[version]
        for ioctl, rows in (("SET", kind.SET), ("GET", ()), ("HAS", kind.HAS)):
            table = [
                row if row.since >= kind.SINCE else row._replace(since=kind.SINCE)
                for row in (*before, *rows)
            ]
            found[f"KVM_{ioctl}_DEVICE_ATTR", str(gic)] = tuple(table)
    return found


def _kind(c: Context) -> ModuleType | None:
    return _KINDS[c.gic.version] if c.gic else None


def no_bases(c: Context) -> bool:
    """The VM has a vGIC, and one of its frames has no address."""
    kind = _kind(c)
    return kind is not None and bool(kind.no_bases(c))


def overlap(c: Context) -> bool:
    """The VM has a vGIC, and two of its frames overlap."""
    kind = _kind(c)
    return kind is not None and bool(kind.overlap(c))


def not_initialized(c: Context) -> bool:
    """The VM has a vGIC that is not initialised, and that KVM_RUN does not initialise."""
    kind = _kind(c)
    return kind is not None and not kind.INITIALIZED_BY_RUN and not c.vm.vgic_initialized


def initialized_by_run(c: Context) -> bool:
    """The VM has a vGIC that is not initialised, and that KVM_RUN initialises."""
    kind = _kind(c)
    return kind is not None and bool(kind.INITIALIZED_BY_RUN) and not c.vm.vgic_initialized
