"""kvmtool with --pmu, call by call: the one shipped program that uses SET_PMU.

It creates the vCPUs and sets up the PMU from its main thread, HAS before each SET, and names
the same PMU for every vCPU; the vCPUs' threads run wherever --vcpu-affinity allows.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

IRQ, INIT, SET_PMU = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_INIT,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
)
# 32 SPIs beside the 32 interrupts of each vCPU.
NR_IRQS = 64

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
each_pmu = pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


def find_pmu(host: Host, main: int, affinity: frozenset[int] = frozenset()) -> Pmu | None:
    """The PMU that covers the main thread's CPU or, if given, all of --vcpu-affinity."""
    wanted = affinity or {main}
    for pmu in host.pmus:
        if wanted & pmu.cpus:
            return pmu if wanted <= pmu.cpus else None
    return None


def create_vcpus(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """Create both vCPUs, then initialise both."""
    vcpus = vm.create_vcpu(0), vm.create_vcpu(1)
    for vcpu in vcpus:
        vcpu.init_with_pmu()
    return vcpus


def create_gic(vm: Vm) -> None:
    """Create the vGIC: addresses, number of interrupts, initialisation."""
    gic = vm.create_bare_gic()
    irqs, ctrl = k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS, k.KVM_DEV_ARM_VGIC_GRP_CTRL
    gic.place()
    gic.require_attr(irqs, 0)
    gic.set_attr(irqs, 0, Addr("u32", (NR_IRQS,)))
    gic.require_attr(ctrl, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    gic.set_attr(ctrl, k.KVM_DEV_ARM_VGIC_CTRL_INIT)


def has_set_pmu(vcpu: Vcpu) -> bool:
    group = k.KVM_ARM_VCPU_PMU_V3_CTRL
    outcome = vcpu.attempt("KVM_HAS_DEVICE_ATTR", group=group, attr=SET_PMU)
    assert outcome.errno in (None, Errno.ENXIO), f"HAS(SET_PMU): {outcome}"
    return outcome.errno is None


def start(vm: Vm, pmu: Pmu | None) -> tuple[Vcpu, Vcpu]:
    """Both vCPUs, ready to run; the first has had INIT when SET_PMU is repeated for the second."""
    with vm.session.batch():
        vcpus = create_vcpus(vm)
        create_gic(vm)
    chosen = pmu if has_set_pmu(vcpus[0]) else None
    with vm.session.batch():
        for vcpu in vcpus:
            vcpu.has_pmu_attr(IRQ)
            vcpu.set_irq(PMU_PPI)
            if chosen is not None:
                vcpu.has_pmu_attr(SET_PMU)
                vcpu.set_pmu(chosen)
            vcpu.has_pmu_attr(INIT)
            vcpu.init_pmu()
        vm.load("cycle-counter")
    return vcpus


def ends(pmu: Pmu) -> frozenset[int]:
    """The first and the last CPU of a PMU."""
    return frozenset({min(pmu.cpus), max(pmu.cpus)})


def counts_on(vcpus: tuple[Vcpu, Vcpu], cpus: frozenset[int]) -> dict[tuple[int, int], bool]:
    """Whether the guest's cycle counter advances, by vCPU and host CPU."""
    return {
        (number, cpu): counting(vcpu.on(cpu))
        for cpu in sorted(cpus)
        for number, vcpu in enumerate(vcpus)
    }


@needs_counting
@needs_vgic
@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.has", "set-pmu.set", "set-pmu.counts")
def test_the_pmu_of_the_main_threads_cpu_counts_at_both_its_ends(
    which: int, vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main = max(pmus[which].cpus)
    chosen = find_pmu(host, main)
    assert chosen is not None, f"no PMU covers CPU {main}"
    seen = counts_on(start(vm.on(main), chosen), ends(chosen))
    assert all(seen.values()), f"{chosen.name} counts by (vCPU, CPU): {seen}"


@needs_counting
@needs_vgic
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.has", "set-pmu.set", "set-pmu.counts")
def test_the_pmu_of_the_affinity_mask_counts_wherever_the_main_thread_is(
    which: int, vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main, mask = min(pmus[-1 - which].cpus), frozenset({max(pmus[which].cpus)})
    chosen = find_pmu(host, main, mask)
    assert chosen is not None, f"no PMU covers {mask}"
    seen = counts_on(start(vm.on(main), chosen), mask)
    assert all(seen.values()), f"{chosen.name} counts by (vCPU, CPU): {seen}"


@needs_counting
@needs_vgic
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("default-pmu.first-registered", "default-pmu.stuck")
def test_a_mask_across_pmus_counts_on_the_first_pmus_cpus_only(
    which: int, vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main = min(pmus[which].cpus)
    mask = frozenset({min(pmus[0].cpus), min(pmus[-1].cpus)})
    seen = counts_on(start(vm.on(main), find_pmu(host, main, mask)), mask)
    assert seen == {(number, cpu): cpu in pmus[0].cpus for number, cpu in seen}


@needs_counting
@needs_vgic
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("default-pmu.never-restricts", "default-pmu.stuck")
@pytest.mark.kvmpmu_revision(since="linux-6.4")
def test_a_mask_across_pmus_counts_on_the_main_threads_side_only(
    which: int, vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main = min(pmus[which].cpus)
    mask = frozenset({min(pmus[0].cpus), min(pmus[-1].cpus)})
    seen = counts_on(start(vm.on(main), find_pmu(host, main, mask)), mask)
    assert seen == {(number, cpu): cpu in pmus[which].cpus for number, cpu in seen}


@needs_first_pmu
@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_clause("set-pmu.absent", "default-pmu.first-registered")
def test_without_set_pmu_the_first_pmu_counts_at_both_its_ends(
    vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main = max(pmus[-1].cpus)
    vcpus = start(vm.on(main), find_pmu(host, main))
    assert not has_set_pmu(vcpus[0])
    seen = counts_on(vcpus, ends(pmus[0]))
    assert all(seen.values()), f"{pmus[0].name} counts by (vCPU, CPU): {seen}"


def uncovered(host: Host) -> int:
    """A CPU for which kvmtool finds no PMU."""
    return next(cpu for cpu in host.cpus if find_pmu(host, cpu) is None)


@needs_counting
@pytest.mark.kvmpmu_requires("uncovered-cpu")
@pytest.mark.kvmpmu_clause("default-pmu.first-registered", "default-pmu.stuck")
def test_a_main_thread_without_pmu_has_guests_with_the_first_one(
    vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    main = uncovered(host)
    vcpus = start(vm.on(main), find_pmu(host, main))
    seen = counts_on(vcpus, frozenset({main, min(pmus[0].cpus)}))
    assert seen == {(number, cpu): cpu != main for number, cpu in seen}


@pytest.mark.kvmpmu_requires("uncovered-cpu")
@pytest.mark.kvmpmu_clause("default-pmu.enodev", "default-pmu.first-set")
def test_a_main_thread_without_pmu_ends_at_the_first_set(vm: Vm, host: Host) -> None:
    here = vm.on(uncovered(host))
    with vm.session.batch():
        vcpus = create_vcpus(here)
        create_gic(here)
        vcpus[0].has_pmu_attr(SET_PMU)
        vcpus[0].has_pmu_attr(IRQ)
    with refused(Errno.ENODEV):
        vcpus[0].set_irq(PMU_PPI)


@pytest.mark.kvmpmu_requires("uncovered-cpu")
@pytest.mark.kvmpmu_clause("default-pmu.enodev", "default-pmu.calling-cpu")
def test_a_main_thread_without_pmu_ends_at_vcpu_init(vm: Vm, host: Host) -> None:
    here = vm.on(uncovered(host))
    vcpu, _ = here.create_vcpu(0), here.create_vcpu(1)
    with refused(Errno.ENODEV):
        vcpu.init_with_pmu()
