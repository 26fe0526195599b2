"""Topology files: a `Host` written down as TOML.

description = "one sentence"
cpus = 6                    # CPUs 0 to 5
[[pmu]]                     # in probe order
name = "armv8_cortex_a53"   # as in /sys/bus/event_source/devices
compatible = "arm,cortex-a53-pmu" # the device tree's name; optional, the lab needs it
type = 8                    # perf type id, 6 or more; the model's: a real kernel gives out its own
cpus = "0-3"                # the kernel's CPU list format
counters = 6                # event counters, without the cycle counter
pmuver = 1                  # as in ID_AA64DFR0_EL1; 1 (Armv8.0) if omitted
core = "cortex-a53"         # what the CPUs are; optional

Optional top-level keys: ``pmuver`` for the CPUs that no PMU covers (1), ``protected`` (KVM in
protected mode), ``impdef_traps`` (PMUv3's registers trap on cores with a PMU of their own),
``nested`` (nested virtualisation: guests may have an EL2), all false; ``gic``, the version of the
vGIC that KVM makes, or an array of versions, the one to use first (3; none: ``[]``);
``ipa_bits``, KVM_CAP_ARM_VM_IPA_SIZE (44); ``offline``, the CPUs that exist and can't be used, as a
list; ``maxcpus``, how many CPUs the kernel brings up at boot (all); ``lab = true`` says that the
lab boots this board.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ..errors import UsageProblem, unknown
from ..support.resources import fixtures_dir
from .host import PMUV3 as PMUV3
from .host import Host
from .topology_file import TopologyFile

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


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
    return TopologyFile(path, text).host(table)


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
