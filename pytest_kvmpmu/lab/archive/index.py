"""A suite's list of packages: stanzas by name, and dependencies.

Not for: fetching the list (`plain`).
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from ..failure import LabFailure
from . import deb822, version

_PACKAGE = re.compile(rb"^Package: (\S+)", re.MULTILINE)
_PROVIDES = re.compile(rb"^Provides: (.+)", re.MULTILINE)
_RELATION = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]*)(?::\w+)?(?:\s*\((?P<how>[<=>]+)\s*(?P<version>[^)\s]+)\s*\))?"
)

Stanza = dict[str, str]


class Index:
    """The list ``text`` of the suite ``name``."""

    def __init__(self, text: bytes, name: str) -> None:
        self._text = text
        self._name = name
        self._starts: list[int] = []
        self._places: dict[str, list[int]] = {}
        for match in _PACKAGE.finditer(text):
            self._starts.append(match.start())
            self._places.setdefault(match[1].decode(), []).append(match.start())

    def stanza(self, name: str) -> Stanza:
        """The newest version's stanza.  Raises `LabFailure` if the package does not exist."""
        found = self._versions(name)
        if not found:
            raise LabFailure(f"{self._name} has no package {name}")
        return found[-1]

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all dependencies, sorted.  Raises `LabFailure` if one is missing."""
        chosen = {name: self.stanza(name) for name in names}
        todo = list(chosen.values())
        while todo:
            stanza = todo.pop(0)
            for clause in _clauses(stanza):
                relations = [match for match in map(_RELATION.match, clause) if match]
                if any(_met(relation, chosen.values()) for relation in relations):
                    continue
                added = next(filter(None, map(self._best, relations)), None)
                if added is None:
                    raise LabFailure(
                        f"{stanza['Package']} needs {' | '.join(clause)}, which {self._name}"
                        " does not have"
                    )
                chosen[added["Package"]] = added
                todo.append(added)
        return sorted(chosen)

    def _best(self, relation: re.Match[str]) -> Stanza | None:
        """The newest suitable package of that name, or else one that provides it."""
        own = [stanza for stanza in self._versions(relation["name"]) if _met(relation, [stanza])]
        if own:
            return own[-1]
        providers = map(self._at, self._provided.get(relation["name"], []))
        return next((stanza for stanza in providers if _met(relation, [stanza])), None)

    def _versions(self, name: str) -> list[Stanza]:
        found = map(self._at, self._places.get(name, []))
        return sorted(found, key=lambda stanza: version.order(stanza["Version"]))

    @cached_property
    def _provided(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for match in _PROVIDES.finditer(self._text):
            start = self._starts[bisect.bisect(self._starts, match.start()) - 1]
            for part in match[1].decode().split(","):
                relation = _RELATION.match(part.strip())
                if relation:
                    found.setdefault(relation["name"], []).append(start)
        return found

    def _at(self, start: int) -> Stanza:
        end = self._text.find(b"\n\n", start)
        return deb822.fields(self._text[start : end if end >= 0 else None].decode())


def _clauses(stanza: Stanza) -> Iterator[list[str]]:
    """Its dependencies: one of each list is needed."""
    for field in ("Pre-Depends", "Depends"):
        for clause in stanza.get(field, "").split(","):
            if clause.strip():
                yield [part.strip() for part in clause.split("|")]


def _met(relation: re.Match[str], stanzas: Iterable[Stanza]) -> bool:
    """Whether one of the packages satisfies ``relation``, by name or by Provides."""
    return any(
        name == relation["name"]
        and (not relation["how"] or (held and version.meets(held, relation["how"], wanted)))
        for wanted in [relation["version"] or ""]
        for stanza in stanzas
        for name, held in _names(stanza)
    )


def _names(stanza: Stanza) -> Iterator[tuple[str, str]]:
    yield stanza["Package"], stanza["Version"]
    for part in stanza.get("Provides", "").split(","):
        match = _RELATION.match(part.strip())
        if match:
            yield match["name"], match["version"] or ""
