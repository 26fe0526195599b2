"""A file that gets its name only when it is complete; an older file stays until then."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..errors import UsageProblem


class WholeFile:
    """``path``, first written under another name beside it.  ``what`` it is, for messages.

    Raises `UsageProblem` at once if it can't be written.
    """

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self._what = what
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        with self.os_errors():
            if path.exists() and not path.is_file():
                raise OSError(None, "it is not a regular file")
            self.out = self._part.open("wb")

    def write(self, text: str) -> None:
        """Write text in UTF-8; characters that can't be encoded are written as escapes."""
        with self.os_errors():
            self.out.write(text.encode(errors="backslashreplace"))

    def finish(self) -> None:
        """Give the file its name, and the mode of the file that it replaces."""
        with self.os_errors():
            self.out.close()
            if self.path.exists():
                shutil.copymode(self.path, self._part)
            self._part.replace(self.path)

    def discard(self) -> None:
        """Delete the file, if it does not have its name yet."""
        with contextlib.suppress(OSError):  # the text that it could not write is not needed
            self.out.close()
        self._part.unlink(missing_ok=True)

    @contextlib.contextmanager
    def os_errors(self) -> Iterator[None]:
        """Turn an OSError into a `UsageProblem`."""
        try:
            yield
        except OSError as error:
            raise UsageProblem(
                f"{self._what} {self.path} cannot be written: {error.strerror}",
                "Name a file in a folder that can be written to",
            ) from error


def write(path: Path, text: str, what: str) -> None:
    """Write a text as a whole file; a link to it stays a link.  Raises `UsageProblem`."""
    file = WholeFile(path.resolve() if path.is_symlink() else path, what)
    try:
        file.write(text)
        file.finish()
    finally:
        file.discard()
