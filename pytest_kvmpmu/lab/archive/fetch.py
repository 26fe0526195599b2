"""Fetching files over HTTP, HTTPS or from a folder (``file:``), with Python alone.

An interrupted download is resumed, now or by a later run.  Proxies come from the environment
(``http_proxy``, ``https_proxy``, ``no_proxy``).
Not for: knowing which hash is right; `file` only compares with the one that it is given.
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

Arrived = Callable[[int], None]
"""Takes the number of bytes of the file that have arrived."""


class NotThere(Exception):
    """The address does not exist."""


class _Broken(Exception):
    """The server or the network failed; a retry may work."""


def small(url: str, most: int) -> bytes:
    """The content of ``url``, at most ``most`` bytes.  Raises `NotThere` or `LabFailure`."""
    try:
        with _open(url, 0) as answer:
            content = _read(answer, most + 1)
    except _Broken as broken:
        raise LabFailure(f"{url} can't be fetched: {broken}") from broken
    if len(content) > most:
        raise LabFailure(f"{url} is larger than {megabytes(most)}, which can't be right")
    return content


def file(url: str, path: Path, size: int, sha256: str, arrived: Arrived = lambda _: None) -> None:
    """Fetch ``url`` as the file ``path``, which appears once size and hash are right.

    Raises `NotThere` or `LabFailure`; a partial download then stays for the next try.
    """
    part = path.with_name(path.name + PART)
    begun = part.exists()
    _complete(url, part, size, arrived)
    found = _hash(part)
    if found != sha256 and begun:  # the older part may be of another file
        part.unlink()
        _complete(url, part, size, arrived)
        found = _hash(part)
    if found != sha256:
        part.unlink()
        raise LabFailure(
            f"{url} is not the file that the archive signed: its SHA-256 is {found}, not {sha256}"
        )
    part.replace(path)


def _complete(url: str, part: Path, size: int, arrived: Arrived) -> None:
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
                _append(answer, part, have, size, arrived)
            why = "it ended early"
        except _Broken as broken:
            why = str(broken)
    have = _size(part)
    if have != size:
        what = f"broke off at {have} of {size} bytes" if have else "can't be fetched"
        raise LabFailure(f"{url} {what}, {TRIES} times: {why}")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(answer: IO[bytes], part: Path, have: int, size: int, arrived: Arrived) -> None:
    # A server without range requests, and a folder, start from the beginning.
    goes_on = have > 0 and getattr(answer, "status", None) == HTTPStatus.PARTIAL_CONTENT
    if not goes_on:
        have = 0
    with part.open("ab" if goes_on else "wb") as out:
        while chunk := _read(answer, _CHUNK):
            out.write(chunk)
            have += len(chunk)
            arrived(have)
            if have > size:  # an endless answer must not fill the disk
                out.truncate(0)
                raise _Broken("it is larger than the archive says")


def _open(url: str, start: int) -> IO[bytes]:
    headers = {"User-Agent": f"pytest-kvmpmu/{__version__}"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        request = urllib.request.Request(url, headers=headers)
        # urlopen would keep the proxies of its first use.
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
        raise LabFailure(f"{url} is not a valid address: {error}") from error


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
