"""Files of JSON lines that show whether they are complete: a header, lines, and a footer with
the SHA-256 of all lines before it.

Not for: what the lines mean (`recording`, `report`).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import UsageProblem

END = "end"


class Lines:
    """One file being read: ``what`` it is; ``again``, the sentence on how to get a good one."""

    def __init__(self, path: Path, what: str, again: str) -> None:
        self.path = path
        self.number = 0
        self.digest = hashlib.sha256()
        self._what = what
        self._again = again

    def of(self, file: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        """Each line's JSON; meanwhile ``digest`` covers the lines before it.

        Raises `UsageProblem` for a broken line, which it names, and if the file is cut off.
        """
        try:
            for line in file:
                if not line.endswith(b"\n"):
                    raise self.cut()
                self.number += 1
                yield self._parse(line)
                self.digest.update(line)
        except (EOFError, zlib.error) as error:
            raise self.cut() from error

    def _parse(self, line: bytes) -> dict[str, Any]:
        try:
            value = json.loads(line.decode())
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise self.broken(f"this is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise self.broken("this is not a JSON object")
        return value

    def broken(self, why: str) -> UsageProblem:
        """The error for the line read last."""
        return UsageProblem(f"{self._what} {self.path}, line {self.number}: {why}", self._again)

    def cut(self) -> UsageProblem:
        """The error for a file without footer."""
        return UsageProblem(
            f"{self._what} {self.path} has no footer: it was cut off after line {self.number}",
            self._again,
        )

    def empty(self) -> UsageProblem:
        """The error for a file without any line."""
        return UsageProblem(f"{self._what} {self.path} is empty", self._again)

    def unreadable(self, error: OSError) -> UsageProblem:
        """The error for a file that can't be read."""
        return UsageProblem(
            f"{self._what} {self.path} cannot be read: {error.strerror or error}", self._again
        )
