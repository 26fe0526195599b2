"""Two VMs side by side: one does not affect the other."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, let_run, refused
from pytest_kvmpmu.kvm.pmcr import seen_by_userspace
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

Two = tuple[tuple[Vm, Vcpu], tuple[Vm, Vcpu]]
DENY = 1

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


@pytest.fixture
def two(kvm: Kvm, pmus: tuple[Pmu, ...]) -> Two:
    """Two VMs, each with a vCPU with a PMU, made on a CPU of the first PMU."""
    here = kvm.on(min(pmus[0].cpus))
    with kvm.session.batch():
        vms = here.create_vm(), here.create_vm()
        vcpus = [vm.create_vcpu(0) for vm in vms]
        for vcpu in vcpus:
            vcpu.init_with_pmu()
    return (vms[0], vcpus[0]), (vms[1], vcpus[1])


def make_ready(vm: Vm, vcpu: Vcpu) -> Vcpu:
    """Set up all that a run needs except SET_PMU."""
    with vm.session.batch():
        vm.connect(vcpu)
        vcpu.init_pmu()
        vm.load("cycle-counter")
    return vcpu


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.counts")
def test_one_vms_pmu_is_not_the_others(two: Two, pmus: tuple[Pmu, ...]) -> None:
    (vm, vcpu), (other_vm, other) = two
    vcpu.set_pmu(pmus[0])
    other.set_pmu(pmus[-1])
    make_ready(vm, vcpu)
    make_ready(other_vm, other)
    for _ in range(2):
        assert counting(vcpu)
        assert counting(other.on(min(pmus[-1].cpus)))


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.set", "default-pmu.never-restricts")
def test_one_vms_pmu_does_not_restrict_the_other(
    two: Two, pmus: tuple[Pmu, ...], host: Host
) -> None:
    (_, vcpu), (other_vm, other) = two
    vcpu.set_pmu(pmus[0])
    make_ready(other_vm, other)
    for cpu in host.cpus:
        other.on(cpu).run_payload("cycle-counter")


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry")
def test_a_failed_entry_of_one_vm_leaves_the_other_running(two: Two, pmus: tuple[Pmu, ...]) -> None:
    (vm, vcpu), (other_vm, other) = two
    vcpu.set_pmu(pmus[0])
    make_ready(vm, vcpu)
    make_ready(other_vm, other)
    wrong = min(pmus[-1].cpus)
    assert vcpu.on(wrong).run().reason == k.KVM_EXIT_FAIL_ENTRY
    assert other.on(wrong).run().reason == k.KVM_EXIT_MMIO


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter", "filter.vm-wide")
def test_one_vms_filter_does_not_fix_the_others_pmu(two: Two, pmus: tuple[Pmu, ...]) -> None:
    (_, vcpu), (_, other) = two
    vcpu.set_pmu(pmus[0])
    vcpu.set_filter(0, 0, DENY)
    with refused(Errno.EBUSY):
        vcpu.set_pmu(pmus[-1])
    other.set_pmu(pmus[-1])


@needs_first_pmu
@needs_counting
@pytest.mark.kvmpmu_clause("filter.vm-wide", "filter.cycles")
def test_one_vms_filter_does_not_stop_the_others_counter(two: Two) -> None:
    (vm, vcpu), (other_vm, other) = two
    vcpu.set_filter(0x11, 1, DENY)
    assert counting(make_ready(other_vm, other))
    assert not counting(make_ready(vm, vcpu))


@needs_first_pmu
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.vcpu-ran", "filter.ebusy.vcpu-ran")
def test_one_vms_run_leaves_the_other_open(two: Two, pmus: tuple[Pmu, ...]) -> None:
    (_, vcpu), (_, other) = two
    let_run(vcpu)
    other.set_filter(0, 0, DENY)
    other.set_pmu(pmus[0])


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.einval.other-vcpu", "irq.set")
@pytest.mark.parametrize("numbers", [(40, 40), (23, 22)], ids=["same-spi", "different-ppis"])
def test_one_vms_interrupts_are_not_compared_with_the_others(
    two: Two, numbers: tuple[int, int]
) -> None:
    for (vm, vcpu), number in zip(two, numbers, strict=True):
        vm.create_bare_gic()
        vcpu.set_irq(number)


@needs_vgic
@pytest.mark.kvmpmu_clause("group.ebusy.initialized", "irq.set")
def test_one_vms_init_leaves_the_other_open(two: Two) -> None:
    (_, vcpu), (other_vm, other) = two
    vcpu.init_pmu()
    other_vm.create_bare_gic()
    other.set_irq(PMU_PPI)


@pytest.mark.kvmpmu_clause("vcpu-init.einval.differs")
def test_one_vms_features_do_not_bind_the_other(kvm: Kvm) -> None:
    vcpu, other = kvm.create_vm().create_vcpu(0), kvm.create_vm().create_vcpu(0)
    vcpu.init_with_pmu()
    other.init()


@pytest.mark.kvmpmu_clause("nr-counters.set")
def test_one_vms_number_of_counters_is_not_the_others(two: Two) -> None:
    (_, vcpu), (_, other) = two
    before = other.get_register(k.PMCR_EL0)
    vcpu.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (0,)))
    assert seen_by_userspace(vcpu) == 0
    assert other.get_register(k.PMCR_EL0) == before


@needs_vgic
@pytest.mark.kvmpmu_clause("vm-dead.eio")
def test_the_end_of_one_vm_is_not_the_others(two: Two) -> None:
    (vm, vcpu), (other_vm, other) = two
    vm.create_bare_gic()
    with refused(Errno.ENXIO):
        vcpu.run()
    with refused(Errno.EIO):
        vm.check_extension("KVM_CAP_ARM_PMU_V3")
    other_vm.check_extension("KVM_CAP_ARM_PMU_V3")
    other.init_pmu()
