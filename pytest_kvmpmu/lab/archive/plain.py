"""A Debian mirror read without apt: Python fetches, gpgv or sqv checks the signature.

The chain of trust is apt's: the user's keyring, the signed Release file, the list of packages
by its hash there, the packages by their hashes in the list.  Not for: components but main.
"""

from __future__ import annotations

import contextlib
import gzip
import lzma
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from ...errors import UsageProblem
from ..failure import LabFailure
from ..host import requirements
from ..progress import Meter, Progress
from . import fetch, release, signature
from .index import Index, Stanza
from .mirror import ARCHITECTURE, Deb, Mirror, SuiteMissing, begin_download

LIST = f"main/binary-{ARCHITECTURE}/Packages"
# Compressions of the list, best first.
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
    "": bytes,
}
# A limit in bytes: a Release file has 0.2 MB, its signature some kB.
_MOST = 4_000_000


class PlainSuite:
    """One suite of the mirror (`mirror.Suite`).  Its list is in the folder ``state``."""

    def __init__(self, mirror: Mirror, name: str, state: Path) -> None:
        self.name = name
        self._mirror = mirror
        self._state = state
        self._index: Index | None = None

    def update(self, progress: Progress) -> None:
        """Fetch the list of packages.  Raises `SuiteMissing` if the mirror has no such suite."""
        self._state.mkdir(parents=True, exist_ok=True)
        progress(f"reading the package list of {self.name}")
        current = self._release()
        packing = next((end for end in PACKINGS if LIST + end in current.files), None)
        if packing is None:
            raise LabFailure(
                f"{self._below('Release')} names no list of packages for {ARCHITECTURE}"
            )
        kept = self._list(current, packing, progress)
        try:
            self._index = Index(PACKINGS[packing](kept.read_bytes()), self.name)
        except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
            raise LabFailure(f"{self._below(LIST + packing)} can't be unpacked: {error}") from error

    def show(self, names: Sequence[str]) -> list[Stanza]:
        """The current versions' stanzas of these packages, by field name."""
        return [self._listed().stanza(name) for name in names]

    def debs(self, names: Sequence[str]) -> list[Deb]:
        """The current package files of these packages."""
        return [Deb.of(stanza) for stanza in self.show(names)]

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all their dependencies."""
        return self._listed().closure(names)

    def download(self, debs: Sequence[Deb], into: Path, progress: Progress) -> None:
        """Fetch package files into the folder ``into``, unless it already has them complete.

        A partial download stays there, and the next try resumes it.
        """
        missing = begin_download(debs, into, self.name, progress)
        meter, done = Meter(progress, "downloading", sum(deb.size for deb in missing)), 0
        for deb in missing:
            url = f"{self._mirror.url}/{deb.path}"
            try:
                fetch.file(url, into / deb.file, deb.size, deb.sha256, meter.after(done))
            except fetch.NotThere:
                raise LabFailure(
                    f"{url} does not exist, though the list of {self.name} has it;"
                    " the mirror may be in the middle of an update"
                ) from None
            done += deb.size

    def _listed(self) -> Index:
        assert self._index is not None  # update() comes first
        return self._index

    def _below(self, path: str) -> str:
        return f"{self._mirror.url}/dists/{self.name}/{path}"

    def _release(self) -> release.Release:
        """The suite's Release file, with a good signature and not expired."""
        verifier = signature.find(Path(self._mirror.keyring), self._state)
        text: bytes | None = None
        origin = self._below("InRelease")
        try:
            # One file: text and signature are always of the same update.
            with contextlib.suppress(fetch.NotThere):
                text = verifier.clearsigned(fetch.small(origin, _MOST))
            if text is None:
                origin = self._below("Release")
                text = verifier.detached(
                    fetch.small(origin, _MOST), fetch.small(f"{origin}.gpg", _MOST)
                )
        except fetch.NotThere:
            raise SuiteMissing(self.name) from None
        except signature.NotSigned as refused:
            raise UsageProblem(
                f"the signature of {origin} is not valid with {self._mirror.keyring}: {refused}",
                "Use another mirror, or newer keys of the Debian archive:"
                f" set {requirements.KEYRING_VARIABLE} to the path of their file",
            ) from refused
        found = release.parse(text, origin)
        release.check(found, self.name, origin)
        return found

    def _list(self, current: release.Release, packing: str, progress: Progress) -> Path:
        """The list of packages that the Release file names: the cached one, or a new one."""
        size, sha256 = current.files[LIST + packing]
        kept = self._state / f"Packages{packing}"
        if Deb("", "", "", size, sha256).whole(kept):
            return kept
        by_hash = f"{LIST.rpartition('/')[0]}/by-hash/SHA256/{sha256}"
        meter = Meter(progress, f"the package list of {self.name}", size)
        # Its address by hash is valid even while the mirror is updated.
        for path in ([by_hash] if current.by_hash else []) + [LIST + packing]:
            try:
                fetch.file(self._below(path), kept, size, sha256, meter.at)
                return kept
            except fetch.NotThere:
                continue
        raise LabFailure(
            f"{self._below(LIST + packing)} does not exist, though its Release file has it"
        )
