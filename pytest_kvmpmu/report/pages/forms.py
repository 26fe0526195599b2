"""The forms of a report, by the ending of its file's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import unknown
from ..results.document import Report, dump
from .ktap import ktap
from .matrix import Matrix, matrix


def _md(found: Matrix) -> str:
    from .markdown import page

    return page(found)


def _html(found: Matrix) -> str:
    from .html import page  # its template engine is slow to import

    return page(found)


Form = Callable[[Report], str]
# The forms that show several reports as well.
PAGES: dict[str, Callable[[Matrix], str]] = {".html": _html, ".md": _md}
FORMS: dict[str, Form] = {
    ".json": dump,
    ".ktap": ktap,
    ".md": lambda report: _md(matrix([report])),
    ".html": lambda report: _html(matrix([report])),
}


def form_of(path: Path) -> Form:
    """How to write the file of that name.  Raises `UsageProblem` for an unknown ending."""
    try:
        return FORMS[path.suffix]
    except KeyError:
        raise unknown("ending of a report", path.suffix or path.name, FORMS) from None
