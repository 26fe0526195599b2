"""The host that an agent described, as data; and whether it is the board that the user named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ..data.gic import GICS
from ..data.host import UNNAMED, Host, Pmu, format_cpus, parse_cpus
from ..errors import UsageProblem


def found_host(facts: Mapping[str, Any], board: Host | None) -> Host:
    """The host that ``facts`` describe (agent.describe); with ``board`` it has that board's name.

    A PMU's CPUs are those that can be used: online, and in the mask that the agent had when it
    started.  Raises `UsageProblem` if the host is not ``board``.
    """
    host = _host(facts)
    if board is None:
        return host
    booted = board.booted()
    if _shape(booted) != _shape(host) or not set(host.cpus) <= set(board.cpus):
        raise UsageProblem(
            f"this host is not {board.name}: it has {_sketch(host)}",
            f"{board.name} has {_sketch(booted)}; omit --kvmpmu-topology to take the host as it is",
        )
    for what, wanted, found in _modes(board, host):
        if wanted != found:
            raise UsageProblem(
                f"this host is not {board.name}: {what} is {found}",
                f"{board.name} has {wanted}; omit --kvmpmu-topology to take the host as it is",
            )
    # What sysfs does not show is the board's; type ids, usable CPUs and limits are the host's.
    pmus = tuple(
        replace(known, type=pmu.type, cpus=pmu.cpus, offline=pmu.offline)
        for known, pmu in zip(booted.pmus, host.pmus, strict=True)
    )
    return replace(
        booted,
        cpus=host.cpus,
        offline=host.offline,
        pmus=pmus,
        gics=host.gics,
        ipa_bits=host.ipa_bits,
    )


def notes_on(host: Host, facts: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each thing about ``host`` that a reader of the results must know."""
    if host.protected:
        yield f"KVM is in protected mode (so says the kernel's {facts['protected_source']})"
    if host.nested:
        yield "guests may have an EL2 (nested virtualisation)"
    if not host.gics:
        yield "KVM makes no vGIC here; PMUs have no interrupt"
    if host.offline:
        yield f"this process may not use CPUs {format_cpus(host.offline)} of {_all(host)}"
    if facts.get("page_size", 4096) != 4096:
        yield f"pages of {facts['page_size'] // 1024} kB"


def _host(facts: Mapping[str, Any]) -> Host:
    cpus = tuple(facts["cpus"])
    offline = parse_cpus(facts["present"]).difference(cpus)
    pmus = []
    for entry in facts["pmus"]:
        covers = parse_cpus(entry["cpus"])
        usable = covers.intersection(cpus)
        pmus.append(Pmu(entry["name"], entry["type"], usable, offline=covers - usable))
    return Host(
        UNNAMED,
        cpus,
        tuple(pmus),
        protected=facts["protected"],
        nested=facts["nested"],
        gics=tuple(version for version in facts["gics"] if version in GICS),
        ipa_bits=facts["ipa_bits"],
        offline=offline,
    )


def _shape(host: Host) -> tuple[Any, ...]:
    """What has to be the same: all CPUs, used or not, and the PMUs."""
    return host.present, [(pmu.name, pmu.covers) for pmu in host.pmus]


def _modes(board: Host, host: Host) -> Iterator[tuple[str, str, str]]:
    """Of each mode its name, what the board has, and what was found."""
    yield "protected mode", _on(board.protected), _on(host.protected)
    yield "nested virtualisation", _on(board.nested), _on(host.nested)
    # A host may have more kinds than its board says: an RK3399 also makes GICv2s.
    common = [version for version in board.gics if version in host.gics]
    if common != list(board.gics) or not board.gics:
        yield "its vGIC", _gics(board.gics), _gics(host.gics)


def _on(mode: bool) -> str:
    return "on" if mode else "off"


def _gics(versions: tuple[int, ...]) -> str:
    return " and ".join(str(GICS[version]) for version in versions) or "none"


def _all(host: Host) -> str:
    return format_cpus(tuple(host.present))


def _sketch(host: Host) -> str:
    """CPUs and PMUs in probe order, in one line."""
    listed = "; ".join(f"{pmu.name} on {format_cpus(pmu.covers)}" for pmu in host.pmus) or "no PMU"
    used = f" (this process may use {format_cpus(host.cpus)})" if host.offline else ""
    return f"CPUs {_all(host)}{used}: {listed}"
