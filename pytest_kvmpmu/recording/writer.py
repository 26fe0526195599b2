"""Writing a recording to a temporary file, which is renamed when it is complete.

A file of that name is thus always complete, and an older one stays until then.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors import BackendFailure
from ..support.json_lines import END
from ..support.whole_file import WholeFile
from .form import Header, Step

GZIP = ".gz"


class Writer:
    """Writes the recording ``path``, compressed if its name ends in ``.gz``.

    ``header`` must be set before the first world.  Raises `UsageProblem` if the file can't
    be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Header | None = None
        self.worlds = 0
        self.calls = 0
        self._digest = hashlib.sha256()
        self._begun = False
        self._file = WholeFile(path, "recording")
        self._out: BinaryIO = self._file.out
        if path.name.endswith(GZIP):
            # No name and no time, so that the same lines make the same file.
            self._out = cast(BinaryIO, gzip.GzipFile("", "wb", 9, self._file.out, mtime=0))

    def world(self, test: str) -> int:
        """The number of a new world of ``test``."""
        self.worlds += 1
        self._line({"world": self.worlds, "test": test})
        return self.worlds

    def step(self, world: int, step: Step) -> None:
        """Write a step.  Raises `BackendFailure` if that fails: the run is then unusable."""
        self._line(step.to_json(world))
        self.calls += len(step.calls)

    def finish(self) -> None:
        """Write the footer and rename the file to its name."""
        with self._file.os_errors():
            self._begin()
            digest = self._digest.hexdigest()
            counts = {"worlds": self.worlds, "calls": self.calls}
            self._write({END: {**counts, "sha256": digest}})
            self._out.close()
        self._file.finish()

    def discard(self) -> None:
        """Remove the temporary file."""
        with contextlib.suppress(OSError):  # the file is removed anyway
            self._out.close()
        self._file.discard()

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
