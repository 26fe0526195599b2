"""Files that are copied into a lab VM.

QEMU offers them to the guest as one blob in its firmware configuration (fw_cfg): a device that
each of its machines has, whose content is not in snapshots, and which copies at the speed of
memory.  Not for: unpacking them in the guest (``agent.files``).
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ...agent.command import HOME
from ...agent.files import NAME
from ...errors import UsageProblem
from .hardware import MEMORY_MB

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Copy:
    """One file: its path here, its absolute path in the guest, its permissions."""

    source: Path
    path: str
    mode: int


def parse(text: str) -> list[Copy]:
    """The copies for ``FILE[:DEST]``: a file, or all files below a folder.

    DEST is relative to the command's folder, and names a folder if it ends with a slash.
    Raises `UsageProblem` if FILE can't be copied.
    """
    name, dest = text, ""
    if not os.path.lexists(text) and ":" in text:
        name, _, dest = text.rpartition(":")
    source = Path(name).expanduser()
    if not name or not source.exists():
        raise UsageProblem(f"--copy {text}: {name!r} does not exist", "Write FILE or FILE:DEST")
    target = PurePosixPath(HOME, dest)
    if dest.endswith("/") or not dest:
        target /= source.resolve().name
    return list(_below(source, target, text))


def _below(source: Path, target: PurePosixPath, text: str) -> Iterator[Copy]:
    if source.is_dir():
        for child in sorted(source.iterdir()):
            yield from _below(child, target / child.name, text)
    elif source.is_file():
        yield Copy(source, str(target), source.stat().st_mode & 0o777)
    else:
        raise UsageProblem(
            f"--copy {text}: {source} is neither a file nor a folder", "Copy plain files"
        )


class Parcel:
    """The files of ``copies``.  The open file ``fd`` has their contents one after the other."""

    def __init__(self, copies: Iterable[Copy]) -> None:
        self._files: list[dict[str, Any]] = []
        self._sum = self._size = 0
        self._whole = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self.fd = self._whole.fileno()
        try:
            for copy in copies:
                self._add(copy)
            self._whole.flush()
        except BaseException:  # Ctrl-C included: nothing else would close it
            self.close()
            raise

    def _add(self, copy: Copy) -> None:
        size = 0
        try:
            with copy.source.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    size += len(chunk)
                    if self._size + size > MEMORY_MB << 20:
                        raise UsageProblem(
                            f"--copy: with {copy.source} the files are larger"
                            f" than a lab VM's memory of {MEMORY_MB} MiB",
                            "Copy fewer files",
                        )
                    self._sum = zlib.crc32(chunk, self._sum)
                    self._whole.write(chunk)
        except OSError as error:
            raise UsageProblem(
                f"--copy: {copy.source} cannot be copied: {error.strerror}", "Copy readable files"
            ) from error
        self._size += size
        self._files.append({"path": copy.path, "mode": copy.mode, "size": size})

    def options(self) -> list[str]:
        """QEMU options that show them to the guest; QEMU inherits ``fd``."""
        self._whole.seek(0)  # except on Linux /dev/fd shares the position
        return ["-fw_cfg", f"name={NAME},file=/dev/fd/{self.fd}"]

    def request(self) -> dict[str, Any]:
        """The request to the agent."""
        return {"op": "take", "files": self._files, "crc32": self._sum}

    def close(self) -> None:
        """Release the contents.  A running QEMU has its own copy."""
        self._whole.close()
