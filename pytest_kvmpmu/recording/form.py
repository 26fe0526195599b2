"""The lines of a recording as values, and their JSON.

Not for: files (`writer` and `reader`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from ..data.gic import DEFAULT as DEFAULT_GIC
from ..data.host import IPA_BITS, Host, Pmu, format_cpus, parse_cpus
from ..data.revision import Detected, detect
from ..errors import UsageProblem
from ..wire.call import Call
from ..wire.outcome import Outcome
from ..wire.params import BadCall

VERSION = 1
KEY = "kvmpmu-recording"


class BadLine(ValueError):
    """A line is invalid at its place; one sentence without a full stop."""


class Header(NamedTuple):
    """What was recorded, where, by what and when.

    ``revision`` is the behaviour that was expected; ``kernel`` is the same if the user chose
    it, not the release.  ``time`` is the start of the run, in UTC.
    """

    backend: str
    target: str | None
    release: str
    revision: str
    kernel: str | None
    host: Host
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    time: str

    @property
    def detected(self) -> Detected:
        """The revision behind the kernel, as it is understood today."""
        return detect(self.kernel or self.release)

    def to_json(self) -> dict[str, Any]:
        """The JSON form.  Empty fields are omitted."""
        value = {**self._asdict(), "host": _host_to_json(self.host), "notes": list(self.notes)}
        return {KEY: VERSION, **{key: inner for key, inner in value.items() if inner}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Header:
        """The inverse of `to_json`.  Raises `BadLine` if ``value`` is not a header."""
        if KEY not in value:
            raise BadLine(f"this is not the header of a recording: the key {KEY!r} is missing")
        if value[KEY] is True or value[KEY] != VERSION:  # True equals 1
            raise BadLine(f"format {value[KEY]!r} is unknown; this version reads {VERSION}")
        optional = {"target": str, "kernel": str, "notes": list}
        needed = {"backend": str, "release": str, "revision": str, "host": dict}
        check(value, {KEY: int, **needed, "versions": dict, "time": str}, optional)
        try:
            detect(value.get("kernel") or value["release"])
        except UsageProblem as problem:
            raise BadLine(problem.cause) from problem
        return cls(
            value["backend"],
            value.get("target"),
            value["release"],
            value["revision"],
            value.get("kernel"),
            _host_from_json(value["host"]),
            tuple(value.get("notes", ())),
            value["versions"],
            value["time"],
        )


class Step(NamedTuple):
    """One Call and its Outcome, or calls that were issued at once, with theirs.

    If the backend failed there are no outcomes, and ``failure`` says why.  ``line`` is its
    line in the file, from 1.  ``seconds`` is the time limit if the test set one.
    """

    calls: tuple[Call, ...]
    outcomes: tuple[Outcome, ...] = ()
    failure: str = ""
    at_once: bool = False
    seconds: float | None = None
    line: int = 0

    def to_json(self, world: int) -> dict[str, Any]:
        """The JSON form, as a step of world number ``world``."""
        value: dict[str, Any] = {"world": world}
        pairs = [
            {"call": call.to_json(), "outcome": outcome.to_json()}
            for call, outcome in zip(self.calls, self.outcomes, strict=False)
        ]
        if self.failure:
            value |= {"calls": [call.to_json() for call in self.calls], "failure": self.failure}
        elif self.at_once:
            value["at_once"] = pairs
        else:
            value |= pairs[0]
        return value if self.seconds is None else {**value, "seconds": self.seconds}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], line: int = 0) -> Step:
        """The inverse of `to_json`.  Raises `BadLine` if ``value`` is not a step."""
        optional = {"seconds": (int, float)}
        seconds = value.get("seconds")
        if "failure" in value:
            check(value, {"world": int, "calls": list, "failure": str}, optional)
            calls = tuple(_call(call) for call in value["calls"])
            return cls(calls, failure=value["failure"], seconds=seconds, line=line)
        if "at_once" in value:
            check(value, {"world": int, "at_once": list}, optional)
            pairs = [_pair(pair, {}) for pair in value["at_once"]]
        else:
            pairs = [_pair(value, {"world": int}, optional)]
        calls, outcomes = tuple(c for c, _ in pairs), tuple(o for _, o in pairs)
        return cls(calls, outcomes, "", "at_once" in value, seconds, line)


class World(NamedTuple):
    """One world: the test that made it, and its steps in order."""

    number: int
    test: str
    steps: Sequence[Step]
    line: int = 0


def check(
    value: Mapping[str, Any], keys: Mapping[str, Any], optional: Mapping[str, Any] | None = None
) -> None:
    """Raises `BadLine` unless ``value`` has ``keys``, at most also ``optional``, of their types."""
    known = {**keys, **(optional or {})}
    for key in keys:
        if key not in value:
            raise BadLine(f"the key {key!r} is missing")
    for key, inner in value.items():
        if key not in known:
            raise BadLine(f"unknown key {key!r}")
        if not isinstance(inner, known[key]) or isinstance(inner, bool) != (known[key] is bool):
            raise BadLine(f"{key}: {inner!r} is of the wrong type")


def _pair(
    value: Any, more: Mapping[str, Any], optional: Mapping[str, Any] | None = None
) -> tuple[Call, Outcome]:
    if not isinstance(value, dict):
        raise BadLine(f"{value!r} is not a call with its outcome")
    check(value, {**more, "call": dict, "outcome": dict}, optional)
    return _call(value["call"]), _outcome(value["outcome"])


def _call(value: Any) -> Call:
    try:
        return Call.from_json(value)
    except BadCall as error:
        raise BadLine(f"call: {error}") from error


def _outcome(value: Mapping[str, Any]) -> Outcome:
    try:
        found = Outcome.from_json(value)
        whole = found.to_json() == value and isinstance(found.ret, int)
    except (AttributeError, KeyError, TypeError, ValueError):
        whole = False
    if not whole:
        raise BadLine(f"outcome: {value!r} is not an outcome")
    return found


_TYPES = {"str": str, "bool": bool, "int": int, "int | None": int}


def _plain(kind: type[Any], *others: str) -> dict[str, type]:
    """The types of a dataclass's fields, without the ``others``."""
    return {
        field.name: _TYPES[str(field.type)] for field in fields(kind) if field.name not in others
    }


