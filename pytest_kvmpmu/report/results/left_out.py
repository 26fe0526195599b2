"""What a run omitted, and which clauses stay open for it; also as part of a report.

Expected are our own specs, and all test files in the folders of collected specs.  What a file
cites is read from its source: nothing is imported or run.

Not for: what was collected and deselected (`selection`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...recording.form import BadLine, check
from ...support.resources import conformance_dir
from .result import SpecResult
from .selection import Selection

# The slugs that a spec or file cites; None if unknown: it may cite any.
Cited = tuple[str, ...] | None


_NOTHING: Mapping[str, Cited] = {}


class LeftOut(NamedTuple):
    """What exists but was not run, with the clauses that it cites: specs that were
    ``deselected``, or collected and ``not_run``; files that were ``not_collected``, or
    ``narrowed``: perhaps not all of their specs were collected.
    """

    deselected: Mapping[str, Cited] = _NOTHING
    not_run: Mapping[str, Cited] = _NOTHING
    not_collected: Mapping[str, Cited] = _NOTHING
    narrowed: Mapping[str, Cited] = _NOTHING

    def gaps(self, slugs: Iterable[str]) -> dict[str, tuple[str, str]]:
        """By clause of which not all specs ran: why, and one of these specs or its file."""
        slugs, found = set(slugs), dict[str, tuple[str, str]]()
        for name, why in _WHY.items():
            for where, cited in getattr(self, name).items():
                for slug in slugs if cited is None else slugs.intersection(cited):
                    found.setdefault(slug, (why, where))
        return found

    @property
    def cited(self) -> Iterator[str]:
        """All slugs that are cited by something."""
        return (slug for of in self for cited in of.values() for slug in cited or ())

    def to_json(self) -> dict[str, Any]:
        """The JSON form; empty fields are omitted."""
        return {
            key: {
                name: cited if cited is None else list(cited) for name, cited in sorted(of.items())
            }
            for key, of in self._asdict().items()
            if of
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> LeftOut:
        """The inverse of `to_json`.  Raises `BadLine` for any other value."""
        check(value, {}, dict.fromkeys(_WHY, dict))
        for key, of in value.items():
            for where, cited in of.items():
                if cited is not None and not _are_strings(cited):
                    raise BadLine(f"left_out: {key}: {where!r} has no list of clauses")
        return cls(
            **{
                key: {name: None if cited is None else tuple(cited) for name, cited in of.items()}
                for key, of in value.items()
            }
        )


# The first that applies to a clause is reported.
_WHY = {
    "deselected": "specs were deselected",
    "not_run": "specs were not run",
    "not_collected": "specs were not collected",
    "narrowed": "not all specs may have been collected",
}


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(inner, str) for inner in value)


def left_out(selection: Selection, results: Iterable[SpecResult]) -> LeftOut:
    """What a run with that selection and these results omitted."""
    ran = {result.spec for result in results}
    absent = {spec: cited for spec, cited in selection.specs.items() if spec not in ran}
    files = {name: _cited_in(Path(path)) for name, path in selection.absent.items()}
    files |= {name: _cited_in_ours(name) for name in our_files() - selection.files}
    narrowed = {name: _cited_in(Path(path)) for name, path in selection.narrowed.items()}
    return LeftOut(
        {spec: cited for spec, cited in absent.items() if spec in selection.deselected},
        {spec: cited for spec, cited in absent.items() if spec not in selection.deselected},
        {name: cited for name, cited in files.items() if cited != ()},
        {name: cited for name, cited in narrowed.items() if cited != ()},
    )


@functools.cache
def our_files() -> frozenset[str]:
    """The files of our specs, as in specs' names."""
    specs = conformance_dir()
    return frozenset(path.relative_to(specs.parent).as_posix() for path in specs.rglob("test_*.py"))


@functools.cache
def _cited_in_ours(file: str) -> Cited:
    return _cited_in(conformance_dir().parent / file)


def _cited_in(path: Path) -> Cited:
    from ...spec import citations  # only the end of a run with specs needs it

    try:
        found = citations.in_file(path, path)
    except (OSError, SyntaxError, ValueError):  # it may be any file of the user's
        return None
    return tuple(dict.fromkeys(slug for citation in found for slug in citation.slugs))
