"""A report: backend, kernel and host of a run, the result of each spec, the conclusion.

JSON lines: a header, a line for each result, a footer.  ``report-3.schema.json`` beside this
module describes a line, also of versions 1 and 2; docs/reports.md describes the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...recording.form import BadLine, check
from ...support.json_lines import END, Lines
from .conclusion import Conclusion
from .left_out import LeftOut
from .result import RunInfo, SpecResult, Status

VERSION = 3
READS = (1, 2, 3)
KEY = "kvmpmu-report"
SCHEMA = Path(__file__).with_name(f"report-{VERSION}.schema.json")
_AGAIN = "Name a file that --kvmpmu-report=FILE.json wrote"


@dataclass(frozen=True)
class Report:
    """``results`` are sorted by spec.  ``partial`` says why it is not of the whole run.

    ``left_out`` is None if that is not known, as in a report of version 1; ``conclusion`` is None
    if the run had no target, and in reports of versions 1 and 2.  ``source`` is the file that it
    was read from, or the empty string.
    """

    run: RunInfo
    results: tuple[SpecResult, ...]
    partial: str = ""
    left_out: LeftOut | None = None
    conclusion: Conclusion | None = None
    source: str = field(default="", compare=False)

    def count(self, status: Status) -> int:
        """How many specs ended that way."""
        return sum(result.status is status for result in self.results)


def dump(report: Report) -> str:
    """The file's text."""
    digest = hashlib.sha256()
    lines = []
    for value in ({KEY: VERSION, **report.run.to_json()}, *_results(report)):
        lines.append(json.dumps(value) + "\n")
        digest.update(lines[-1].encode())
    end: dict[str, Any] = {"results": len(report.results)}
    if report.partial:
        end["partial"] = report.partial
    if report.left_out is not None:
        end["left_out"] = report.left_out.to_json()
    if report.conclusion is not None:
        end |= report.conclusion.to_json()
    return "".join([*lines, json.dumps({END: {**end, "sha256": digest.hexdigest()}}), "\n"])


def _results(report: Report) -> Iterator[dict[str, Any]]:
    return (result.to_json() for result in report.results)


def read(path: Path) -> Report:
    """The report in the file ``path``.

    Raises `UsageProblem` if the file can't be read, has another version, has no footer, was
    changed after it was written, or has a broken line, which the message names.
    """
    lines = Lines(path, "report", _AGAIN)
    try:
        with path.open("rb") as file:
            return _read(lines, file)
    except OSError as error:
        raise lines.unreadable(error) from error


def _read(lines: Lines, file: Iterable[bytes]) -> Report:
    run, end = None, None
    results: list[SpecResult] = []
    for value in lines.of(file):
        try:
            if run is None:
                run = _header(value)
            elif end is not None:
                raise BadLine("this line is after the footer")
            elif END in value:
                end = value
                _check_end(end, len(results), lines.digest.hexdigest())
            else:
                results.append(SpecResult.from_json(value))
        except BadLine as error:
            raise lines.broken(str(error)) from error
    if run is None:
        raise lines.empty()
    if end is None:
        raise lines.cut()
    more = end[END]
    left_out = LeftOut.from_json(more["left_out"]) if "left_out" in more else None
    partial, conclusion = more.get("partial", ""), Conclusion.from_json(more)
    return Report(run, tuple(results), partial, left_out, conclusion, str(lines.path))


def _header(value: dict[str, Any]) -> RunInfo:
    if KEY not in value:
        raise BadLine(f"this is not the header of a report: the key {KEY!r} is missing")
    if value[KEY] is True or value[KEY] not in READS:  # True equals 1
        known = ", ".join(map(str, READS))
        raise BadLine(f"schema version {value[KEY]!r} is not known; known: {known}")
    return RunInfo.from_json({key: inner for key, inner in value.items() if key != KEY})


def _check_end(value: dict[str, Any], results: int, digest: str) -> None:
    check(value, {END: dict})
    optional = {"partial": str, "left_out": dict, "verdict": str, "on_host": str, "gate": dict}
    check(value[END], {"results": int, "sha256": str}, optional)
    Conclusion.from_json(value[END])
    LeftOut.from_json(value[END].get("left_out", {}))
    if (value[END]["results"], value[END]["sha256"]) != (results, digest):
        raise BadLine("the file was changed after it was written")
