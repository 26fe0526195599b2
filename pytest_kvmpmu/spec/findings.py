"""What the lint reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A slug, or another name in the catalogue's files, and what is wrong with it."""

    slug: str
    what: str

    def __str__(self) -> str:
        return f"{self.slug}: {self.what}"
