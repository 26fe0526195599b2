"""The calls of virtual machine monitors, in their order: what they rely on has to hold.

Not for: the mistakes that they made (test_vmm_mistakes).
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_kvmpmu.expect import counting, refused
from pytest_kvmpmu.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, GuestFault, Kvm, Vcpu, Vm
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

IRQ, INIT, SET_PMU = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_INIT,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
)

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
each_pmu = pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])


def made(vm: Vm, count: int = 2) -> list[Vcpu]:
    """Every vCPU made, then every one initialised with a PMU."""
    vcpus = [vm.create_vcpu(number) for number in range(count)]
    for vcpu in vcpus:
        vcpu.init_with_pmu()
    return vcpus


def pmu_of_mask(host: Host, mask: frozenset[int]) -> Pmu | None:
    """The PMU that covers all of an affinity mask, as kvmtool looks for it in sysfs."""
    return next((pmu for pmu in host.pmus if mask <= pmu.cpus), None)


def kvmtool(vm: Vm, pmu: Pmu | None) -> Sequence[Vcpu]:
    """kvmtool with --pmu: the same SET_PMU for each vCPU, the earlier ones INITed already."""
    with vm.session.batch():
        vcpus = made(vm)
        vm.create_gic()
        if pmu is not None:
            vcpus[0].has_pmu_attr(SET_PMU)
        for vcpu in vcpus:
            vcpu.has_pmu_attr(IRQ)
            vcpu.set_irq(PMU_PPI)
            if pmu is not None:
                vcpu.has_pmu_attr(SET_PMU)
                vcpu.set_pmu(pmu)
            vcpu.has_pmu_attr(INIT)
            vcpu.init_pmu()
        vm.load("cycle-counter")
    return vcpus


@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.has", "set-pmu.set", "set-pmu.counts")
def test_kvmtool_with_an_affinity_mask_counts_on_all_of_it(
    which: int, vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    mask = pmus[which].cpus
    pmu = pmu_of_mask(host, mask)
    assert pmu == pmus[which]
    for vcpu in kvmtool(vm.on(min(mask)), pmu):
        for cpu in (min(mask), max(mask)):
            assert counting(vcpu.on(cpu))


@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.never-restricts")
def test_kvmtool_with_a_mask_across_pmus_goes_on_without_set_pmu(
    vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    mask = pmus[0].cpus | pmus[-1].cpus
    assert pmu_of_mask(host, mask) is None
    for vcpu in kvmtool(vm.on(min(pmus[0].cpus)), None):
        for cpu in (min(pmus[0].cpus), min(pmus[-1].cpus)):
            vcpu.on(cpu).run_payload("cycle-counter")


@pytest.mark.kvmpmu_clause("has.known", "irq.set", "init.once")
def test_qemu_sets_interrupt_and_init_for_one_vcpu_after_the_other(
    vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    here = vm.on(min(pmus[0].cpus))
    with vm.session.batch():
        vcpus = made(here)
        here.create_gic()
        for vcpu in vcpus:
            vcpu.has_pmu_attr(IRQ)
            vcpu.set_irq(PMU_PPI)
            vcpu.has_pmu_attr(INIT)
            vcpu.init_pmu()
        here.load("cycle-counter")
    for vcpu in vcpus:
        assert counting(vcpu)


@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.enxio")
def test_qemu_probes_every_pmu_on_one_scratch_vm(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    (vcpu,) = made(vm, 1)
    known = {pmu.type for pmu in pmus}
    for number in range(max(known) + 2):
        addr = Addr("int", (number,))
        outcome = vcpu.attempt(
            "KVM_SET_DEVICE_ATTR", group=k.KVM_ARM_VCPU_PMU_V3_CTRL, attr=SET_PMU, addr=addr
        )
        assert outcome.errno == (None if number in known else Errno.ENXIO)


@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.no-gic", "set-pmu.set", "set-pmu.counts")
def test_qemu_chooses_the_pmu_before_the_gic_and_the_interrupt(
    which: int, kvm: Kvm, pmus: tuple[Pmu, ...]
) -> None:
    pmu = pmus[which]
    scratch, real = kvm.create_vm(), kvm.on(min(pmu.cpus)).create_vm()
    with kvm.session.batch():
        (probe,) = made(scratch, 1)
        for known in pmus:
            probe.set_pmu(known)
        vcpus = made(real)
        for vcpu in vcpus:
            vcpu.set_pmu(pmu)
        real.create_gic()
        for vcpu in vcpus:
            vcpu.set_irq(PMU_PPI)
            vcpu.init_pmu()
        real.load("cycle-counter")
    for vcpu in vcpus:
        assert counting(vcpu)


@pytest.mark.kvmpmu_clause("irq.set", "irq.get")
def test_crosvm_passes_the_interrupt_as_a_64_bit_number(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    here = vm.on(min(pmus[0].cpus))
    with vm.session.batch():
        vcpus = made(here)
        here.create_gic()
        for vcpu in vcpus:
            vcpu.has_pmu_attr(IRQ)
            vcpu.set_pmu_attr(IRQ, Addr("u64", (PMU_PPI,)))
            vcpu.init_pmu()
        here.load("cycle-counter")
    for vcpu in vcpus:
        assert vcpu.get_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, IRQ) == PMU_PPI
        assert counting(vcpu)


@pytest.mark.kvmpmu_clause("cap.arm-pmu-v3", "has.known", "init.once")
def test_cloud_hypervisor_asks_for_the_capability_and_for_init(
    kvm: Kvm, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
    here = vm.on(min(pmus[0].cpus))
    with vm.session.batch():
        vcpus = made(here)
        here.create_gic()
        for vcpu in vcpus:
            vcpu.has_pmu_attr(INIT)
            vcpu.set_irq(PMU_PPI)
            vcpu.init_pmu()
        here.load("cycle-counter")
    for vcpu in vcpus:
        assert counting(vcpu)


@pytest.mark.kvmpmu_clause("init.enodev.gic", "init.once")
def test_cloud_hypervisors_restore_comes_before_the_gics(vm: Vm) -> None:
    with vm.session.batch():
        vcpus = made(vm)
        gic = vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V3)
        for vcpu in vcpus:
            vcpu.has_pmu_attr(INIT)
            vcpu.set_irq(PMU_PPI)
    for vcpu in vcpus:
        with refused(Errno.ENODEV):
            vcpu.init_pmu()
    gic.set_attr(k.KVM_DEV_ARM_VGIC_GRP_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    for vcpu in vcpus:
        vcpu.init_pmu()


@pytest.fixture
def firecracker(vm: Vm) -> Vcpu:
    """A vCPU without the feature, ready to run: Firecracker refuses the bit in its templates."""
    with vm.session.batch():
        vcpu = vm.create_vcpu(0)
        vcpu.init()
        vm.create_gic()
        vm.load("cycle-counter")
    return vcpu


@pytest.mark.kvmpmu_clause("group.enodev.feature", "guest.undefined")
def test_firecrackers_guests_have_no_pmu(firecracker: Vcpu) -> None:
    with refused(Errno.ENODEV):
        firecracker.set_irq(PMU_PPI)
    with pytest.raises(GuestFault, match="took an exception"):
        firecracker.run_payload("cycle-counter")


@pytest.mark.kvmpmu_clause("group.enodev.feature", "guest.reads-zero")
def test_firecrackers_guests_read_zeros(firecracker: Vcpu) -> None:
    with refused(Errno.ENODEV):
        firecracker.set_irq(PMU_PPI)
    assert firecracker.run_payload("cycle-counter") == {"first": 0, "second": 0}


@pytest.mark.kvmpmu_clause("run.pmu-unchecked", "guest.reads-zero")
def test_a_guest_whose_pmu_was_not_initialised_reads_zeros(vm: Vm) -> None:
    with vm.session.batch():
        (vcpu,) = made(vm, 1)
        vm.create_gic()
        vm.load("cycle-counter")
    assert vcpu.run_payload("cycle-counter") == {"first": 0, "second": 0}
