"""The header of a recording or report: what was tested, when, and with which versions."""

from __future__ import annotations

import datetime
import platform

from .. import __version__
from ..data.revision import detect
from ..errors import UsageProblem
from ..recording.form import Header
from .base import Backend


def header_of(backend: Backend, target: str | None = None) -> Header:
    """The header of a run on ``backend`` that begins now; ``target`` as the user wrote it."""
    return Header(
        backend.name,
        target,
        backend.release,
        backend.revision.name,
        _asked(backend),
        backend.host,
        backend.notes,
        {"pytest-kvmpmu": __version__, "python": platform.python_version()},
        datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    )


def _asked(backend: Backend) -> str | None:
    """The revision's name, unless the release alone determines it."""
    try:
        known = detect(backend.release).revision
    except UsageProblem:
        known = None
    return None if backend.revision == known else backend.revision.name
