"""Why a host cannot be tested, and the remedy of each cause."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.backends.usable import check
from pytest_kvmpmu.errors import UsageProblem

from ..fakes import FACTS


def refused(**facts: Any) -> UsageProblem:
    """Why such a host can't be used."""
    with pytest.raises(UsageProblem) as caught:
        check({**FACTS, **facts}, "fake")
    return caught.value


def test_a_host_in_order_is_accepted() -> None:
    check(FACTS, "fake")
    check({**FACTS, "pmu_v3": False}, "fake", needs_pmu=False)


@pytest.mark.parametrize("machine", ["x86_64", "riscv64", "armv7l"])
def test_another_architecture_is_named(machine: str) -> None:
    problem = refused(machine=machine)
    assert f"fake is a {machine} host" in problem.cause
    assert "lab:6.12" in problem.remedy


def test_the_architecture_is_looked_at_before_kvm() -> None:
    assert "x86_64" in refused(machine="x86_64", kvm="missing").cause


def test_a_missing_kvm_is_told() -> None:
    problem = refused(kvm="missing")
    assert "fake has no /dev/kvm" in problem.cause
    assert "hypervisor mode" in problem.remedy


@pytest.mark.parametrize(("gid", "named"), [(0, "(root)"), (2**31 - 7, f"(group id {2**31 - 7})")])
def test_a_denied_kvm_is_told_with_the_group_to_join(gid: int, named: str) -> None:
    problem = refused(kvm="denied", why="Permission denied", group=gid)
    assert problem.cause == "/dev/kvm of fake cannot be opened: Permission denied"
    assert named in problem.remedy


def test_a_kernel_without_a_pmu_is_told() -> None:
    problem = refused(pmu_v3=False, pmus=[])
    assert "fake has no PMUv3: KVM_CAP_ARM_PMU_V3 is 0" in problem.cause
    assert "device tree" in problem.remedy


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        (
            ["arm,cortex-a520-pmu", "arm,cortex-x4-pmu", "arm,cortex-x4-pmu"],
            "Use a newer kernel: 6.1.0-40-arm64 does not know arm,cortex-a520-pmu,"
            " arm,cortex-x4-pmu of the device tree.",
        ),
        (
            ["arm,cortex-a53-pmu"],
            "Find out from the kernel's log why it did not register arm,cortex-a53-pmu.",
        ),
        ([], "Give the kernel a PMU in its device tree or ACPI tables."),
    ],
)
def test_the_remedy_depends_on_what_the_device_tree_names(nodes: list[str], says: str) -> None:
    problem = refused(pmu_v3=False, pmus=[], release="6.1.0-40-arm64", pmu_nodes=nodes)
    assert problem.remedy.startswith(says)
