"""Reading a recording; an incomplete file is refused, and the message names the line.

Not for: the meaning of the calls, or whether they could have been issued in that order.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageProblem
from ..support.json_lines import END, Lines
from .form import BadLine, Header, Step, World, check
from .writer import GZIP

_AGAIN = "Record it again with --kvmpmu-record"


@dataclass(frozen=True)
class Recording:
    """A complete recording: its worlds in order."""

    path: Path
    header: Header
    worlds: tuple[World, ...]

    @property
    def calls(self) -> int:
        """The number of calls in all worlds."""
        return sum(len(step.calls) for world in self.worlds for step in world.steps)


def read(path: Path) -> Recording:
    """The recording in the file ``path``.

    Raises `UsageProblem` if the file can't be read, has no footer, was changed after it was
    written, or has a broken line, which the message names.
    """
    try:
        with path.open("rb") as file:
            packed = path.name.endswith(GZIP)
            return _Reading(path).recording(gzip.open(file) if packed else file)
    except OSError as error:
        raise UsageProblem(
            f"recording {path} cannot be read: {error.strerror or error}",
            "Name a file that --kvmpmu-record wrote",
        ) from error


class _Reading:
    """One file being read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = Lines(path, "recording", _AGAIN)
        self.worlds: list[World] = []
        self.steps: list[list[Step]] = []

    def recording(self, file: Iterable[bytes]) -> Recording:
        header, end = None, False
        for value in self.lines.of(file):
            try:
                if header is None:
                    header = Header.from_json(value)
                elif end:
                    raise BadLine("this line is after the footer")
                elif END in value:
                    end = True
                    self.check_end(value)
                else:
                    self.add(value)
            except BadLine as error:
                raise self.lines.broken(str(error)) from error
        if header is None:
            raise self.lines.empty()
        if not end:
            raise self.lines.cut()
        return Recording(self.path, header, tuple(self.worlds))

    def add(self, value: dict[str, Any]) -> None:
        """Add a world, or a step of one."""
        number, count = value.get("world"), len(self.worlds)
        line = self.lines.number
        if "test" in value:
            check(value, {"world": int, "test": str})
            if number != count + 1:
                raise BadLine(f"world: {number!r} is out of order, {count + 1} is next")
            self.steps.append([])
            self.worlds.append(World(count + 1, value["test"], self.steps[-1], line))
        elif not isinstance(number, int) or not 1 <= number <= count:
            raise BadLine(f"world: {number!r} has not begun")
        else:
            self.steps[number - 1].append(Step.from_json(value, line))

    def check_end(self, value: dict[str, Any]) -> None:
        check(value, {END: dict})
        check(value[END], {"worlds": int, "calls": int, "sha256": str})
        calls = sum(len(step.calls) for steps in self.steps for step in steps)
        digest = self.lines.digest.hexdigest()
        found = {"worlds": len(self.worlds), "calls": calls, "sha256": digest}
        if found != value[END]:
            raise BadLine(f"the file was changed after it was written: its lines have {found}")
