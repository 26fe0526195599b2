"""What is wrong with changes.toml, and with the commits that clauses name.

A clause has up to three ends: the releases that began it, ended it and documented it.  Each end
has a commit of its release, and each commit is of the release of an end; otherwise the clause's
``commits-note`` explains why not.  What a posted series began or ended needs no commit.

Not for: the other keys of a clause (`lint`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..data.revision import FIRST, REVISIONS, revision
from ..errors import UsageProblem
from .catalogue import next_release, release
from .findings import Finding

KINDS = ("commits", "postings")
COMMIT_KEYS = ("subject", "release", "stable")
POSTING_KEYS = ("subject", "message-id")

_ID = re.compile(r"[0-9a-f]{12}")
_RELEASE = re.compile(r"[0-9]+\.[0-9]+")
_STABLE = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_MESSAGE_ID = re.compile(r"[^\s<>@]+@[^\s<>@]+")

Rows = Mapping[str, Any]


def of_changes(table: Rows) -> Iterator[Finding]:
    """What is wrong with a file of changes by itself."""
    for kind, rows in table.items():
        if kind not in KINDS:
            yield Finding(kind, f"unknown table in changes.toml; known: {', '.join(KINDS)}")
        elif not isinstance(rows, Mapping):
            yield Finding(kind, "is not a table in changes.toml")
        else:
            of_kind = _commit if kind == "commits" else _posting
            for name, row in rows.items():
                found = of_kind(name, row) if isinstance(row, Mapping) else ["is not a table"]
                yield from (Finding(name, what) for what in found)


def of_postings(table: Rows) -> Iterator[Finding]:
    """The posted series among the revisions that changes.toml lacks."""
    for known in REVISIONS:
        if not release(known) and known.name not in table.get("postings", {}):
            yield Finding(known.name, "a posted series, and changes.toml has no posting of it")


def of_commits(rows: Rows, table: Rows, shipped: Rows | None = None) -> Iterator[Finding]:
    """What is wrong with the commits of the clauses in ``rows``.

    They are those of ``table``, and each of these has to be used.  Another plugin's clauses may
    name those that are ``shipped``, too, and may do without commits.
    """
    own, others = table.get("commits", {}), (shipped or {}).get("commits", {})
    known = {**others, **own}
    named = Counter(name for row in rows.values() for name in _names(row))
    for slug, row in rows.items():
        for name, count in Counter(_names(row)).items():
            if name not in known:
                yield Finding(slug, f"its commit {name} is not in changes.toml")
            if count > 1:
                yield Finding(slug, f"names the commit {name} twice")
        if all(name in known for name in _names(row)) and (shipped is None or _names(row)):
            yield from (Finding(slug, what) for what in _ends(row, known))
    for name in own:
        if name not in named:
            yield Finding(name, "is in changes.toml, and no clause names it")
    for name in own.keys() & others.keys():
        yield Finding(name, "is in the changes.toml that ships")


def _commit(name: str, row: Rows) -> Iterator[str]:
    if not _ID.fullmatch(name):
        yield "a commit's id is its first 12 hexadecimal digits, in lower case"
    yield from _keys(row, COMMIT_KEYS, optional=("stable",))
    if "release" in row and not _fits(_RELEASE, row["release"]):
        yield "release is not of the form 5.18"
    stable = row.get("stable", [])
    if not isinstance(stable, list) or not all(_fits(_STABLE, one) for one in stable):
        yield "stable is not a list of releases of the form 6.12.91"


def _posting(name: str, row: Rows) -> Iterator[str]:
    if name not in [known.name for known in REVISIONS if not release(known)]:
        yield "is not the revision of a posted series"
    yield from _keys(row, POSTING_KEYS)
    if "message-id" in row and not _fits(_MESSAGE_ID, row["message-id"]):
        yield "message-id is not of the form local@domain"


def _keys(row: Rows, known: tuple[str, ...], optional: tuple[str, ...] = ()) -> Iterator[str]:
    for key in row.keys() - set(known):
        yield f"unknown key {key!r}; known: {', '.join(known)}"
    for key in known:
        if key not in row and key not in optional:
            yield f"{key} is missing"
    subject = row.get("subject", "x")
    if not isinstance(subject, str) or not subject.strip() or "\n" in subject:
        yield "subject is not a line of text"


def _ends(row: Rows, known: Rows) -> Iterator[str]:
    try:
        ends = _releases(row)
    except UsageProblem:  # `lint` says which
        return
    have = {known[name].get("release") for name in _names(row)}
    lacking = sorted(ends - have)
    beside = [n for n in _names(row) if ends and known[n].get("release") not in ends]
    if "commits-note" in row:
        if not lacking and not beside:
            yield "commits-note has nothing to explain: each end has its commit"
        return
    if lacking:
        yield f"no commit of {', '.join(lacking)}, and no commits-note says why"
    for name in beside:
        yield (
            f"its commit {name} is of {known[name].get('release')}, not of"
            f" {', '.join(sorted(ends))}, and no commits-note says why"
        )


def _releases(row: Rows) -> set[str]:
    """The releases of a clause's ends."""
    since = revision(row.get("since", FIRST.name))
    until = revision(row["until"]) if "until" in row else None
    ends = set()
    if until is None or release(until) or release(since):
        # What a posted series began, and a later one did not end, was merged.
        if "since" in row:
            ends.add(release(since) or next_release(since))
        if until is not None:
            ends.add(next_release(until))
    if "documented" in row:
        documented = revision(row["documented"])
        ends.add(release(documented) or next_release(documented))
    return ends - {""}


def _names(row: Any) -> list[str]:
    names = row.get("commits", []) if isinstance(row, Mapping) else []
    return [n for n in names if isinstance(n, str)] if isinstance(names, list) else []


def _fits(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None
