"""Reading a recording; a file that is not whole is refused, with the place.

Not for: what the calls mean, and whether they could have been issued in that order.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageProblem
from .form import END, BadLine, Header, Step, World, check
from .writer import GZIP

_AGAIN = "Record it again, with --kvmpmu-record"


@dataclass(frozen=True)
class Recording:
    """A whole recording: its worlds in order."""

    path: Path
    header: Header
    worlds: tuple[World, ...]

    @property
    def calls(self) -> int:
        """How many calls there are in all worlds."""
        return sum(len(step.calls) for world in self.worlds for step in world.steps)


def read(path: Path) -> Recording:
    """The recording in the file ``path``.

    Raises `UsageProblem` for a file that can't be read, that has no footer or other lines
    than were written, and for a broken line, which is named.
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
    """One file being read: knows where it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self.digest = hashlib.sha256()
        self.worlds: list[World] = []
        self.steps: list[list[Step]] = []

    def recording(self, file: Iterable[bytes]) -> Recording:
        header, end = None, None
        for value in self.lines(file):
            try:
                if header is None:
                    header = Header.from_json(value)
                elif end is not None:
                    raise BadLine("there is a line after the footer")
                elif END in value:
                    end = self.number
                    self.check_end(value)
                else:
                    self.add(value)
            except BadLine as error:
                raise self.broken(str(error)) from error
        if header is None:
            raise UsageProblem(f"recording {self.path} is empty", _AGAIN)
        if end is None:
            raise self.cut()
        return Recording(self.path, header, tuple(self.worlds))

    def lines(self, file: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Each line's JSON; the digest is of the lines before it while it is looked at."""
        try:
            for line in file:
                if not line.endswith(b"\n"):
                    raise self.cut()
                self.number += 1
                yield self.parse(line)
                self.digest.update(line)
        except (EOFError, zlib.error) as error:
            raise self.cut() from error

    def parse(self, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line.decode())
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise self.broken(f"this is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise self.broken("this is no JSON object")
        return value

    def add(self, value: dict[str, Any]) -> None:
        """A world, or a step in one."""
        number, count = value.get("world"), len(self.worlds)
        if "test" in value:
            check(value, {"world": int, "test": str})
            if number != count + 1:
                raise BadLine(f"world: {number}, after {count} worlds")
            self.steps.append([])
            self.worlds.append(World(count + 1, value["test"], self.steps[-1], self.number))
        elif not isinstance(number, int) or not 1 <= number <= count:
            raise BadLine(f"world: there is no {number!r} so far")
        else:
            self.steps[number - 1].append(Step.from_json(value, self.number))

    def check_end(self, value: dict[str, Any]) -> None:
        check(value, {END: dict})
        check(value[END], {"worlds": int, "calls": int, "sha256": str})
        calls = sum(len(step.calls) for steps in self.steps for step in steps)
        found = {"worlds": len(self.worlds), "calls": calls, "sha256": self.digest.hexdigest()}
        if found != value[END]:
            raise BadLine(f"the lines before are not those that were written: {found}")

    def broken(self, why: str) -> UsageProblem:
        return UsageProblem(f"recording {self.path}, line {self.number}: {why}", _AGAIN)

    def cut(self) -> UsageProblem:
        return UsageProblem(
            f"recording {self.path} has no footer: it was cut off after line {self.number}", _AGAIN
        )
