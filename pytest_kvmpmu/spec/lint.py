"""What is wrong with the catalogue: its rows, the specs that cite them, the excuses.

Not for: the commits that rows name (`lint_changes`), or whether the documentation has the
sections that they name (tests/tools/docs_sections).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..data.revision import FIRST, Revision, revision
from ..errors import UsageProblem
from ..model import TABLES
from ..model.table import Row
from ..support.resources import conformance_dir
from . import catalogue
from .catalogue import LEVELS, REASONS, STANDINGS, Source, release
from .citations import Citation, citations
from .findings import Finding
from .lint_changes import of_changes, of_commits, of_postings
from .sections import DOCUMENTS

REQUIRED = ("section", "statement")
SENTENCES = ("statement", "text", "commits-note")
KEYS = (
    *REQUIRED,
    *("level", "standing", "since", "until", "documented", "text"),
    *("commits", "commits-note"),
)

_WORDS = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_SLUG = re.compile(rf"{_WORDS}(?:\.{_WORDS})*")
_SECTION = re.compile(r"(?P<document>\S+)(?: [0-9]+(?:\.[0-9]+)*)?")
_SENTENCE_END = re.compile(r"[.!?](?:\s|$)")

Rows = Mapping[str, Any]
Span = tuple[Revision, "Revision | None"]


def lint() -> list[Finding]:
    """The findings on the catalogue, the model and the specs as they are."""
    rows = catalogue.load(catalogue.PATH)
    table = catalogue.load(catalogue.CHANGES_PATH)
    cited = citations(conformance_dir())
    return [
        *of_rows(rows),
        *of_changes(table),
        *of_postings(table),
        *of_commits(rows, table),
        *of_model(rows, TABLES),
        *of_specs(rows, cited),
        *of_excuses(rows, cited, catalogue.load(catalogue.UNSPECIFIED_PATH)),
    ]


def of_source(source: Source, specs: Path | None = None) -> list[Finding]:
    """The findings on another plugin's clauses, and on the specs in the folder ``specs``.

    These may cite clauses that ship, too, and its clauses may name commits that ship.  Reading
    the files may raise OSError and ValueError.
    """
    if not isinstance(source.changes, (Path, type(None))):
        return [Finding("changes", "is not a path")]
    rows = catalogue.load(source.clauses)
    excuses = catalogue.load(source.unspecified) if source.unspecified else {}
    table = catalogue.load(source.changes) if source.changes else {}
    found = [*of_rows(rows, documents=None), *of_reasons(excuses), *of_changes(table)]
    if not found:
        found += of_commits(rows, table, shipped=catalogue.load(catalogue.CHANGES_PATH))
    if specs is not None and not found:
        cited = citations(specs)
        shipped = catalogue.load(catalogue.PATH)
        found += [*of_specs({**shipped, **rows}, cited), *of_excuses(rows, cited, excuses)]
    return found


def of_rows(rows: Rows, documents: Iterable[str] | None = DOCUMENTS) -> Iterator[Finding]:
    """What is wrong with the rows of clauses.toml by themselves.

    Their sections are of these ``documents``, or of any document if that is None.
    """
    for slug, row in rows.items():
        if not isinstance(row, Mapping):
            yield Finding(slug, "is not a table")
            return
    for slug, row in rows.items():
        for what in (*_form(slug, row), *_values(row, documents)):
            yield Finding(slug, what)
    statements = Counter(row.get("statement") for row in rows.values())
    for slug, row in rows.items():
        if statements[row.get("statement")] > 1:
            yield Finding(slug, "another clause has the same statement")


def of_model(rows: Rows, tables: Mapping[tuple[str, str], Iterable[Row]]) -> Iterator[Finding]:
    """What is wrong with the clauses that the model's rows cite."""
    for (ioctl, kind), table in tables.items():
        for line in table:
            where = f"a row of the model's {ioctl} on a {kind}"
            if line.clause not in rows:
                yield Finding(line.clause, f"{where} cites it, but the clause does not exist")
                continue
            span = _span(rows[line.clause])
            if span is not None and not _within((line.since, line.until), span):
                yield Finding(
                    line.clause,
                    f"{where} holds {_said((line.since, line.until))}, the clause {_said(span)}",
                )


def of_specs(rows: Rows, cited: Iterable[Citation]) -> Iterator[Finding]:
    """What is wrong with the slugs in the markers of the specs."""
    for citation in cited:
        if not citation.literal:
            yield Finding(
                ", ".join(citation.slugs) or "?", f"{citation.place} does not write out its slugs"
            )
        for slug in citation.slugs:
            if slug not in rows:
                yield Finding(slug, f"{citation.place} cites it, but the clause does not exist")
        spans = [_span(rows[slug]) for slug in citation.slugs if slug in rows]
        if _disjoint([span for span in spans if span is not None]):
            yield Finding(", ".join(citation.slugs), f"{citation.place}: no revision has them all")


