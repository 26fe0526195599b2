"""The result of a spec, and what it ran on, as values with a JSON form.

Not for: how results are made (`tell`) and gathered (`gather`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...data.host import UNNAMED, Host, format_cpus
from ...data.revision import Revision, revision
from ...recording import form
from ...recording.form import BadLine, Header, check

# The name of the kernel in a run without target.
NO_KERNEL = "no kernel"


class Status(enum.Enum):
    """How a spec ended.  In capitals these are KCIDB's words; the worst comes first."""

    FAIL = "fail"  # kernel and contract differ
    ERROR = "error"  # the suite or the backend failed: no verdict on the kernel
    MISS = "miss"  # not run: no target, or the host lacks what the spec requires
    PASS = "pass"
    SKIP = "skip"  # not applicable to this revision

    @property
    def kcidb(self) -> str:
        """KCIDB's name for it."""
        return self.name

    @classmethod
    def worst(cls, found: Sequence[Status]) -> Status:
        """The worst of ``found``; a pass if it is empty."""
        return min(found, key=list(cls).index) if found else cls.PASS


class SpecResult(NamedTuple):
    """The result of one spec.

    ``spec`` is its name, the same wherever our specs are installed; ``node_id`` is pytest's
    name for it, if that differs.  ``reason`` is one line on why it did not pass.
    ``errno`` is the name of the kernel's errno if the contract has another answer,
    ``"0"`` if it accepted what it should refuse.  ``waived`` says why a failure was expected.
    ``strict``: the kernel did what the clauses say, and only --kvmpmu-strict-spec failed it.
    ``calls`` are ``{"call": ..., "outcome": ...}``, the outcome null if there was no answer;
    those of a spec that passed are kept only for a report.  ``seconds`` is the time of setup,
    call and teardown.  ``sections`` are titles and texts.  ``story`` has cells of the story
    table.
    """

    spec: str
    status: Status
    clauses: tuple[str, ...] = ()
    reason: str = ""
    errno: str = ""
    waived: str = ""
    strict: bool = False
    node_id: str = ""
    seconds: float = 0.0
    calls: tuple[Mapping[str, Any], ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    story: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The JSON form; empty fields are omitted."""
        value = {**self._asdict(), "status": self.status.value, "seconds": round(self.seconds, 6)}
        value = {key: list(v) if isinstance(v, tuple) else v for key, v in value.items()}
        value["sections"] = [list(section) for section in self.sections]
        return {key: inner for key, inner in value.items() if inner}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SpecResult:
        """The inverse of `to_json`.  Raises `BadLine` for any other value."""
        check(value, {"spec": str, "status": str}, _OPTIONAL)
        if value["status"] not in _STATUSES:
            raise BadLine(f"status: {value['status']!r} is not one of {', '.join(_STATUSES)}")
        for key in ("clauses", "story"):
            if not all(isinstance(inner, str) for inner in value.get(key, ())):
                raise BadLine(f"{key}: {value[key]!r} are not strings")
        for section in value.get("sections", ()):
            if not _is_section(section):
                raise BadLine(f"sections: {section!r} is not a title with its text")
        for pair in value.get("calls", ()):
            if not _is_pair(pair):
                raise BadLine(f"calls: {pair!r} is not a call with its outcome")
        given: dict[str, Any] = {
            key: tuple(v) if isinstance(v, list) else v for key, v in value.items()
        }
        given["sections"] = tuple((title, text) for title, text in value.get("sections", ()))
        given["status"] = _STATUSES[value["status"]]
        return cls(**given)


_STATUSES = {status.value: status for status in Status}
_OPTIONAL: dict[str, Any] = {
    **dict.fromkeys(("reason", "errno", "waived", "node_id"), str),
    **dict.fromkeys(("clauses", "calls", "sections", "story"), list),
    "strict": bool,
    "seconds": (int, float),
}


def _is_section(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(inner, str) for inner in value)
    )


def _is_pair(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"call", "outcome"}:
        return False
    return isinstance(value["call"], dict) and isinstance(value["outcome"], (dict, type(None)))


_NONE: Mapping[str, str] = {}


class RunInfo(NamedTuple):
    """What a run was on and how it was started.

    ``on`` is the backend's part: kernel, host, notes, versions, time.  ``command`` is the
    command line.  ``seeds`` are the random seeds, by plugin.  ``missing`` says why there was no
    target; ``on`` then has neither kernel nor host.
    """

    on: Header
    command: tuple[str, ...] = ()
    seeds: Mapping[str, str] = _NONE
    missing: str = ""

    @property
    def kernel(self) -> str:
        """The release that the kernel reports."""
        return self.on.release

    @property
    def revision(self) -> Revision | None:
        """The revision whose behaviour was expected; None without target."""
        return None if self.missing else revision(self.on.revision)

    @property
    def host(self) -> Host:
        """The CPUs and PMUs that the run was on."""
        return self.on.host

    @property
    def board(self) -> str:
        """The host's name; if it has none, its PMUs are listed."""
        host = self.on.host
        if host.name != UNNAMED:
            return host.name
        listed = ", ".join(f"{pmu.name} on {format_cpus(pmu.cpus)}" for pmu in host.pmus)
        return f"{host.name} ({listed or 'no PMU'})"

    def to_json(self) -> dict[str, Any]:
        """The JSON form."""
        on = self.on.to_json()
        del on[form.KEY]
        if self.missing:
            on = {key: on[key] for key in ("backend", "target", "versions", "time") if key in on}
        value = {"on": on, "command": list(self.command), "seeds": dict(self.seeds)}
        value["missing"] = self.missing
        return {key: inner for key, inner in value.items() if inner}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RunInfo:
        """The inverse of `to_json`.  Raises `BadLine` for any other value."""
        check(value, {"on": dict}, {"command": list, "seeds": dict, "missing": str})
        command, seeds = value.get("command", []), value.get("seeds", {})
        if not all(isinstance(inner, str) for inner in (*command, *seeds.values())):
            raise BadLine("command and seeds: not all of them are strings")
        missing = value.get("missing", "")
        on = _bare(value["on"]) if missing else _header(value["on"])
        return cls(on, tuple(command), seeds, missing)


def _header(value: Mapping[str, Any]) -> Header:
    return Header.from_json({form.KEY: form.VERSION, **value})


def _bare(value: Mapping[str, Any]) -> Header:
    check(value, {"backend": str, "versions": dict, "time": str}, {"target": str})
    return without_target(value["backend"], value.get("target"), value["versions"], value["time"])


def without_target(
    backend: str, target: str | None, versions: Mapping[str, str], time: str
) -> Header:
    """A header without kernel and host."""
    nowhere = Host(target or backend, (), ())
    return Header(backend, target, NO_KERNEL, "none", None, nowhere, (), versions, time)
