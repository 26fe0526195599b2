"""What a topology file may say: its keys, their types and limits.

An error names file, line and key.  Not for: finding and reading the file (`topology`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import UsageProblem, unknown
from ..support import toml_lines
from .gic import DEFAULT as DEFAULT_GIC
from .gic import GICS
from .host import IPA_BITS, PMUV3, Host, Pmu, parse_cpus

# PERF_TYPE_MAX of include/uapi/linux/perf_event.h: lower ids are not of a PMU.
FIRST_TYPE = 6
# What PMCR_EL0.N can say.
MOST_COUNTERS = 31
MOST_CPUS = 512
# The sizes that KVM_CREATE_VM takes begin at 32 bits; FEAT_LPA2 has 52.
POSSIBLE_IPA_BITS = range(32, 53)
# The field has four bits.
MOST_PMUVER = 15

_TOP: dict[str, type | tuple[type, ...]] = {
    "description": str,
    "cpus": int,
    "pmu": list,
    "pmuver": int,
    "protected": bool,
    "impdef_traps": bool,
    "nested": bool,
    "gic": (int, list),
    "ipa_bits": int,
    "offline": str,
    "maxcpus": int,
    "lab": bool,
}
_REQUIRED: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "type": int,
    "cpus": str,
    "counters": int,
}
_PMU = {**_REQUIRED, "compatible": str, "pmuver": int, "core": str}
_KIND: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "an array of [[pmu]] tables",
    (int, list): "a whole number or an array of them",
}


class TopologyFile:
    """One file being checked: knows where a key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.text = text

    def where(self, key: str, pmu: int | None) -> str:
        """``FILE, line N, key KEY`` for a top-level key or one of the ``pmu``-th PMU.

        Without ``key`` it is the PMU's table.
        """
        label = key if pmu is None else f"pmu[{pmu}].{key}" if key else f"pmu[{pmu}]"
        above = () if pmu is None else ("pmu", pmu)
        line = toml_lines.line_of(self.text, *above, *([key] if key else []))
        number = f", line {line}" if line else ""
        return f"topology file {self.path}{number}, key {label}"

    def wrong(self, key: str, pmu: int | None, what: str, right: str) -> UsageProblem:
        return UsageProblem(f"{self.where(key, pmu)}: {what}", right)

    def check(
        self, table: dict[str, Any], keys: Mapping[str, type | tuple[type, ...]], pmu: int | None
    ) -> None:
        for key, value in table.items():
            if key not in keys:
                problem = unknown("key", key, keys)
                raise self.wrong(key, pmu, problem.cause, problem.remedy)
            kinds = keys[key]
            if type(value) not in (kinds if isinstance(kinds, tuple) else (kinds,)):
                raise self.wrong(
                    key, pmu, f"{value!r} is of the wrong type", f"Give {_KIND[keys[key]]}"
                )

    def host(self, table: dict[str, Any]) -> Host:
        self.check(table, _TOP, None)
        if "cpus" not in table:
            raise UsageProblem(
                f"topology file {self.path} has no key cpus",
                "Say how many CPUs there are: cpus = 6",
            )
        count = table["cpus"]
        if not 1 <= count <= MOST_CPUS:
            raise self.wrong("cpus", None, f"{count} CPUs", f"Give 1 to {MOST_CPUS}")
        maxcpus = table.get("maxcpus")
        if maxcpus is not None and not 1 <= maxcpus <= count:
            raise self.wrong("maxcpus", None, f"{maxcpus} CPUs", f"Give 1 to {count}")
        offline = self.offline(table, count)
        pmus: list[Pmu] = []
        for index, entry in enumerate(table.get("pmu", [])):
            if not isinstance(entry, dict):
                raise self.wrong("", index, f"{entry!r} is not a table", "Write [[pmu]] tables")
            pmus.append(self.pmu(index, entry, count, pmus))
        narrowed = (replace(p, cpus=p.cpus - offline, offline=p.cpus & offline) for p in pmus)
        return Host(
            self.path.stem,
            tuple(cpu for cpu in range(count) if cpu not in offline),
            tuple(narrowed),
            table.get("description", ""),
            self.pmuver(table, None),
            table.get("protected", False),
            table.get("impdef_traps", False),
            table.get("nested", False),
            self.gics(table),
            self.ipa_bits(table),
            offline,
            maxcpus,
        )

    def ipa_bits(self, table: dict[str, Any]) -> int:
        found: int = table.get("ipa_bits", IPA_BITS)
        if found not in POSSIBLE_IPA_BITS:
            low, high = POSSIBLE_IPA_BITS[0], POSSIBLE_IPA_BITS[-1]
            raise self.wrong("ipa_bits", None, f"{found} bits", f"Give {low} to {high}")
        return found

    def offline(self, table: dict[str, Any], count: int) -> frozenset[int]:
        """The CPUs that can't be used."""
        text = table.get("offline", "")
        try:
            named = parse_cpus(text)
        except ValueError:
            raise self.wrong(
                "offline", None, f"{text!r} is not a list of CPUs", 'Write it like "4-5"'
            ) from None
        if outside := named.difference(range(count)):
            raise self.wrong(
                "offline",
                None,
                f"CPU {min(outside)} does not exist",
                f"The CPUs are 0 to {count - 1}",
            )
        down = named.union(range(table.get("maxcpus", count), count))
        if len(down) == count:
            raise self.wrong("offline", None, "it names all CPUs", "Leave one CPU online")
        return down

    def gics(self, table: dict[str, Any]) -> tuple[int, ...]:
        found = table.get("gic", DEFAULT_GIC)
        versions = tuple(found) if isinstance(found, list) else (found,)
        for version in versions:
            if type(version) is not int or version not in GICS:
                known = ", ".join(map(str, GICS))
                raise self.wrong(
                    "gic", None, f"{version!r} is not a vGIC's version", f"Known: {known}"
                )
        if len(set(versions)) < len(versions):
            raise self.wrong("gic", None, f"{found!r} names one twice", "Name each once")
        return versions

    def pmuver(self, table: dict[str, Any], pmu: int | None) -> int:
        found: int = table.get("pmuver", PMUV3)
        if not 0 <= found <= MOST_PMUVER:
            raise self.wrong("pmuver", pmu, f"{found} is not a version", f"Give 0 to {MOST_PMUVER}")
        return found

    def pmu(self, index: int, table: dict[str, Any], count: int, earlier: list[Pmu]) -> Pmu:
        self.check(table, _PMU, index)
        for key in _REQUIRED:
            if key not in table:
                raise UsageProblem(
                    f"{self.where('', index)}: no key {key}",
                    f"A [[pmu]] table has the keys {', '.join(_REQUIRED)}",
                )
        try:
            cpus = parse_cpus(table["cpus"])
        except ValueError as error:
            raise self.wrong(
                "cpus", index, f"{table['cpus']!r} is not a CPU list", 'Write it like "0-3,5"'
            ) from error
        if not cpus:
            raise self.wrong("cpus", index, "covers no CPU", 'Name at least one, like "0-3"')
        if max(cpus) >= count:
            raise self.wrong(
                "cpus", index, f"CPU {max(cpus)} is out of range", f"CPUs are 0 to {count - 1}"
            )
        if table["type"] < FIRST_TYPE:
            raise self.wrong(
                "type",
                index,
                f"{table['type']} is one of perf's fixed types",
                f"Give {FIRST_TYPE} or more",
            )
        if not 0 <= table["counters"] <= MOST_COUNTERS:
            raise self.wrong(
                "counters", index, f"{table['counters']} counters", f"Give 0 to {MOST_COUNTERS}"
            )
        for other in earlier:
            if common := cpus & other.cpus:
                raise self.wrong(
                    "cpus",
                    index,
                    f"CPU {min(common)} is already covered by {other.name}",
                    "A CPU has at most one PMU",
                )
            for key in ("type", "name", "compatible"):
                # A host with ACPI has no compatibles.
                if table.get(key) and table[key] == getattr(other, key):
                    raise self.wrong(
                        key,
                        index,
                        f"{table[key]!r} is already {other.name}'s",
                        "Give each PMU its own",
                    )
        return Pmu(
            table["name"],
            table["type"],
            cpus,
            table["counters"],
            table.get("compatible", ""),
            self.pmuver(table, index),
            core=table.get("core", ""),
        )
