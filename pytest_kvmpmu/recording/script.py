"""Play scripts: a list of Calls as JSON lines, the form of every reproducer.

The first line is the header ``{"kvmpmu-script": 1}``; 1 is the format's version.  Each
further line is one Call in its JSON form (wire.call).  Empty lines, and lines that begin
with ``#``, are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..data.payloads import payload
from ..errors import UsageProblem
from ..wire.call import Call
from ..wire.params import BadCall

VERSION = 1
_KEY = "kvmpmu-script"
_HEADER = json.dumps({_KEY: VERSION})


def dump(calls: Iterable[Call]) -> str:
    """The script that issues ``calls``."""
    return "\n".join([_HEADER, *(json.dumps(call.to_json()) for call in calls)])


def load(text: str, source: str) -> list[Call]:
    """The Calls of a script.

    Raises `UsageProblem` with ``source`` and line if ``text`` is not a script: broken JSON,
    an unknown call or argument, an object that no earlier call makes.
    """
    numbered = [
        (number, line)
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not numbered:
        raise UsageProblem(f"{source} is empty", f"A script begins with the line {_HEADER}")
    _check_header(*numbered[0], source)
    made = {"kvm"}
    calls = []
    for number, line in numbered[1:]:
        where = f"{source}, line {number}"
        call = _parse(line, where)
        if call.on not in made:
            raise UsageProblem(
                f"{where}: object {call.on!r} does not exist",
                f"Objects so far: {', '.join(sorted(made))}; a call makes one under the name in"
                ' its key "new"',
            )
        if call.new is not None:
            if call.new in made:
                raise UsageProblem(
                    f"{where}: object {call.new!r} already exists", "Choose another name"
                )
            made.add(call.new)
        calls.append(call)
    return calls


def _check_header(number: int, line: str, source: str) -> None:
    header = _json(line, f"{source}, line {number}")
    if not isinstance(header, dict) or _KEY not in header:
        raise UsageProblem(
            f"{source}, line {number}: this is not a script header",
            f"Begin with the line {_HEADER}",
        )
    if header[_KEY] is True or header[_KEY] != VERSION:  # True equals 1
        raise UsageProblem(
            f"{source}, line {number}: script format {header[_KEY]!r} is unknown",
            f"This version reads format {VERSION}",
        )


def _json(line: str, where: str) -> object:
    try:
        return json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UsageProblem(
            f"{where}: this is not JSON: {error}", "Write one JSON object on the line"
        ) from error


def _parse(line: str, where: str) -> Call:
    try:
        call = Call.from_json(_json(line, where))
    except BadCall as error:
        raise UsageProblem(f"{where}: {error}", "See docs/play.md for the calls") from error
    name = call.args.get("payload")
    if name is not None:
        try:
            payload(name)
        except UsageProblem as problem:
            raise UsageProblem(f"{where}: {problem.cause}", problem.remedy) from problem
    return call
