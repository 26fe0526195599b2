"""Boot a board in the lab: the kernel registers the PMUs that its device tree names.

Not for: the specs on the model of a board (`boards`).
"""

from __future__ import annotations

from dataclasses import replace

from pytest_kvmpmu.data.host import IPA_BITS, PMUV3, Host, format_cpus
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, start

# A machine that has booted describes itself at once.
_SECONDS = 30.0


def as_in_the_lab(host: Host) -> Host:
    """``host`` with the lab's cores, and the first of its vGICs: the lab's GICs have one kind."""
    pmus = tuple(replace(pmu, pmuver=PMUV3) for pmu in host.pmus)
    return replace(host, pmus=pmus, gics=host.gics[:1], ipa_bits=IPA_BITS, uncovered_pmuver=PMUV3)


def boot(host: Host, line: str) -> str:
    """How the booted board differs from ``host``; empty if it does not."""
    try:
        with start(line, as_in_the_lab(host)) as machine:
            facts = machine.describe(_SECONDS)
    except (UsageProblem, LabFailure) as problem:
        return str(problem)
    found = [(pmu["name"], pmu["cpus"]) for pmu in facts["pmus"]]
    wanted = [(pmu.name, format_cpus(pmu.covers)) for pmu in host.pmus]
    if found != wanted:
        return f"it has {found}, its device tree {wanted}"
    if facts["gics"] != list(host.gics[:1]):
        return f"it makes the vGICs {facts['gics']}, expected {list(host.gics[:1])}"
    return ""
