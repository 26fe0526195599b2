"""The waiver file: known failures, each with its expected outcome and a reason.

Not for: whether an entry still holds (`stale`), and changing the file (`rewrite`).
"""

from __future__ import annotations

import datetime
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageProblem, unknown
from ..spec.catalogue import clause, unspecified
from ..uapi.errno import number
from .kernel_range import KernelRange, kernel_range
from .spec_names import known_spec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEY = "waiver"
KEYS = ("spec", "clause", "errno", "message", "reason", "link", "kernel", "board", "expires")
# In a message: matches any text.
ANYTHING = "..."
# The errno of a call that was accepted though it should be refused.
ACCEPTED = "0"

HEADER = re.compile(r"\s*\[\[\s*waiver\s*\]\]")
_LINK = re.compile(r"https?://\S+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Waiver:
    """One entry: either ``spec`` (a name, without parameters for all of them) or ``clause``,
    and either ``errno`` or ``message``.  ``place`` is its file and line.
    """

    place: str
    spec: str = ""
    clause: str = ""
    errno: str = ""
    message: str = ""
    reason: str = ""
    link: str = ""
    kernel: KernelRange | None = None
    board: str = ""
    expires: datetime.date | None = None

    def __str__(self) -> str:
        return f"{self.place} ({self.spec or self.clause})"

    @property
    def expected(self) -> str:
        """The outcome that is expected, in words."""
        return self.said(self.errno, self.message)

    @staticmethod
    def said(errno: str, message: str) -> str:
        """An outcome in words, as an entry lists it."""
        if errno == ACCEPTED:
            return f'errno = "{ACCEPTED}" (the call was accepted)'
        return f"errno = {errno!r}" if errno else f"message = {message!r}"

    def expired(self, today: datetime.date) -> bool:
        """Whether its last day is over."""
        return self.expires is not None and self.expires < today

    def is_for(self, kernel: str, board: str) -> bool:
        """Whether it applies to the kernel of that release on that board."""
        return (self.kernel is None or kernel in self.kernel) and self.board in ("", board)

    def covers(self, spec: str, clauses: tuple[str, ...]) -> bool:
        """Whether it applies to the spec of that name that cites these clauses."""
        if self.clause:
            return self.clause in clauses
        return self.spec in (spec, spec.partition("[")[0])

    def expects(self, errno: str, message: str) -> bool:
        """Whether a failure with that errno, and that first line, is the one it lists."""
        if self.errno:
            return errno == self.errno
        parts = [re.escape(part) for part in self.message.split(ANYTHING)]
        return re.fullmatch(".*".join(parts), message) is not None


def read(path: Path, root: Path) -> tuple[Waiver, ...]:
    """The entries of the file.  ``root`` is pytest's rootdir, where names of your own specs start.

    Raises `UsageProblem`, with file and line, for the first bad entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageProblem(
            f"the waiver file {path} cannot be read: {why}",
            "Give --kvmpmu-waivers the path of a TOML file",
        ) from error
    return parse(text, path.name, root)


def parse(text: str, name: str, root: Path) -> tuple[Waiver, ...]:
    """Like `read`, from a text; ``name`` is the file's name in messages."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(f"{name} is not TOML: {error}", "Fix that line") from error
    entries = whole.get(KEY, [])
    for key in whole.keys() - {KEY}:
        raise _at(name, unknown("key", key, [KEY]))
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageProblem(
            f"{name}: {KEY} is not an array of tables", f"Write [[{KEY}]] above each entry"
        )
    lines = text.splitlines()
    headers = [n for n, line in enumerate(lines) if HEADER.match(line)]
    made = []
    for number_, entry in enumerate(entries):
        # With entries in another form, or [[waiver]] in a string, only the count is known.
        where = _Where(name, number_, lines, headers if len(headers) == len(entries) else [])
        made.append(_waiver(entry, where, root))
    return tuple(made)


@dataclass(frozen=True)
class _Where:
    """The place of one entry, and of its keys."""

    name: str
    number: int
    lines: list[str]
    headers: list[int]

    def __str__(self) -> str:
        if not self.headers:
            return f"{self.name}: waiver {self.number + 1}"
        return f"{self.name}:{self.headers[self.number] + 1}"

    def of(self, key: str) -> str:
        if not self.headers:
            return f"{self}: {key}"
        first = self.headers[self.number] + 1
        last = [*self.headers, len(self.lines)][self.number + 1]
        for at in range(first, last):
            if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", self.lines[at]):
                return f"{self.name}:{at + 1}: {key}"
        return f"{self}: {key}"


def _at(where: object, problem: UsageProblem) -> UsageProblem:
    return UsageProblem(f"{where}: {problem.cause}", problem.remedy)


def _waiver(entry: Mapping[str, Any], where: _Where, root: Path) -> Waiver:
    for key in entry:
        if key not in KEYS:
            raise _at(where.of(key).rpartition(":")[0], unknown("key", key, KEYS))
    _shape(entry, where)
    given = {key: value for key, value in entry.items() if key not in ("kernel", "expires")}
    for key in entry:
        try:
            given |= dict(_value(key, entry[key], root))
        except UsageProblem as problem:
            raise _at(where.of(key), problem) from problem
    return Waiver(str(where), **given)


def _shape(entry: Mapping[str, Any], where: _Where) -> None:
    """Check which keys are given, and that each has a text."""
    for key, value in entry.items():
        if key == "expires":
            continue
        if not isinstance(value, str) or not value.strip():
            raise UsageProblem(
                f"{where.of(key)} is empty or not a string", f'Write {key} = "..." or omit it'
            )
    for one, other in (("spec", "clause"), ("errno", "message")):
        if (one in entry) == (other in entry):
            has = f"both {one} and" if one in entry else f"neither {one} nor"
            raise UsageProblem(f"{where} has {has} {other}", "Give it one of them")
    for key, what in (("reason", "why this failure is accepted"), ("link", "where it is tracked")):
        if key not in entry:
            raise UsageProblem(f"{where} has no {key}", f'Say {what}: {key} = "..."')


def _value(key: str, value: Any, root: Path) -> Iterator[tuple[str, Any]]:
    """The value of a key, if it must be converted.  Raises `UsageProblem` for a bad one."""
    if key == "spec":
        known_spec(value, root)
    elif key == "clause":
        if clause(value).slug in unspecified():
            raise UsageProblem(f"no spec cites {value!r}, so nothing can fail", "Remove the entry")
    elif key == "errno":
        _errno(value)
    elif key == "message":
        _message(value)
    elif key == "link" and not _LINK.fullmatch(value):
        raise UsageProblem(f"{value!r} is not an http(s) address", "Name a page that can be opened")
    elif key == "kernel":
        yield key, kernel_range(value)
    elif key == "expires":
        yield key, _date(value)


def _errno(text: str) -> None:
    if text == ACCEPTED:
        return
    try:
        number(text)
    except ValueError:
        raise UsageProblem(
            f"{text!r} is not an errno",
            f'Write a name like "EINVAL", or "{ACCEPTED}" for a call that was accepted',
        ) from None


def _message(text: str) -> None:
    if ANYTHING in text and len(_WORD.findall(text)) < 2:
        raise UsageProblem(
            f"{text!r} is too broad: it matches failures of every kind",
            "Write at least two words of the message",
        )


def _date(value: Any) -> datetime.date:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UsageProblem(f"{str(value)!r} is not a date", "Write it like 2027-03-31") from None
