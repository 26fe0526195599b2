"""A file that has its name only once it is whole; one that was there before stays until then."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import UsageProblem


class WholeFile:
    """``path``, written beside its place at first.  ``what`` it is, for messages.

    `UsageProblem`, at once, where it can't be written.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self._what = what
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with self.told():
            if path.exists() and not path.is_file():
                raise OSError(None, "it is no file")
            self.out = self._part.open("wb")

    def write(self, text: str) -> None:
        """Write text in UTF-8; what has no form in that is shown as an escape."""
        with self.told():
            self.out.write(text.encode(errors="backslashreplace"))

    def finish(self) -> None:
        """Give the file its name, and the mode of the one that was there."""
        with self.told():
            self.out.close()
            if self.path.exists():
                shutil.copymode(self.path, self._part)
            self._part.replace(self.path)

    def discard(self) -> None:
        """Leave nothing behind, if the file has no name yet."""
        with contextlib.suppress(OSError):  # what it could not write is not wanted
            self.out.close()
        self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turn an OSError into the one error that a user sees."""
        try:
            yield
        except OSError as error:
            raise UsageProblem(
                f"{self._what} {self.path} cannot be written: {error.strerror}",
                "Name a file in a folder that can be written to",
            ) from error


def write(path: Path, text: str, what: str) -> None:
    """Write a text as a whole file; a link to it stays one.  `UsageProblem` where that fails."""
    file = WholeFile(path.resolve() if path.is_symlink() else path, what)
    try:
        file.write(text)
        file.finish()
    finally:
        file.discard()