def of_excuses(rows: Rows, cited: Iterable[Citation], excuses: Rows) -> Iterator[Finding]:
    """Clauses with neither a spec nor a reason, and reasons that are out of date."""
    specified = {slug for citation in cited for slug in citation.slugs}
    excused = Counter(slug for slugs in excuses.values() for slug in slugs)
    for slug in rows:
        if slug not in specified and slug not in excused:
            yield Finding(slug, "no spec cites it, and unspecified.toml gives no reason")
    yield from of_reasons(excuses)
    for slug, count in excused.items():
        if slug not in rows:
            yield Finding(slug, "is in unspecified.toml, but the clause does not exist")
        if slug in specified:
            yield Finding(slug, "is in unspecified.toml, but a spec cites it")
        if count > 1:
            yield Finding(slug, "is in unspecified.toml twice")


def of_reasons(excuses: Rows) -> Iterator[Finding]:
    """What is wrong with unspecified.toml by itself."""
    for reason, slugs in excuses.items():
        if reason not in REASONS:
            yield Finding(reason, f"unknown reason; known: {', '.join(REASONS)}")
        if not isinstance(slugs, Mapping):
            yield Finding(reason, "is not a table in unspecified.toml")
            continue
        for slug, why in slugs.items():
            if not isinstance(why, str) or why.endswith("."):
                yield Finding(slug, "its why in unspecified.toml is not text without a full stop")


def _form(slug: str, row: Mapping[str, Any]) -> Iterator[str]:
    if not _SLUG.fullmatch(slug):
        yield "a slug is lower-case words joined by hyphens, and those by dots"
    for key in row.keys() - set(KEYS):
        yield f"unknown key {key!r}; known: {', '.join(KEYS)}"
    for key in REQUIRED:
        if key not in row:
            yield f"{key} is missing"
    for key, value in row.items():
        if key == "commits":
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                yield "commits is not a list of ids"
        elif not isinstance(value, str) or not value.strip():
            yield f"{key} is not text"
        elif key in SENTENCES:
            yield from (f"{key} {what}" for what in _sentence(value))


def _sentence(text: str) -> Iterator[str]:
    if "\n" in text or _SENTENCE_END.search(text):
        yield "is not one sentence without a full stop"
    if re.search(r"\bshould\b", text):
        yield "says what should be, not what is"


def _values(row: Mapping[str, Any], documents: Iterable[str] | None) -> Iterator[str]:
    for key, known in (("level", LEVELS), ("standing", STANDINGS)):
        if row.get(key, known[0]) not in known:
            yield f"unknown {key} {row[key]!r}; known: {', '.join(known)}"
    section = _SECTION.fullmatch(str(row.get("section", "api.rst")))
    if documents is None and section is None:
        yield "section is not a document with a number, like vendor.rst 1.4"
    elif documents is not None and (section is None or section["document"] not in documents):
        yield f"section is not a document with a number; documents: {', '.join(documents)}"
    if (row.get("standing") == "divergent") != ("text" in row):
        yield "every divergent clause has a text, and no other clause has one"
    span = _span(row)
    if span is None:
        yield "since or until is not a revision"
        return
    since, until = span
    if until is not None and until < since:
        yield f"since {since} comes after until {until}"
    if "documented" in row:
        yield from _late(row["documented"], span, row.get("standing", STANDINGS[0]))
    if row.get("standing") == "proposed" and (until is None or release(until)):
        yield "a proposed clause ends with its series"


def _late(documented: str, span: Span, standing: str) -> Iterator[str]:
    if standing != STANDINGS[0]:
        yield f"only documented clauses have documented, and this one is {standing}"
    try:
        first = revision(documented)
    except UsageProblem:
        yield "documented is not a revision"
        return
    if first <= span[0] or (span[1] is not None and span[1] < first):
        yield f"documented {first} is not within its revisions, after the first"


def _span(row: Mapping[str, Any]) -> Span | None:
    try:
        since = revision(row.get("since", FIRST.name))
        return since, revision(row["until"]) if "until" in row else None
    except UsageProblem:
        return None


def _within(inner: Span, outer: Span) -> bool:
    ends = outer[1] is None or (inner[1] is not None and inner[1] <= outer[1])
    return outer[0] <= inner[0] and ends


def _disjoint(spans: list[Span]) -> bool:
    if not spans:
        return False
    last = min((until for _, until in spans if until is not None), default=None)
    return last is not None and last < max(since for since, _ in spans)


def _said(span: Span) -> str:
    return f"from {span[0]} to {span[1] or 'the newest'}"
