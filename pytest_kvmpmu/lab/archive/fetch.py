"""Fetching files over HTTP, HTTPS or from a folder (``file:``), with Python alone.

A download that breaks off is gone on with, now and by a later run.  Proxies are those of the
environment (``http_proxy``, ``https_proxy``, ``no_proxy``).
Not for: whether what was fetched is what was wanted; `file` compares a hash that is given.
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO, cast

from ... import __version__
from ..failure import LabFailure
from ..progress import megabytes

SECONDS = 30.0
TRIES = 5
PART = ".part"

_CHUNK = 1 << 18

Told = Callable[[int], None]
"""Takes how many bytes of the file are there."""


class NotThere(Exception):
    """There is nothing at that address."""


class _Broken(Exception):
    """The other side did not do its part; another try may go better."""


def small(url: str, most: int) -> bytes:
    """All that is at ``url``, ``most`` bytes at the most.  `NotThere`, or `LabFailure`."""
    try:
        with _open(url, 0) as answer:
            content = _read(answer, most + 1)
    except _Broken as broken:
        raise LabFailure(f"{url} can't be fetched: {broken}") from broken
    if len(content) > most:
        raise LabFailure(f"{url} is larger than {megabytes(most)}, which can't be right")
    return content


def file(url: str, path: Path, size: int, sha256: str, told: Told = lambda _: None) -> None:
    """Have what is at ``url`` as the file ``path``, once it has that size and hash.

    `NotThere`, or `LabFailure`; what was fetched of it then stays beside, for the next try.
    """
    part = path.with_name(path.name + PART)
    begun = part.exists()
    _complete(url, part, size, told)
    found = _hash(part)
    if found != sha256 and begun:  # what lay there may have been of another file
        part.unlink()
        _complete(url, part, size, told)
        found = _hash(part)
    if found != sha256:
        part.unlink()
        raise LabFailure(
            f"{url} is not the file that the archive signed for: its SHA-256 is {found},"
            f" not {sha256}"
        )
    part.replace(path)


def _complete(url: str, part: Path, size: int, told: Told) -> None:
    """Let ``part`` grow to ``size`` bytes."""
    why = ""
    if _size(part) > size:  # of another file
        part.unlink()
    for _ in range(TRIES):
        have = _size(part)
        if have == size and part.exists():
            return
        try:
            with _open(url, have) as answer:
                _append(answer, part, have, size, told)
            why = "it ended early"
        except _Broken as broken:
            why = str(broken)
    have = _size(part)
    if have != size:
        what = f"broke off at {have} of {size} bytes" if have else "can't be fetched"
        raise LabFailure(f"{url} {what}, {TRIES} times: {why}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(answer: IO[bytes], part: Path, have: int, size: int, told: Told) -> None:
    # A server that knows no ranges, or a folder, begins anew.
    goes_on = have > 0 and getattr(answer, "status", None) == HTTPStatus.PARTIAL_CONTENT
    if not goes_on:
        have = 0
    with part.open("ab" if goes_on else "wb") as out:
        while chunk := _read(answer, _CHUNK):
            out.write(chunk)
            have += len(chunk)
            told(have)
            if have > size:  # an endless answer must not fill the disk
                out.truncate(0)
                raise _Broken("it is longer than the archive says")


def _open(url: str, start: int) -> IO[bytes]:
    headers = {"User-Agent": f"pytest-kvmpmu/{__version__}"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        # The module's own opener keeps the proxies of its first use.
        opener = urllib.request.build_opener()
        return cast(IO[bytes], opener.open(request, timeout=SECONDS))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            raise NotThere(url) from error
        if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise LabFailure(f"{url} can't be fetched: {error}") from error
        raise _Broken(str(error)) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, FileNotFoundError):
            raise NotThere(url) from error
        raise _Broken(str(reason) or type(reason).__name__) from error
    except ValueError as error:
        raise LabFailure(f"{url} is no address: {error}") from error


def _read(answer: IO[bytes], size: int) -> bytes:
    try:
        return answer.read(size)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from error


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
