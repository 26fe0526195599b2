"""The tables of ``kvmpmu lab list --boards``: the lab's boards, and what their kernels reported.

Not for: the lines and the sizes of their snapshots (`list`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...data import topology
from ...data.host import Host, format_cpus
from ...lab.store.inventory import Snapshot

KNOWN = ("board", "CPUs", "PMUs in probe order", "vGIC", "differs in")
REPORTED = ("booted", "kernel", "CPUs", "PMUs", "vGIC", "guests", "KVM")


def known() -> Iterator[tuple[str, ...]]:
    """A row for each board that ships and that the lab boots."""
    for name in topology.lab_names():
        host = topology.load(name)
        pmus = [f"{pmu.name} {format_cpus(pmu.covers)}" for pmu in host.pmus]
        yield (
            name,
            format_cpus(host.present),
            _listed(pmus),
            _gics(host.gics),
            _listed(_differs(host)),
        )


def _differs(host: Host) -> Iterator[str]:
    if host.protected:
        yield "protected"
    if host.nested:
        yield "nested"
    if host.maxcpus is not None:
        yield f"maxcpus {host.maxcpus}"
    if host.offline:
        yield f"offline {format_cpus(host.offline)}"


def reported(snapshots: Sequence[Snapshot]) -> Iterator[tuple[str, ...]]:
    """A row for each of ``snapshots``: what its agent reported after the boot."""
    for one in snapshots:
        facts = one.facts
        if facts:
            pmus = [f"{pmu['name']} {pmu['cpus']}" for pmu in facts.get("pmus", ())]
            yield (
                f"{one.line} on {one.board}, {one.cpu}",
                one.release,
                format_cpus(tuple(facts.get("cpus", ()))) or "-",
                _listed(pmus),
                _gics(facts.get("gics", ())),
                _listed(_guests(facts)),
                _listed(_kvm(facts)),
            )


def _guests(facts: Mapping[str, Any]) -> Iterator[str]:
    if "max_vcpus" in facts:
        yield f"{facts['max_vcpus']} vCPUs"
    if "ipa_bits" in facts:
        yield f"{facts['ipa_bits']} bits"


def _kvm(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("kvm") != "ok":
        yield str(facts.get("kvm", "unknown"))
    for mode in ("protected", "nested"):
        if facts.get(mode):
            yield mode
    if "page_size" in facts:
        yield f"{facts['page_size'] // 1024} kB pages"


def _gics(versions: Sequence[int]) -> str:
    return _listed(f"v{version}" for version in versions)


def _listed(words: Any) -> str:
    return ", ".join(words) or "-"
