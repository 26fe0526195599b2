"""KVM_RUN and KVM_CREATE_VCPU in a VM with a GICv2, where they differ from other VMs."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

NR_IRQS = k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
DIST, CPU = k.KVM_VGIC_V2_ADDR_TYPE_DIST, k.KVM_VGIC_V2_ADDR_TYPE_CPU
GICV2 = GICS[2]
BASE = 0x0800_0000
PAGE = 0x1000
# The address space of a VM on most hosts; in protected mode it is larger.
END = 1 << 40

pytestmark = pytest.mark.kvmpmu_requires("gicv2")
kvmpmu_clause = pytest.mark.kvmpmu_clause
revision = pytest.mark.kvmpmu_revision


@pytest.fixture
def device(vm: Vm) -> Device:
    """A GICv2 without any attribute set."""
    return vm.create_bare_gic(GICV2)


@kvmpmu_clause("vgic-v2.run-init", "vgic-v2.nr-irqs.ebusy", "create-vcpu.ebusy.vgic")
def test_a_run_initialises_it(vm: Vm, plain: Vcpu, device: Device) -> None:
    device.place(GICV2)
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    with refused(Errno.EBUSY):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))
    with refused(Errno.EBUSY):
        vm.create_vcpu(1)


@pytest.mark.kvmpmu_requires("pmu", "counting")
@kvmpmu_clause("vgic-v2.run-init", "init.enodev.gic", "run.einval.pmu", "init.once")
@revision(since="linux-5.18")
def test_a_run_refused_for_its_pmu_lets_the_pmus_init_succeed(
    vm: Vm, vcpu: Vcpu, device: Device, pmus: tuple[Pmu, ...]
) -> None:
    device.place(GICV2)
    vcpu.set_irq(PMU_PPI)
    vcpu.set_pmu(pmus[0])
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    with refused(Errno.EINVAL):
        vcpu.run()
    vcpu.init_pmu()
    vm.load("cycle-counter")
    assert counting(vcpu.on(min(pmus[0].cpus)))


@kvmpmu_clause("run.enxio.vgic-bases", "vgic-v2.run-init")
@pytest.mark.parametrize("placed", [DIST, CPU], ids=["distributor", "cpu-interface"])
def test_a_run_does_not_initialise_it_without_both_addresses(
    vm: Vm, plain: Vcpu, device: Device, placed: int
) -> None:
    device.set_address(placed, BASE)
    with refused(Errno.ENXIO):
        plain.run()
    assert vm.attempt("KVM_CREATE_VCPU", new="vcpu9", id=1).errno in (None, Errno.EIO)


@kvmpmu_clause("run.einval.vgic-overlap")
@pytest.mark.parametrize("dist", [BASE, BASE + PAGE], ids=["first-page", "second-page"])
def test_a_distributor_in_the_cpu_interface_is_einval(
    plain: Vcpu, device: Device, dist: int
) -> None:
    device.set_address(CPU, BASE)
    device.set_address(DIST, dist)
    with refused(Errno.EINVAL):
        plain.run()


@kvmpmu_clause("vgic-v2.addr", "vgic-v2.run-init")
@pytest.mark.parametrize("dist", [BASE - PAGE, BASE + 2 * PAGE], ids=["below", "above"])
def test_a_distributor_beside_the_cpu_interface_is_taken(
    plain: Vcpu, device: Device, dist: int
) -> None:
    device.set_address(CPU, BASE)
    device.set_address(DIST, dist)
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)


@kvmpmu_clause("vgic-v2.run.erange", "run.one-try")
def test_a_cpu_interface_that_ends_beyond_the_guests_addresses_is_erange(
    vm: Vm, plain: Vcpu, device: Device
) -> None:
    device.set_address(DIST, BASE)
    device.set_address(CPU, END - PAGE)
    with refused(Errno.ERANGE):
        plain.run()
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    vm.create_vcpu(1)  # the GICv2 was torn down


@kvmpmu_clause("create-vcpu.einval.id", "create-vcpu.ebusy.vgic")
@pytest.mark.parametrize("number", [8, 9, 511])
def test_a_vm_with_it_has_eight_vcpus(vm: Vm, device: Device, number: int) -> None:
    vm.create_vcpu(7)
    with refused(Errno.EINVAL):
        vm.create_vcpu(number)
    device.init_gic()
    with refused(Errno.EBUSY):
        vm.create_vcpu(number)


@pytest.fixture
def full(vm: Vm, device: Device) -> Vm:
    """A VM with a GICv2 and all the vCPUs that it can have."""
    del device
    with vm.session.batch():
        for number in range(8):
            vm.create_vcpu(number)
    return vm


@kvmpmu_clause("create-vcpu.einval.full", "create-vcpu.eexist")
def test_a_vm_that_is_full_takes_no_vcpu_whatever_its_id(full: Vm) -> None:
    for number in (0, 7, 8):
        with refused(Errno.EINVAL):
            full.create_vcpu(number)


@kvmpmu_clause("create-vcpu.einval.id", "create-vcpu.eexist")
@revision(until="linux-5.19")
def test_a_vm_that_is_full_looked_at_the_id(full: Vm) -> None:
    for number in (0, 7):
        with refused(Errno.EEXIST):
            full.create_vcpu(number)
    with refused(Errno.EINVAL):
        full.create_vcpu(8)


@pytest.mark.kvmpmu_requires("gicv3")
@kvmpmu_clause("vgic-v2.e2big", "create-device")
def test_a_vm_with_more_vcpus_gets_another_gic(vm: Vm) -> None:
    with vm.session.batch():
        for number in range(9):
            vm.create_vcpu(number)
    vm.create_device(GICV2.device, k.KVM_CREATE_DEVICE_TEST)
    with refused(Errno.E2BIG):
        vm.create_bare_gic(GICV2)
    with refused(Errno.E2BIG):
        vm.call("KVM_CREATE_IRQCHIP")
    vm.create_bare_gic(GICS[3])
