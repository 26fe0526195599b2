"""Wrong kernels that no spec can distinguish from the model, and why: explained.toml."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Explained:
    """Those whose name matches one of ``names`` (shell patterns), in any revision, and ``why``."""

    names: tuple[str, ...]
    why: str

    def tells_of(self, name: str) -> bool:
        """Whether it explains the wrong kernel of that name."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)


def explained(path: Path = PATH) -> list[Explained]:
    """The reasons in the file."""
    rows: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Explained(tuple(row["names"]), row["why"]) for row in rows["survivor"]]
