"""Section numbers of the kernel's reStructuredText, and clauses' references to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from pytest_kvmpmu.data.revision import Revision, detect
from pytest_kvmpmu.spec.catalogue import Clause

_NUMBER = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)*)\.?\s+\S")
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+])\1{2,}\s*")

Numbers = Mapping[str, frozenset[str]]
"""A document's name (``vcpu.rst``) and the numbers of its sections."""


@dataclass(frozen=True)
class Documentation:
    """The documentation of one kernel ``release`` (``6.12``)."""

    release: str
    numbers: Numbers


def section_numbers(text: str) -> frozenset[str]:
    """The numbers in the headings of a document: lines that are underlined."""
    lines = text.splitlines()
    found = set()
    for line, below in pairwise(lines):
        match = _NUMBER.match(line)
        if match and _UNDERLINE.fullmatch(below):
            found.add(match["number"])
    return frozenset(found)


def missing(clauses: Iterable[Clause], kept: Iterable[Documentation]) -> list[str]:
    """One line for each clause whose section is missing.

    It must be in the documentation of each release in which the clause holds and is
    documented.  If none of these is available (a posted series, an old or a future
    kernel), in any.
    """
    kept = list(kept)
    out = []
    for clause in clauses:
        held = [docs for docs in kept if _told(clause, detect(docs.release).revision)]
        lacking = [docs.release for docs in held or kept if not _has(docs, clause)]
        if lacking if held else len(lacking) == len(kept):
            where = ", ".join(lacking)
            out.append(f"{clause.slug}: {clause.section} is not in the documentation of {where}")
    return out


def _told(clause: Clause, wanted: Revision) -> bool:
    return clause.holds_in(wanted) and (clause.documented or clause.since) <= wanted


def _has(docs: Documentation, clause: Clause) -> bool:
    document, _, number = clause.section.partition(" ")
    numbers = docs.numbers.get(document)
    return numbers is not None and (not number or number in numbers)
