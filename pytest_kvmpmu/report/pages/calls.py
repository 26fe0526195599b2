"""Calls and outcomes as lines that a person reads, and how two lists of them differ."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ...model.compare import is_count
from ...wire.outcome import Mmio

MOVED = "moved"
# So many equal lines are replaced by one.
_MANY = 3
# Numbers from here on are addresses, sizes and registers, so they are shown in hex.
_HEX = 0x1000
_APART = ("call", "on", "cpu", "new")


def lines(calls: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """A line for each call with its outcome.  How far a counter went is omitted."""
    return tuple(f"{_call(pair['call'])} = {_outcome(pair['outcome'])}" for pair in calls)


def _call(call: Mapping[str, Any]) -> str:
    named = [f"{key}={_value(value)}" for key, value in call.items() if key not in _APART]
    new = [f"as {call['new']}"] if "new" in call else []
    where = f"cpu{call.get('cpu')} {call.get('on')}"
    return " ".join([where, str(call.get("call")), *named, *new])


def _outcome(outcome: Mapping[str, Any] | None) -> str:
    if outcome is None:
        return "no answer"
    said = [str(outcome.get("ret")), *([outcome["errno"]] if "errno" in outcome else [])]
    if "out" in outcome:
        said += [f"{key}={_value(value)}" for key, value in outcome["out"].items()]
    if "exit" in outcome:
        said.append(_exit(outcome["exit"]))
    if outcome.get("timed_out"):
        said.append("timed out")
    return " ".join(said)


def _exit(value: Mapping[str, Any]) -> str:
    said = [str(value.get("reason"))]
    for key, members in value.items():
        if key == "reason":
            continue
        if key == "mmio" and is_count(Mmio(**members)):
            members = {**members, "data": MOVED}
        said += [f"{name}={_value(inner)}" for name, inner in members.items()]
    return " ".join(said)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}:{_value(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ",".join(map(_value, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _HEX:
        return hex(value)
    return value if isinstance(value, str) else json.dumps(value)


def numbered(shown: Sequence[str]) -> list[str]:
    """The lines with their numbers, from 1."""
    return [f"{number:>3}  {line}" for number, line in enumerate(shown, 1)]


def differing(base: Sequence[str], other: Sequence[str]) -> list[str]:
    """``other``, numbered, without the longer runs of lines that ``base`` has as well."""
    found: list[str] = []
    matcher = difflib.SequenceMatcher(None, base, other, autojunk=False)
    every = numbered(other)
    for what, _, _, first, last in matcher.get_opcodes():
        if what == "equal" and last - first >= _MANY:
            found.append(f"  {first + 1} to {last}: as above")
        else:
            found += every[first:last]
    return found
