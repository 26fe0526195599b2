"""Guest payloads: their names, and what their stores to the report page mean.

A payload is a few instructions that measure something and store the results to
addresses without memory, so that each store exits from the guest as KVM_EXIT_MMIO.
``fixtures/payloads/NAME.toml`` gives the addresses, ``NAME.S`` the program.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import NamedTuple

from ..errors import unknown
from ..support.resources import fixtures_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Payload(NamedTuple):
    """One payload.  ``fields``, ``done`` and ``fault`` are guest physical addresses."""

    name: str
    description: str
    fields: Mapping[str, int]
    done: int
    fault: int


@functools.cache
def payloads() -> Mapping[str, Payload]:
    """All payloads by name."""
    found = {}
    for path in sorted((fixtures_dir() / "payloads").glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        base = table["report"]
        found[path.stem] = Payload(
            path.stem,
            table["description"],
            {name: base + offset for name, offset in table["fields"].items()},
            base + table["done"],
            base + table["fault"],
        )
    return found


def payload(name: str) -> Payload:
    """The payload of that name.  Raises `UsageProblem` for an unknown name."""
    if name not in payloads():
        raise unknown("payload", name, payloads())
    return payloads()[name]
