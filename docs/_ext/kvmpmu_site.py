"""Sphinx extension: passes each page to `page_text` when Sphinx reads it."""

from __future__ import annotations

from typing import Any

from page_text import fill_in
from sphinx.application import Sphinx

from pytest_kvmpmu.data.revision import Revision

_TupleField = type(Revision.rank)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    del app
    source[0] = fill_in(page, source[0])


def _skip(app: Sphinx, what: str, name: str, member: object, *_: object) -> bool | None:
    """Omit the fields of named tuples: the signature has them, and Python documents them only by
    number.
    """
    del app, what, name
    return True if isinstance(member, _TupleField) else None


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _read)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
