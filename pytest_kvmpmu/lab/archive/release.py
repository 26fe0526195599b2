"""The Release file of a suite: its names, its validity, and the hashes of its lists.

Not for: its signature (`signature`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

from ...errors import UsageProblem
from ..failure import LabFailure
from . import deb822

# "no" skips the check, as apt's Acquire::Check-Valid-Until: for mirrors frozen on purpose.
CHECK_VARIABLE = "KVMPMU_LAB_CHECK_VALID_UNTIL"

# How much the host's clock may be slow.
_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True)
class Release:
    """``names``: suite and codename; ``files``: size and SHA-256 by path below the suite."""

    names: tuple[str, ...]
    date: datetime | None
    valid_until: datetime | None
    by_hash: bool
    files: dict[str, tuple[int, str]]


def parse(text: bytes, origin: str) -> Release:
    """The Release file ``text``.  Raises `LabFailure` with ``origin`` if it is not one."""
    try:
        found = deb822.fields(text.decode())
        files = {}
        for line in found["SHA256"].split("\n"):
            if line.strip():
                sha256, size, path = line.split()
                files[path] = (int(size), sha256)
        return Release(
            tuple(found[name] for name in ("Suite", "Codename") if name in found),
            _date(found.get("Date")),
            _date(found.get("Valid-Until")),
            found.get("Acquire-By-Hash") == "yes",
            files,
        )
    except (ValueError, KeyError) as error:
        raise LabFailure(f"{origin} can't be read: {type(error).__name__} {error}") from error


def check(release: Release, name: str, origin: str) -> None:
    """Raise `UsageProblem` unless ``release`` is that of suite ``name`` and valid now."""
    if name not in release.names:
        raise UsageProblem(
            f"{origin} is signed for the suite {' or '.join(release.names) or 'without a name'},"
            f" not for {name}",
            "Use another mirror",
        )
    now = datetime.now(timezone.utc)
    if release.date is not None and release.date > now + _TOLERANCE:
        raise UsageProblem(
            f"{origin} has the date {release.date:%Y-%m-%d}, but today is {now:%Y-%m-%d}",
            "Set this host's clock",
        )
    if release.valid_until is None or release.valid_until >= now:
        return
    if os.environ.get(CHECK_VARIABLE) != "no":
        raise UsageProblem(
            f"{origin} was valid until {release.valid_until:%Y-%m-%d %H:%M} UTC",
            "Use a mirror that is up to date;"
            f" for one that is frozen on purpose set {CHECK_VARIABLE}=no",
        )


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    date = parsedate_to_datetime(text)
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)
