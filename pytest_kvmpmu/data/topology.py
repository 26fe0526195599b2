"""Topology files: a `Host` written down as TOML.

description = "one sentence"
cpus = 6                    # CPUs 0 to 5
[[pmu]]                     # in probe order
name = "armv8_cortex_a53"   # as in /sys/bus/event_source/devices
compatible = "arm,cortex-a53-pmu"
type = 8                    # perf type id, 6 or more; the model's: a real kernel gives out its own
cpus = "0-3"                # the kernel's CPU list format
counters = 6                # event counters, without the cycle counter
pmuver = 1                  # as in ID_AA64DFR0_EL1; 1 (Armv8.0) if omitted

Optional top-level keys: ``pmuver`` for the CPUs that no PMU covers (1), ``protected`` (KVM in
protected mode), ``impdef_traps`` (PMUv3's registers trap on cores with a PMU of their own),
``nested`` (nested virtualisation: guests may have an EL2), all false; ``gic``, the version of the
vGIC that KVM makes, or an array of versions, the one to use first (3; none: ``[]``);
``ipa_bits``, KVM_CAP_ARM_VM_IPA_SIZE (44); ``offline``, the CPUs that exist and can't be used, as a
list; ``maxcpus``, how many CPUs the kernel brings up at boot (all); ``lab = true`` says that the
lab boots this board.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import UsageProblem, unknown
from ..support.resources import fixtures_dir
from .gic import DEFAULT as DEFAULT_GIC
from .gic import GICS
from .host import IPA_BITS, Host, Pmu, parse_cpus

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# PERF_TYPE_MAX of include/uapi/linux/perf_event.h: lower ids are not of a PMU.
FIRST_TYPE = 6
# What PMCR_EL0.N can say.
MOST_COUNTERS = 31
MOST_CPUS = 512
# The sizes that KVM_CREATE_VM takes begin at 32 bits; FEAT_LPA2 has 52.
POSSIBLE_IPA_BITS = range(32, 53)
# PMUVer of Armv8.0, as the lab's emulated cores are; the field has four bits.
PMUV3, MOST_PMUVER = 1, 15

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
    "compatible": str,
    "type": int,
    "cpus": str,
    "counters": int,
}
_PMU = {**_REQUIRED, "pmuver": int}
_KIND: dict[Any, str] = {
    str: "a string",
    int: "a whole number",
    bool: "true or false",
    list: "an array of [[pmu]] tables",
    (int, list): "a whole number or an array of them",
}


def names() -> list[str]:
    """The topologies that ship with the plugin."""
    return sorted(path.stem for path in (fixtures_dir() / "topologies").glob("*.toml"))


def lab_names() -> list[str]:
    """The topologies that ship and that the lab boots: those with ``lab = true``."""
    folder = fixtures_dir() / "topologies"
    return [name for name in names() if _table(folder / f"{name}.toml")[1].get("lab", False)]


def load(name: str, base: Path | None = None) -> Host:
    """The topology of that name, or in the file of that name (it ends in ``.toml``).

    A relative path starts from ``base`` (default: the current directory).
    Raises `UsageProblem` for an unknown name and for whatever is wrong in the file.
    """
    if not name.endswith(".toml"):
        if name not in names():
            raise unknown("topology", name, [*names(), "or the path of a .toml file"])
        return read(fixtures_dir() / "topologies" / f"{name}.toml")
    return read((base or Path()) / name)


def read(path: Path) -> Host:
    """The topology in the file ``path``."""
    text, table = _table(path)
    return _File(path, text).host(table)


def _table(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of the file ``path``, and what it is as TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageProblem(
            f"topology file {path} cannot be read: {reason}", "Name a readable TOML file"
        ) from error
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageProblem(
            f"topology file {path} is not TOML: {error}", "Fix the syntax at that place"
        ) from error
    return text, table


class _File:
    """One file being checked: knows where a key stands."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def where(self, key: str, pmu: int | None) -> str:
        """``FILE, line N, key KEY`` for a top-level key or one of the ``pmu``-th PMU."""
        start = 0
        label = key
        if pmu is not None:
            heads = [n for n, line in enumerate(self.lines) if re.match(r"\s*\[\[pmu]]", line)]
            start = heads[pmu] if pmu < len(heads) else 0
            label = f"pmu[{pmu}].{key}" if key else f"pmu[{pmu}]"
        name = re.escape(key)
        pattern = re.compile(rf"""\s*(["']?{name}["']?\s*=|\[+{name}]+)""") if key else None
        for number, line in enumerate(self.lines[start:], start + 1):
            if pattern is None or pattern.match(line):
                return f"topology file {self.path}, line {number}, key {label}"
        return f"topology file {self.path}, key {label}"

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
                raise self.wrong("pmu", None, f"{entry!r} is not a table", "Write [[pmu]] tables")
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
                "offline", None, f"there is no CPU {min(outside)}", f"The CPUs are 0 to {count - 1}"
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
                if table[key] == getattr(other, key):
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
            table["compatible"],
            self.pmuver(table, index),
        )
