"""The calls of virtual machine monitors, in their order, up to running guests.

Not for: kvmtool (test_vmm_kvmtool), or mistakes of VMMs (test_vmm_mistakes).
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, GuestFault, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.kvm.pmcr import seen_by_userspace
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ, INIT, SET_PMU = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_INIT,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
)
GIC_ADDR, GIC_NR_IRQS, GIC_CTRL = (
    k.KVM_DEV_ARM_VGIC_GRP_ADDR,
    k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
    k.KVM_DEV_ARM_VGIC_GRP_CTRL,
)
# The interrupts of QEMU's virt machine.
QEMU_NR_IRQS = 288

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
each_pmu = pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


@pytest.fixture
def here(vm: Vm, pmus: tuple[Pmu, ...]) -> Vm:
    """The VM, called from a CPU of the first PMU, which every kernel's default PMU covers."""
    return vm.on(min(pmus[0].cpus))


def each_vcpu_with_pmu(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """QEMU: initialises each vCPU before it creates the next."""
    first = vm.create_vcpu(0)
    first.init_with_pmu()
    second = vm.create_vcpu(1)
    second.init_with_pmu()
    return first, second


def all_vcpus_with_pmu(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """crosvm and Cloud Hypervisor: create all vCPUs before they initialise the first."""
    vcpus = vm.create_vcpu(0), vm.create_vcpu(1)
    for vcpu in vcpus:
        vcpu.init_with_pmu()
    return vcpus


def qemus_gic(vm: Vm) -> Device:
    """A vGIC that is initialised before it has addresses."""
    gic = vm.create_bare_gic()
    gic.set_attr(GIC_NR_IRQS, 0, Addr("u32", (QEMU_NR_IRQS,)))
    gic.set_attr(GIC_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    return gic


def qemus_addresses(gic: Device) -> None:
    """Set the addresses; QEMU does that last, when the machine is complete."""
    gic.place()


def qemus_pmu(vcpu: Vcpu) -> None:
    vcpu.has_pmu_attr(IRQ)
    vcpu.set_irq(PMU_PPI)
    vcpu.has_pmu_attr(INIT)
    vcpu.init_pmu()


def all_count(vcpus: Iterable[Vcpu]) -> None:
    """Check that each guest's cycle counter advances."""
    seen = [counting(vcpu) for vcpu in vcpus]
    assert all(seen), f"counts, by vCPU: {seen}"


@needs_first_pmu
@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_clause("has.known", "irq.set", "init.once")
def test_qemu_initialises_the_pmu_before_the_gic_has_addresses(here: Vm) -> None:
    with here.session.batch():
        vcpus = each_vcpu_with_pmu(here)
        gic = qemus_gic(here)
        for vcpu in vcpus:
            qemus_pmu(vcpu)
        qemus_addresses(gic)
        here.load("cycle-counter")
    all_count(vcpus)


@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.enxio")
def test_qemus_posted_probe_tries_every_id_on_one_scratch_vm(vm: Vm, host: Host) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init_with_pmu()
    core = {pmu.type for pmu in host.pmus}
    taken = set()
    for number in range(max(core) + 2):
        addr = Addr("int", (number,))
        outcome = vcpu.attempt("KVM_SET_DEVICE_ATTR", group=GROUP, attr=SET_PMU, addr=addr)
        assert outcome.errno in (None, Errno.ENXIO), f"id {number}: {outcome}"
        if outcome.errno is None:
            taken.add(number)
    assert taken == core


@needs_counting
@needs_vgic
@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.no-gic", "set-pmu.set", "set-pmu.counts")
def test_qemus_posted_choice_comes_before_the_gic_and_the_interrupt(
    which: int, kvm: Kvm, pmus: tuple[Pmu, ...]
) -> None:
    chosen = pmus[which]
    main = kvm.on(min(pmus[-1 - which].cpus))
    with kvm.session.batch():
        scratch = main.create_vm().create_vcpu(0)
        scratch.init_with_pmu()
        for pmu in pmus:
            scratch.set_pmu(pmu)
        vm = main.create_vm()
        vcpus = vm.create_vcpu(0), vm.create_vcpu(1)
        for vcpu in vcpus:
            vcpu.init_with_pmu()
            vcpu.set_pmu(chosen)
        gic = qemus_gic(vm)
        for vcpu in vcpus:
            qemus_pmu(vcpu)
        qemus_addresses(gic)
        vm.load("cycle-counter")
    for cpu in (min(chosen.cpus), max(chosen.cpus)):
        all_count(vcpu.on(cpu) for vcpu in vcpus)


@needs_counting
@needs_vgic
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.vm-wide", "set-pmu.no-gic", "set-pmu.fail-entry")
def test_qemus_posted_probe_on_the_real_vm_leaves_the_last_pmu(
    here: Vm, pmus: tuple[Pmu, ...]
) -> None:
    with here.session.batch():
        vcpus = each_vcpu_with_pmu(here)
        for pmu in pmus:
            vcpus[0].set_pmu(pmu)
        gic = qemus_gic(here)
        for vcpu in vcpus:
            qemus_pmu(vcpu)
        qemus_addresses(gic)
        here.load("cycle-counter")
    all_count(vcpu.on(min(pmus[-1].cpus)) for vcpu in vcpus)
    for vcpu in vcpus:
        assert vcpu.on(min(pmus[0].cpus)).run().reason == k.KVM_EXIT_FAIL_ENTRY


@needs_first_pmu
@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_clause("irq.set", "irq.get")
def test_crosvm_passes_the_interrupt_as_a_64_bit_number(here: Vm) -> None:
    with here.session.batch():
        vcpus = all_vcpus_with_pmu(here)
        here.create_gic()
        for vcpu in vcpus:
            vcpu.has_pmu_attr(IRQ)
            vcpu.set_pmu_attr(IRQ, Addr("u64", (PMU_PPI,)))
            vcpu.init_pmu()
        here.load("cycle-counter")
    assert [vcpu.get_attr(GROUP, IRQ) for vcpu in vcpus] == [PMU_PPI, PMU_PPI]
    all_count(vcpus)


def cloud_hypervisors_pmu(vcpu: Vcpu) -> None:
    vcpu.has_pmu_attr(INIT)
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()


@needs_first_pmu
@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_clause("cap.arm-pmu-v3", "has.known", "init.once")
def test_cloud_hypervisor_asks_for_the_capability_and_for_init(kvm: Kvm, here: Vm) -> None:
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
    with here.session.batch():
        vcpus = all_vcpus_with_pmu(here)
        here.create_gic()
        for vcpu in vcpus:
            cloud_hypervisors_pmu(vcpu)
        here.load("cycle-counter")
    all_count(vcpus)


@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.get", "pmcr.set", "has.known", "init.once")
def test_cloud_hypervisor_restores_registers_then_makes_the_gic_then_the_pmu(
    kvm: Kvm, pmus: tuple[Pmu, ...]
) -> None:
    here = kvm.on(min(pmus[0].cpus))
    with kvm.session.batch():
        saved = here.create_vm()
        before = all_vcpus_with_pmu(saved)
        saved.create_gic()
        for vcpu in before:
            cloud_hypervisors_pmu(vcpu)
        saved.load("cycle-counter")
    all_count(before)
    state = [vcpu.get_register(k.PMCR_EL0) for vcpu in before]
    counters = [seen_by_userspace(vcpu) for vcpu in before]
    with kvm.session.batch():
        restored = here.create_vm()
        after = all_vcpus_with_pmu(restored)
        for vcpu, value in zip(after, state, strict=True):
            vcpu.set_register(k.PMCR_EL0, value)
        restored.create_gic()
        for vcpu in after:
            cloud_hypervisors_pmu(vcpu)
        restored.load("cycle-counter")
    all_count(after)
    assert [seen_by_userspace(vcpu) for vcpu in after] == counters


@pytest.fixture
def firecrackers(vm: Vm) -> Vcpu:
    """A vCPU without the feature, ready to run: Firecracker rejects the bit in its templates."""
    with vm.session.batch():
        vcpu = vm.create_vcpu(0)
        vcpu.init()
        vm.create_gic()
        vm.load("cycle-counter")
    return vcpu


@needs_vgic
@pytest.mark.kvmpmu_clause("guest.undefined")
def test_firecrackers_guests_have_no_pmu(firecrackers: Vcpu) -> None:
    with pytest.raises(GuestFault, match="took an exception"):
        firecrackers.run_payload("cycle-counter")


@needs_vgic
@pytest.mark.kvmpmu_clause("guest.reads-zero")
def test_firecrackers_guests_read_zeros(firecrackers: Vcpu) -> None:
    assert firecrackers.run_payload("cycle-counter") == {"first": 0, "second": 0}


@needs_vgic
@pytest.mark.kvmpmu_clause("group.enodev.feature", "has.enxio.feature")
def test_firecrackers_vcpus_have_no_pmu_to_set_up(firecrackers: Vcpu) -> None:
    for attr in (IRQ, INIT):
        with refused(Errno.ENXIO):
            firecrackers.has_pmu_attr(attr)
        with refused(Errno.ENODEV):
            firecrackers.set_pmu_attr(attr, Addr("int", (PMU_PPI,)))
