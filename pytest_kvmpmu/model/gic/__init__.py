"""The vGIC devices: a file for each kind of GIC, ``vN.py`` for the GICvN of `data.gic`.

The file has the tables ``SET`` and ``HAS`` of the device's attributes, and ``SINCE``, the first
revision whose kernels make the device.
"""

from __future__ import annotations

import importlib

from ...data.gic import GICS
from ..table import Row, Table


def tables(*before: Row) -> dict[tuple[str, str], Table]:
    """The tables of all kinds, by ioctl and kind (``GICv3``); each begins with the rows ``before``.

    Raises ModuleNotFoundError for a row of `data.gic` that has no file here.
    """
    found: dict[tuple[str, str], Table] = {}
    for version, gic in GICS.items():
        kind = importlib.import_module(f".v{version}", __name__)
        for ioctl, rows in (("SET", kind.SET), ("GET", ()), ("HAS", kind.HAS)):
            table = [
                row if row.since >= kind.SINCE else row._replace(since=kind.SINCE)
                for row in (*before, *rows)
            ]
            found[f"KVM_{ioctl}_DEVICE_ATTR", str(gic)] = tuple(table)
    return found
