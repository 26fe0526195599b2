"""Writing a recording: beside its place at first, and under its name only when it is whole.

A file under its own name is whole therefore, and one that was there stays until then.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..backends.base import BackendFailure
from ..errors import UsageProblem
from .form import END, Header, Step

GZIP = ".gz"


class Writer:
    """Writes the recording ``path``; a name that ends in ``.gz`` compresses it.

    ``header`` has to be set before the first world.  `UsageProblem` where the file can't
    be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Header | None = None
        self.worlds = 0
        self.calls = 0
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._digest = hashlib.sha256()
        self._begun = False
        with self._told():
            if path.exists() and not path.is_file():
                raise OSError(None, "it is no file")
            self._file = self._part.open("wb")
        self._out: BinaryIO = self._file
        if path.name.endswith(GZIP):
            # Neither name nor time, so that the same lines make the same file.
            self._out = cast(BinaryIO, gzip.GzipFile("", "wb", 9, self._file, mtime=0))

    def world(self, test: str) -> int:
        """The number of a new world, made by that test."""
        self.worlds += 1
        self._line({"world": self.worlds, "test": test})
        return self.worlds

    def step(self, world: int, step: Step) -> None:
        """Write a step.  `BackendFailure` where that fails: the run is then of no use."""
        self._line(step.to_json(world))
        self.calls += len(step.calls)

    def finish(self) -> None:
        """Write the footer and give the file its name."""
        with self._told():
            self._begin()
            digest = self._digest.hexdigest()
            counts = {"worlds": self.worlds, "calls": self.calls}
            self._write({END: {**counts, "sha256": digest}})
            self._close()
            self._part.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError):  # what it could not write is not wanted
            self._close()
        self._part.unlink(missing_ok=True)

    def _line(self, value: dict[str, Any]) -> None:
        try:
            self._begin()
            self._write(value)
        except OSError as error:
            raise BackendFailure(f"recording {self.path}: {error.strerror}") from error

    def _begin(self) -> None:
        if not self._begun:
            assert self.header is not None
            self._begun = True
            self._write(self.header.to_json())

    def _write(self, value: dict[str, Any]) -> None:
        line = json.dumps(value).encode() + b"\n"
        self._digest.update(line)
        self._out.write(line)

    def _close(self) -> None:
        try:
            self._out.close()
        finally:
            self._file.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageProblem(
                f"recording {self.path} cannot be written: {error.strerror}",
                "Name a file in a folder that can be written to",
            ) from error
