"""A strict parser of KTAP version 1: what the kernel's text requires, and nothing else.

It skips no line: a file of ours has no lines of other programs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

VERSION = "KTAP version 1"
_PLAN = re.compile(r"1\.\.(0|[1-9][0-9]*)")
_RESULT = re.compile(r"(ok|not ok) ([1-9][0-9]*)(?: ([^#]*[^# ]))?(?: # (.*\S))?")
_DIRECTIVE = re.compile(r"(SKIP|TODO|XFAIL|TIMEOUT|ERROR)(?: (.*))?")
_NOT_OK = ("TIMEOUT", "ERROR")


class BadKtap(Exception):
    """Not KTAP; the line and why."""


@dataclass
class Case:
    """One test and its nested tests."""

    ok: bool
    description: str
    directive: str
    diagnostic: str
    notes: tuple[str, ...] = ()
    tests: list[Case] = field(default_factory=list)


def parse(text: str) -> list[Case]:
    """The tests of a whole file."""
    if not text.endswith("\n"):
        raise BadKtap("the last line does not end")
    lines = text.splitlines()
    tests, end = _tests(lines, 0, "")
    if end != len(lines):
        raise BadKtap(f"line {end + 1}: there is more than was planned: {lines[end]!r}")
    return tests


def _tests(lines: Sequence[str], at: int, indent: str) -> tuple[list[Case], int]:
    if at >= len(lines) or lines[at] != indent + VERSION:
        raise BadKtap(f"line {at + 1}: no version line")
    plan = _PLAN.fullmatch(lines[at + 1].removeprefix(indent)) if at + 1 < len(lines) else None
    if plan is None or not lines[at + 1].startswith(indent):
        raise BadKtap(f"line {at + 2}: no plan")
    at += 2
    tests: list[Case] = []
    notes: list[str] = []
    nested: list[Case] = []
    while len(tests) < int(plan[1]):
        if at >= len(lines):
            raise BadKtap(f"the file ends after {len(tests)} of {plan[1]} tests")
        line = lines[at].removeprefix(indent)
        if not lines[at].startswith(indent):
            raise BadKtap(f"line {at + 1}: not indented: {lines[at]!r}")
        if line.startswith("  "):
            if nested:
                raise BadKtap(f"line {at + 1}: nested tests twice")
            nested, at = _tests(lines, at, indent + "  ")
            continue
        if line.startswith("# "):
            notes.append(line.removeprefix("# "))
        else:
            tests.append(_test(at, line, len(tests) + 1, notes, nested))
            notes, nested = [], []
        at += 1
    while at < len(lines) and lines[at].startswith(f"{indent}# "):
        at += 1
    return tests, at


def _test(at: int, line: str, number: int, notes: list[str], nested: list[Case]) -> Case:
    match = _RESULT.fullmatch(line)
    if match is None:
        raise BadKtap(f"line {at + 1}: no result: {line!r}")
    if int(match[2]) != number:
        raise BadKtap(f"line {at + 1}: number {match[2]} in the place of {number}")
    directive = _DIRECTIVE.fullmatch(match[4] or "")
    word, rest = (directive[1], directive[2] or "") if directive else ("", match[4] or "")
    ok = match[1] == "ok"
    if word in _NOT_OK and ok:
        raise BadKtap(f"line {at + 1}: ok with {word}")
    if ok and any(not test.ok and test.directive not in ("SKIP", "XFAIL") for test in nested):
        raise BadKtap(f"line {at + 1}: ok though a test in it is not")
    return Case(ok, match[3] or "", word, rest, tuple(notes), nested)
