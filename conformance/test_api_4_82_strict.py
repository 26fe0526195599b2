"""api.rst 4.82: KVM_ARM_VCPU_PMU_V3_STRICT, the feature bit that requires an explicit PMU."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.kvm.pmcr import seen_by_userspace, write
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

PSCI, PMU, STRICT = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_PMU_V3_STRICT
DENY = 1
VIRTUAL_TIMER = 27

needs_pmu = pytest.mark.kvmpmu_requires("pmu")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")


@pytest.fixture
def strict(vm: Vm) -> Vcpu:
    """vCPU 0 with STRICT: userspace must choose its PMU."""
    vcpu = vm.create_vcpu(0)
    vcpu.init((PSCI, PMU, STRICT))
    return vcpu


@pytest.mark.kvmpmu_clause("strict.einval.no-pmu")
def test_strict_needs_the_pmu_bit(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.EINVAL):
        vcpu.init((PSCI, STRICT))


@needs_pmu
@pytest.mark.kvmpmu_clause("init.enxio.no-pmu")
def test_strict_init_before_set_pmu_is_enxio(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        strict.init_pmu()
    strict.set_pmu(pmus[0])
    strict.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("filter.enxio.no-pmu")
def test_strict_filter_before_set_pmu_is_enxio(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        strict.set_filter(0, 0, 1)
    strict.set_pmu(pmus[0])
    strict.set_filter(0, 0, 1)


@needs_pmu
@pytest.mark.kvmpmu_clause("nr-counters.einval.no-pmu")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_strict_counters_before_set_pmu_are_einval(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    attr, one = k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (1,))
    with refused(Errno.EINVAL):
        strict.set_pmu_attr(attr, one)
    assert seen_by_userspace(strict) == 0
    strict.set_pmu(pmus[0])
    strict.set_pmu_attr(attr, one)


@pytest.mark.kvmpmu_requires("pmu", "uncovered-cpu")
@pytest.mark.kvmpmu_clause("strict.no-default")
def test_strict_looks_for_no_default_on_the_calling_cpu(
    vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    bare = next(cpu for cpu in host.cpus if host.pmu_of(cpu) is None)
    vcpu = vm.on(bare).create_vcpu(0)
    vcpu.init((PSCI, PMU, STRICT))
    vcpu.set_pmu(pmus[0])


@needs_pmu
@pytest.mark.kvmpmu_clause("strict.no-counters")
def test_strict_has_no_counters_before_set_pmu(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    assert seen_by_userspace(strict) == 0
    strict.set_pmu(pmus[0])
    assert seen_by_userspace(strict) > 0


@needs_pmu
@pytest.mark.kvmpmu_clause("strict.pmcr")
def test_strict_takes_no_number_of_counters_by_register(
    strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    strict.set_pmu(pmus[0])
    most = seen_by_userspace(strict)
    write(strict, most - 1)
    assert seen_by_userspace(strict) == most


# The checks before and after the one for a chosen PMU.


@needs_pmu
@pytest.mark.kvmpmu_clause("attr.efault", "init.enxio.no-pmu", "filter.enxio.no-pmu")
def test_the_structure_comes_before_all(strict: Vcpu) -> None:
    for attr, addr in (
        (k.KVM_ARM_VCPU_PMU_V3_INIT, NULL),
        (k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 1, DENY))),
    ):
        with refused(Errno.EFAULT):
            strict.set_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, attr, addr, argp="fault")


@needs_vgic
@needs_pmu
@pytest.mark.kvmpmu_clause("init.enxio.no-pmu", "init.enodev.gic", "init.einval.spi")
def test_init_asks_for_a_pmu_before_it_looks_at_the_gic(
    vm: Vm, strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    gic = vm.create_bare_gic()
    with refused(Errno.ENXIO):
        strict.init_pmu()
    gic.init_gic()
    strict.set_irq(1019)  # the vGIC has 256
    with refused(Errno.ENXIO):
        strict.init_pmu()
    strict.set_pmu(pmus[0])
    with refused(Errno.EINVAL):
        strict.init_pmu()


@needs_vgic
@needs_pmu
@pytest.mark.kvmpmu_clause("init.enxio.no-pmu", "init.eexist", "run.einval.pmu")
def test_init_asks_for_a_pmu_before_who_has_the_interrupt(
    vm: Vm, strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    vm.create_gic()
    with refused(Errno.EINVAL):
        strict.run()  # now the timers have their interrupts
    strict.set_irq(VIRTUAL_TIMER)
    with refused(Errno.ENXIO):
        strict.init_pmu()
    strict.set_pmu(pmus[0])
    with refused(Errno.EEXIST):
        strict.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("filter.enxio.no-pmu", "filter.efault", "filter.einval.range")
def test_a_filter_is_read_and_checked_before_a_pmu_is_asked_for(
    strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    for addr in (FAULT, NULL):
        with refused(Errno.EFAULT):
            strict.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_FILTER, addr)
    for bad in ((0, 1, 2), (65535, 2, DENY)):
        with refused(Errno.EINVAL):
            strict.set_filter(*bad)


@needs_pmu
@pytest.mark.kvmpmu_clause("filter.enxio.no-pmu", "set-pmu.ebusy.filter", "set-pmu.set")
def test_a_filter_that_was_refused_keeps_no_pmu_out(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        strict.set_filter(0, 0, DENY)
    for pmu in (*pmus, pmus[0]):
        strict.set_pmu(pmu)


@needs_pmu
@pytest.mark.kvmpmu_clause("nr-counters.einval.no-pmu", "nr-counters.efault")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_a_number_of_counters_is_read_before_a_pmu_is_asked_for(strict: Vcpu) -> None:
    for addr in (FAULT, NULL):
        with refused(Errno.EFAULT):
            strict.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, addr)


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.einval.changed", "vcpu-init.einval.differs")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_a_vm_is_strict_or_it_is_not(vm: Vm, strict: Vcpu) -> None:
    sibling = vm.create_vcpu(1)
    for vcpu in (strict, sibling):
        with refused(Errno.EINVAL):
            vcpu.init((PSCI, PMU))
        vcpu.init((PSCI, PMU, STRICT))


@needs_pmu
@pytest.mark.kvmpmu_clause("strict.no-default", "set-pmu.vm-wide", "vcpu-init.reset")
def test_the_pmu_that_one_vcpu_chose_is_its_siblings_and_stays(
    vm: Vm, strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    sibling = vm.create_vcpu(1)
    sibling.init((PSCI, PMU, STRICT))
    strict.set_pmu(pmus[-1])
    for vcpu in (strict, sibling):
        vcpu.init((PSCI, PMU, STRICT))
        vcpu.init_pmu()


@needs_vgic
@needs_pmu
@pytest.mark.kvmpmu_clause("strict.no-default", "run.einval.pmu", "irq.set")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_without_a_pmu_the_interrupt_is_taken_and_the_run_is_not(vm: Vm, strict: Vcpu) -> None:
    vm.create_gic()
    strict.set_irq(PMU_PPI)
    for immediate in (False, True):
        with refused(Errno.EINVAL):
            strict.run(immediate_exit=immediate)


@needs_counting
@pytest.mark.kvmpmu_requires("two-pmus")
@pytest.mark.kvmpmu_clause("strict.no-default", "set-pmu.fail-entry", "run.guest")
def test_the_guest_counts_on_the_chosen_pmus_cpus_and_runs_on_no_other(
    vm: Vm, strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    strict.set_pmu(pmus[-1])
    strict.init_pmu()
    vm.load("cycle-counter")
    elsewhere = strict.on(min(pmus[0].cpus)).run()
    assert elsewhere.reason == k.KVM_EXIT_FAIL_ENTRY
    assert counting(strict.on(min(pmus[-1].cpus)))
