"""api.rst 4.10 and 4.82 for a vCPU with an EL2 (nested virtualisation): its runs and its PMU."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import FailEntry

FEATURES = (k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_HAS_EL2)
MAINTENANCE = 25
# The two timers of EL2, then those that every vCPU has.
TIMERS = [26, 28, 27, 30]

pytestmark = [
    pytest.mark.kvmpmu_requires("pmu", "nested", "gicv3"),
    pytest.mark.kvmpmu_revision(since="linux-6.16"),
]


@pytest.fixture
def el2(vm: Vm, pmus: tuple[Pmu, ...]) -> Vcpu:
    """vCPU 0 with a PMU and an EL2, on a CPU of the first PMU."""
    vcpu = vm.on(min(pmus[0].cpus)).create_vcpu(0)
    vcpu.init(FEATURES)
    return vcpu


def ready(vm: Vm, vcpu: Vcpu, pmu: Pmu, payload: str) -> Vcpu:
    """The vCPU with a vGIC, ``pmu`` and the payload, called from a CPU of ``pmu``."""
    with vm.session.batch():
        vm.connect(vcpu)
        vcpu.set_pmu(pmu)
        vcpu.init_pmu()
        vm.load(payload)
    return vcpu.on(min(pmu.cpus))


@pytest.mark.kvmpmu_clause("run.eagain.el2")
def test_a_run_without_an_irqchip_is_eagain_each_time(el2: Vcpu) -> None:
    el2.init_pmu()
    for _ in range(2):
        with refused(Errno.EAGAIN):
            el2.run(immediate_exit=True)


@pytest.mark.kvmpmu_clause("run.eagain.el2", "run.einval.pmu")
def test_eagain_wins_over_a_pmu_that_is_not_initialised(el2: Vcpu) -> None:
    with refused(Errno.EAGAIN):
        el2.run()


@pytest.mark.kvmpmu_clause("run.eagain.el2", "run.einval.arg")
def test_an_argument_wins_over_eagain(el2: Vcpu) -> None:
    with refused(Errno.EINVAL):
        el2.call("KVM_RUN", arg=1)


@pytest.mark.kvmpmu_clause("run.el2-timers", "run.einval.timer")
@pytest.mark.parametrize("irq", TIMERS)
def test_the_timers_of_el2_have_interrupts_too(vm: Vm, el2: Vcpu, irq: int) -> None:
    vm.create_gic()
    el2.set_irq(irq)
    el2.init_pmu()
    with refused(Errno.EINVAL):
        el2.run()


@pytest.mark.kvmpmu_clause("run.el2-timers", "init.eexist", "run.einval.pmu")
@pytest.mark.parametrize("irq", TIMERS)
def test_after_a_run_they_are_taken(vm: Vm, el2: Vcpu, irq: int) -> None:
    vm.create_gic()
    with refused(Errno.EINVAL):
        el2.run()
    el2.set_irq(irq)
    with refused(Errno.EEXIST):
        el2.init_pmu()


@pytest.mark.kvmpmu_clause("run.eexist.maintenance")
def test_the_gics_maintenance_interrupt_is_eexist(vm: Vm, el2: Vcpu) -> None:
    vm.create_gic()
    el2.set_irq(MAINTENANCE)
    el2.init_pmu()
    with refused(Errno.EEXIST):
        el2.run()


@pytest.mark.kvmpmu_clause("run.eexist.maintenance", "run.el2-timers")
def test_a_guest_without_el2_may_use_all_of_those(vm: Vm, vcpu: Vcpu) -> None:
    vm.create_gic()
    vcpu.set_irq(MAINTENANCE)
    vcpu.init_pmu()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@pytest.mark.kvmpmu_clause("set-pmu.counts", "run.guest")
def test_a_guest_at_el2_counts(vm: Vm, el2: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    assert counting(ready(vm, el2, pmus[-1], "cycle-counter"))


@pytest.mark.kvmpmu_clause("run.guest", "pmcr.get")
def test_a_guest_at_el2_finds_the_pmus_counters(vm: Vm, el2: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    found = ready(vm, el2, pmus[0], "pmcr").run_payload("pmcr")["n"]
    assert found == el2.get_register(k.PMCR_EL0) >> k.PMCR_EL0_N_SHIFT & k.PMCR_EL0_N_MASK


@pytest.mark.kvmpmu_clause("run.guest")
def test_software_increments_count_at_el2(vm: Vm, el2: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    assert ready(vm, el2, pmus[0], "sw-incr").run_payload("sw-incr") == {"count": 3}


@pytest.mark.kvmpmu_requires("two-pmus")
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry")
def test_a_run_on_another_pmus_cpu_is_a_failed_entry(
    vm: Vm, el2: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    wrong = min(pmus[-1].cpus)
    vcpu = ready(vm, el2, pmus[0], "cycle-counter")
    exit = vcpu.on(wrong).run()
    assert exit.fail_entry == FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, wrong)
    assert counting(vcpu)


@pytest.mark.kvmpmu_clause("vcpu-init.einval.differs")
def test_all_vcpus_of_a_vm_have_an_el2_or_none(vm: Vm, el2: Vcpu) -> None:
    other = Vm(el2.session, el2.vm, el2.cpu).create_vcpu(1)
    with refused(Errno.EINVAL):
        other.init_with_pmu()
    other.init(FEATURES)
    vm.create_gic()
    other.set_irq(PMU_PPI)
