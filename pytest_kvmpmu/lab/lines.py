"""The kernel lines and the user space of the lab, as the tables in ``fixtures/lab`` give them.

Not for: versions.  Which package of a line is current is the mirror's to say (`packages`).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageProblem, unknown
from ..support.resources import fixtures_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_LINES = "lines.toml"
# A value of `Line.protected`.
VHE = "VHE"
_KEYS = ("name", "what", "suite", "package", "carriers", "image")


@dataclass(frozen=True)
class Line:
    """A kernel line: a row of ``lines.toml``, or an Image of the user's own.

    ``suite``, ``package``, ``carriers`` and ``image`` lead to the kernel in the archive; ``what``
    describes it.  ``protected`` says on which cores KVM has its protected mode (``all``, `VHE` or
    none), ``no_vgic`` whether it starts in that mode on a GICv2, ``nested`` whether guests may have
    an EL2, ``cpu`` the core to emulate if none is named (empty: the usual one).  A line that is
    ``apart`` is used only where it is named.  ``also_cpu``,
    ``also_boards`` and ``laws`` are for the project's own runs of the specs.
    ``own`` is the path of the user's Image, and then the others are empty.
    """

    name: str
    suite: str = ""
    package: str = ""
    carriers: tuple[str, ...] = ()
    image: str = ""
    what: str = ""
    also_cpu: tuple[str, ...] = ()
    laws: int = 0
    protected: str = ""
    no_vgic: bool = False
    nested: bool = False
    cpu: str = ""
    also_boards: tuple[str, ...] = ()
    apart: bool = False
    own: Path | None = None


@dataclass(frozen=True)
class Userspace:
    """What ``userspace.toml`` says: packages, and what of them goes into the initramfs."""

    suite: str
    packages: tuple[str, ...]
    carriers: tuple[str, ...]
    programs: dict[str, str]
    stdlib: str
    drop: tuple[str, ...]


def _table(name: str) -> dict[str, Any]:
    with (fixtures_dir() / "lab" / name).open("rb") as file:
        return tomllib.load(file)


@functools.cache
def lines() -> tuple[Line, ...]:
    """Every line of the table, oldest first.  Raises `UsageProblem` for a row without a key."""
    return tuple(_line(row, number) for number, row in enumerate(_table(_LINES)["line"], 1))


def _line(row: Mapping[str, Any], number: int) -> Line:
    for key in _KEYS:
        if key not in row:
            raise UsageProblem(
                f"{fixtures_dir() / 'lab' / _LINES}, [[line]] {number} ({row.get('name', '?')}):"
                f" the key {key} is missing",
                f"A row has the keys {', '.join(_KEYS)}",
            )
    return Line(
        row["name"],
        row["suite"],
        row["package"],
        tuple(row["carriers"]),
        row["image"],
        row["what"],
        tuple(row.get("also_cpu", ())),
        row.get("laws", 0),
        row.get("protected", ""),
        row.get("no_vgic", False),
        row.get("nested", False),
        row.get("cpu", ""),
        tuple(row.get("also_boards", ())),
        row.get("apart", False),
    )


def names() -> list[str]:
    """The names of the lines."""
    return [line.name for line in lines()]


def usual_names() -> list[str]:
    """The names of the lines to use where none is named."""
    return [line.name for line in lines() if not line.apart]


def load(name: str) -> Line:
    """The line of that name; a name with a slash in it is the path of a kernel Image.

    Raises `UsageProblem` for any other name.
    """
    if "/" in name:
        path = Path(name).expanduser()
        if path.is_file():
            return Line(path.name, own=path.resolve())
        raise unknown("lab line", name, [*names(), "or the path of a kernel Image"])
    for line in lines():
        if line.name == name:
            return line
    raise unknown("lab line", name, names())


def userspace() -> Userspace:
    """The user space that all lines share."""
    table = _table("userspace.toml")
    stdlib = table["stdlib"]
    return Userspace(
        table["suite"],
        tuple(table["packages"]),
        tuple(table["carriers"]),
        dict(table["programs"]),
        stdlib["path"],
        tuple(stdlib["drop"]),
    )