# Headers that were written before `gics` say gicv5 instead.
_HOST = {
    **_plain(Host, "name", "cpus", "pmus", "gics", "offline"),
    **{"gics": list, "gicv5": bool, "offline": str},
}
_PMU = {**_plain(Pmu, "name", "type", "cpus", "offline"), "offline": str}


def _host_to_json(host: Host) -> dict[str, Any]:
    value = {**vars(host), "offline": format_cpus(host.offline)}
    value["gics"] = None if host.gics == (DEFAULT_GIC,) else list(host.gics)
    value["ipa_bits"] = None if host.ipa_bits == IPA_BITS else host.ipa_bits
    value["pmus"] = [_pmu_to_json(pmu) for pmu in host.pmus]
    found = {key: inner for key, inner in _given(value).items() if inner is not False}
    return {**found, "cpus": format_cpus(host.cpus)}


def _pmu_to_json(pmu: Pmu) -> dict[str, Any]:
    value = _given({**vars(pmu), "offline": format_cpus(pmu.offline)})
    return {**value, "cpus": format_cpus(pmu.cpus)}


def _given(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if inner not in (None, "")}


def _host_from_json(value: Mapping[str, Any]) -> Host:
    check(value, {"name": str, "cpus": str, "pmus": list}, _HOST)
    pmus = []
    for pmu in value["pmus"]:
        if not isinstance(pmu, dict):
            raise BadLine(f"pmus: {pmu!r} is not a PMU")
        check(pmu, {"name": str, "type": int, "cpus": str}, _PMU)
        pmus.append(
            Pmu(**{**pmu, "cpus": _cpus(pmu["cpus"]), "offline": _cpus(pmu.get("offline", ""))})
        )
    more = {key: inner for key, inner in value.items() if key not in ("gics", "gicv5")}
    more |= {"cpus": tuple(sorted(_cpus(value["cpus"]))), "pmus": tuple(pmus)}
    more["offline"] = _cpus(value.get("offline", ""))
    gics = [DEFAULT_GIC, 5] if value.get("gicv5") else value.get("gics", [DEFAULT_GIC])
    if not all(type(version) is int for version in gics):
        raise BadLine(f"gics: {gics!r} are not the versions of vGICs")
    return Host(**more, gics=tuple(gics))


def _cpus(text: str) -> frozenset[int]:
    try:
        return parse_cpus(text)
    except ValueError as error:
        raise BadLine(f"cpus: {error}") from error
