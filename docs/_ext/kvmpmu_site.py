"""Sphinx extension: hands each page to `page_text` as it is read."""

from __future__ import annotations

from typing import Any

from page_text import fill_in
from sphinx.application import Sphinx


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    del app
    source[0] = fill_in(page, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
