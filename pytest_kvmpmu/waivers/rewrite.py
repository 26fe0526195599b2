"""``--kvmpmu-update-waivers``: the waiver file, updated from a run's results.

Entries that are for other kernels and boards, that are expired, or whose specs were skipped, stay
as they are: a person has to decide about them.  Comments stay, except those within a removed
entry.

Not for: whether the run may change the file (`gate`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import tomlkit

from ..errors import UsageProblem
from ..report.results.result import SpecResult, Status
from .file import HEADER, KEY, Waiver
from .kernel_range import exactly
from .stale import Checked, How, Stale

_FORM = f"Write each entry as a [[{KEY}]] table, or change the file by hand"


@dataclass
class _Lines:
    """The file's text: what stands before each entry, and the entry itself; then the rest."""

    blocks: list[tuple[str, str]] = field(default_factory=list)
    rest: str = ""

    @classmethod
    def of(cls, text: str) -> _Lines:
        made, between, entry = cls(), "", ""
        for line in text.splitlines(keepends=True):
            if HEADER.match(line):
                if entry:
                    made.blocks.append((between, entry))
                    between = ""
                between, made.rest, entry = between + made.rest, "", line
            elif entry and line.strip() and not line.lstrip().startswith("#"):
                entry, made.rest = entry + made.rest + line, ""
            else:
                made.rest += line
        if entry:
            made.blocks.append((between, entry))
        return made


def rewritten(
    text: str,
    waivers: Sequence[Waiver],
    results: Iterable[SpecResult],
    checked: Checked,
    on: tuple[str, str],
) -> tuple[str, list[str]]:
    """The new text of a file with that ``text`` and these ``waivers``, and the changes.

    ``on`` is the run's kernel and board, by the names that they report.  Raises `UsageProblem` if
    the entries can't be separated.
    """
    results = list(results)
    lines = _Lines.of(text)
    if len(lines.blocks) != len(waivers):
        raise UsageProblem("the waivers can't be rewritten: not all are tables", _FORM)
    stale = {id(found.waiver): found for found in checked.stale}
    out, changes = "", []
    for waiver, (before, block) in zip(waivers, lines.blocks, strict=True):
        found = stale.get(id(waiver))
        new, change = _entry(waiver, block, found, results) if found else (block, "")
        out += before + new
        changes += [f"{waiver}: {change}"] if change else []
    out += lines.rest
    held = [w for w in waivers if w not in checked.elsewhere]
    for result in results:
        covered = any(w.covers(result.spec, result.clauses) for w in held)
        if result.status is Status.FAIL and not result.strict and not covered:
            out += _apart(out) + _new({"spec": result.spec}, result, _to_be_said(on))
            changes.append(f"{result.spec}: added; fill in its reason and link")
    return out, changes


def _entry(
    waiver: Waiver, block: str, found: Stale, results: Sequence[SpecResult]
) -> tuple[str, str]:
    """The new text of a stale entry, and what was done to it."""
    covered = [r for r in results if waiver.covers(r.spec, r.clauses)]
    failed = [r for r in covered if r.status is Status.FAIL]
    if found.how in (How.PASSED, How.NO_MATCH, How.TWICE):
        return "", f"removed ({found.how.value})"
    if found.how is How.OTHER and len({_outcome(r) for r in failed}) == 1:
        return _changed(block, _outcome(failed[0])), f"now {failed[0].errno or failed[0].reason}"
    if found.how in (How.OTHER, How.BROAD):
        kept = {key: value for key, value in _table(block).items() if key not in _WHAT}
        parts = [_new({"spec": r.spec}, r, kept) for r in failed]
        return "\n".join(parts), f"split into the {len(failed)} specs that failed"
    return block, f"left as it is ({found.how.value}); it needs a decision"


_WHAT = ("spec", "clause", "errno", "message")


def _outcome(result: SpecResult) -> tuple[str, str]:
    return ("errno", result.errno) if result.errno else ("message", result.reason)


def _table(block: str) -> Mapping[str, object]:
    (entry,) = tomlkit.parse(block).unwrap()[KEY]
    return dict(entry)


def _changed(block: str, outcome: tuple[str, str]) -> str:
    whole = tomlkit.parse(block)
    entry = whole[KEY][0]
    key, value = outcome
    for other in {"errno", "message"} - {key}:
        entry.pop(other, None)
    entry[key] = value
    return tomlkit.dumps(whole)


def _new(what: Mapping[str, str], result: SpecResult, kept: Mapping[str, object]) -> str:
    key, value = _outcome(result)
    entry = tomlkit.table()
    for name, given in {**what, key: value, **kept}.items():
        entry.add(name, given)
    entries = tomlkit.aot()
    entries.append(entry)
    return tomlkit.dumps(tomlkit.document().add(KEY, entries))


def _to_be_said(on: tuple[str, str]) -> Mapping[str, str]:
    """The other keys of a new entry: it applies only to the kernel line and board of the run."""
    return {"reason": "", "link": "", "kernel": exactly(on[0]), "board": on[1]}


def _apart(text: str) -> str:
    """What to put between a text and a new entry."""
    if not text:
        return ""
    return "\n" if text.endswith("\n") else "\n\n"
