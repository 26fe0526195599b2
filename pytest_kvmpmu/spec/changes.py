"""The kernel changes behind clauses: upstream commits and posted series, from ``changes.toml``.

Not for: which clause names which commits (`catalogue`), or whether the file is in order (`lint`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

TREE = "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git"
ARCHIVE = "https://lore.kernel.org/r"


class Commit(NamedTuple):
    """An upstream commit: ``id`` has 12 digits, ``release`` is the first one that has it.

    ``stable`` names stable releases with a backport, as far as they are known.
    """

    id: str
    subject: str
    release: str
    stable: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As kernel developers write it: ``6ee7fca2a4a0 ("KVM: ...") (in v5.18)``."""
        more = f"; stable: {', '.join(self.stable)}" if self.stable else ""
        return f'{self.id} ("{self.subject}") (in v{self.release}{more})'

    @property
    def url(self) -> str:
        """The commit in Torvalds' tree."""
        return f"{TREE}/commit/?id={self.id}"


class Posting(NamedTuple):
    """A posted series: the ``revision`` that stands for it, and its cover letter."""

    revision: str
    subject: str
    message_id: str

    def __str__(self) -> str:
        return f"{self.subject} (<{self.message_id}>)"

    @property
    def url(self) -> str:
        """The cover letter in the mailing list's archive."""
        return f"{ARCHIVE}/{self.message_id}"


def commits(table: Mapping[str, Any]) -> dict[str, Commit]:
    """The commits of a file of changes, by id."""
    return {
        name: Commit(name, row["subject"], row["release"], tuple(row.get("stable", ())))
        for name, row in table.get("commits", {}).items()
    }


def postings(table: Mapping[str, Any]) -> dict[str, Posting]:
    """The posted series of a file of changes, by revision."""
    return {
        name: Posting(name, row["subject"], row["message-id"])
        for name, row in table.get("postings", {}).items()
    }
