"""A report as KTAP version 1, as the kernel's dev-tools/ktap.rst defines it.

One test for each file of specs, its specs nested in it.  What was not verified is ``not ok``
with SKIP, so that a reader that does not know the directive does not count it as a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..results.document import Report
from ..results.result import SpecResult, Status

_VERSION = "KTAP version 1"
_INDENT = "  "
DIRECTIVES = ("SKIP", "TODO", "XFAIL", "TIMEOUT", "ERROR")


def ktap(report: Report) -> str:
    """The report's text."""
    run = report.run
    files = [(name, list(specs)) for name, specs in groupby(report.results, key=_file)]
    ends = [f"not ok {len(files) + 1} whole-run # ERROR {report.partial}"] * bool(report.partial)
    lines = [
        _VERSION,
        f"1..{len(files) + len(ends)}",
        f"# kernel {run.kernel}, board {run.board}, backend {run.on.backend}",
    ]
    for number, (name, specs) in enumerate(files, 1):
        lines += [_INDENT + line for line in _specs(specs)]
        bad = any(_result(one)[0] == "not ok" and not _skipped(one) for one in specs)
        skip = " # SKIP none of its specs ran" if all(map(_skipped, specs)) else ""
        lines.append(f"{'not ok' if bad else 'ok'} {number} {_description(name)}{skip}")
    return "\n".join([*lines, *ends]) + "\n"


def _specs(specs: Sequence[SpecResult]) -> Iterator[str]:
    yield _VERSION
    yield f"1..{len(specs)}"
    for number, one in enumerate(specs, 1):
        name = one.spec.partition("::")[2]
        result, more = _result(one)
        if one.status in (Status.FAIL, Status.ERROR):
            yield f"# clauses: {' '.join(one.clauses) or 'none'}"
            if one.waived:
                yield f"# {_text(one.reason)}"
        yield f"{result} {number} {_description(name)}{f' # {more.rstrip()}' if more else ''}"


def _result(one: SpecResult) -> tuple[str, str]:
    """``ok`` or ``not ok``, and the text behind the hash sign."""
    if one.status is Status.PASS:
        return "ok", ""
    if one.status is Status.SKIP:
        return "ok", f"SKIP not applicable: {_text(one.reason)}"
    if one.status is Status.MISS:
        return "not ok", f"SKIP not verified: {_text(one.reason)}"
    if one.waived:
        return "ok", f"XFAIL {_text(one.waived)}"
    if one.status is Status.ERROR:
        return "not ok", f"ERROR {_text(one.reason)}"
    if any((pair["outcome"] or {}).get("timed_out") for pair in one.calls):
        return "not ok", f"TIMEOUT {_text(one.reason)}"
    reason = _text(one.reason)
    # The first word must not be a directive.
    return "not ok", f"- {reason}" if reason.split(" ")[0] in DIRECTIVES else reason


def _skipped(one: SpecResult) -> bool:
    return one.status in (Status.SKIP, Status.MISS)


def _file(one: SpecResult) -> str:
    return one.spec.partition("::")[0]


def _description(name: str) -> str:
    """A name on one line and without the hash sign, which would end it."""
    return _text(name.replace("#", "_"))


def _text(text: str) -> str:
    return " ".join(text.split())
