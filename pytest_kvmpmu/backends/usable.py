"""Why /dev/kvm of a machine cannot be tested: each cause with its own remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.core_pmus import unknown_to
from ..data.revision import release_of
from ..errors import UsageProblem

_LAB = "Run on a real arm64 kernel in QEMU with --kvmpmu-target=lab:6.12"


def check(facts: Mapping[str, Any], where: str, needs_pmu: bool = True, lack: str = "") -> None:
    """Raise `UsageProblem` unless the machine that ``facts`` describe can be tested.

    ``facts`` is the agent's answer to ``describe``, ``where`` the target's name.  Without
    ``needs_pmu`` a board without a PMU is usable.  ``lack`` replaces the stated cause.
    """
    if facts["machine"] not in ("aarch64", "arm64"):
        raise UsageProblem(
            f"{where} is a {facts['machine']} host, and KVM_ARM_VCPU_PMU_V3_SET_PMU is an arm64"
            " interface",
            _LAB,
        )
    if facts["kvm"] == "missing":
        raise UsageProblem(
            f"{where} has no /dev/kvm: "
            + (lack or "the kernel was built without KVM, or was not booted at EL2"),
            f"Boot the kernel in hypervisor mode. {_LAB}",
        )
    if facts["kvm"] == "denied":
        raise UsageProblem(
            f"/dev/kvm of {where} cannot be opened: {facts['why']}",
            f"Join the group that owns it ({_group(facts['group'])}), or run as root",
        )
    if needs_pmu and not facts["pmu_v3"]:
        raise UsageProblem(
            f"{where} has no PMUv3: {lack or 'KVM_CAP_ARM_PMU_V3 is 0'}",
            f"{_remedy(facts)}. {_LAB}",
        )


def _remedy(facts: Mapping[str, Any]) -> str:
    """What gives the kernel a PMU; it depends on what the device tree names."""
    nodes = facts.get("pmu_nodes", ())
    missing = sorted(set(unknown_to(nodes, release_of(facts["release"]) or (0, 0))))
    if missing:
        return (
            f"Use a newer kernel: {facts['release']} does not know {', '.join(missing)} of the"
            " device tree"
        )
    if nodes:
        named = ", ".join(sorted(set(nodes)))
        return f"Find out from the kernel's log why it did not register {named}"
    return "Give the kernel a PMU in its device tree or ACPI tables"


def _group(gid: int) -> str:
    try:
        import grp

        return grp.getgrgid(gid).gr_name
    except (ImportError, KeyError):
        return f"group id {gid}"
