"""A refused call of the set-up changes no state, except where another file says otherwise.

vCPUs and devices.  Each spec makes a call that is refused, and looks for an effect of it.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.kvm import Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

GICV3 = k.KVM_DEV_TYPE_ARM_VGIC_V3
GIC_ADDR, GIC_CTRL = k.KVM_DEV_ARM_VGIC_GRP_ADDR, k.KVM_DEV_ARM_VGIC_GRP_CTRL
DIST, REDIST = k.KVM_VGIC_V3_ADDR_TYPE_DIST, k.KVM_VGIC_V3_ADDR_TYPE_REDIST
BASE = 0x0800_0000

needs_gicv3 = pytest.mark.kvmpmu_requires("gicv3")
needs_pmu = pytest.mark.kvmpmu_requires("pmu")
kvmpmu_clause = pytest.mark.kvmpmu_clause


@kvmpmu_clause("create-vcpu.einval.id", "create-vcpu.eexist", "create-vcpu.ebusy.vgic")
@needs_gicv3
def test_a_vcpu_that_was_refused_takes_no_room_of_the_gic(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINVAL):
        vm.create_vcpu(512)
    with refused(Errno.EEXIST):
        vm.create_vcpu(0)
    gic = vm.create_device(GICV3)
    gic.set_attr(GIC_ADDR, DIST, Addr("u64", (BASE + k.KVM_VGIC_V3_REDIST_SIZE,)))
    gic.set_attr(GIC_ADDR, REDIST, Addr("u64", (BASE,)))
    gic.set_attr(GIC_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    with refused(Errno.EBUSY):
        vm.create_vcpu(1)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@kvmpmu_clause("create-device", "create-device.efault")
def test_a_gic_that_could_not_be_read_is_not_made(vm: Vm, gic_kind: Gic) -> None:
    with refused(Errno.EFAULT):
        vm.create_device(gic_kind.device, argp="fault")
    vm.create_bare_gic(gic_kind).init_gic()


@kvmpmu_clause("create-device", "create-device.enodev")
@pytest.mark.parametrize("version", [2, 3], ids=["GICv2", "GICv3"])
def test_a_gic_that_the_host_has_not_is_enodev_in_any_state(
    vm: Vm, gic_kind: Gic, host: Host, version: int
) -> None:
    missing = 0 if version in host.gics else GICS[version].device
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENODEV):
        vm.create_device(missing)
    vm.create_gic(gic_kind)  # the VM has none yet
    with refused(Errno.ENODEV):
        vm.create_device(missing)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.ENODEV):
        vm.create_device(missing)


@kvmpmu_clause("create-device.enodev", "create-device.ebusy.vcpu-ran")
@pytest.mark.kvmpmu_requires("vgic")
@pytest.mark.parametrize("version", [2, 3], ids=["GICv2", "GICv3"])
def test_a_gic_that_the_host_has_not_is_enodev_after_a_run(
    vm: Vm, host: Host, version: int
) -> None:
    missing = 0 if version in host.gics else GICS[version].device
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.ENODEV):
        vm.create_device(missing)


@kvmpmu_clause("create-device", "create-device.ebusy.vcpu-ran")
def test_a_gic_that_came_too_late_is_not_made(vm: Vm, gic_kind: Gic) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    for _ in range(2):  # and not EEXIST
        with refused(Errno.EBUSY):
            vm.create_bare_gic(gic_kind)


@pytest.mark.parametrize(
    ("attr", "addr", "errno"),
    [
        pytest.param(DIST, FAULT, Errno.EFAULT, marks=kvmpmu_clause("vgic.addr.efault")),
        pytest.param(REDIST, FAULT, Errno.EFAULT, marks=kvmpmu_clause("vgic.addr.efault")),
        pytest.param(99, Addr("u64", (BASE,)), Errno.ENXIO, marks=kvmpmu_clause("vgic.enxio")),
        pytest.param(
            DIST, Addr("u64", (BASE + 1,)), Errno.EINVAL, marks=kvmpmu_clause("vgic.addr.einval")
        ),
        pytest.param(
            DIST,
            Addr("u64", (1 << 40,)),
            Errno.E2BIG,
            marks=[kvmpmu_clause("vgic.addr.e2big"), pytest.mark.kvmpmu_requires("ipa-size")],
        ),
        pytest.param(
            DIST,
            Addr("u64", ((1 << 64) - 0x10000,)),
            Errno.EINVAL,
            marks=kvmpmu_clause("vgic.addr.wraps"),
        ),
    ],
)
@kvmpmu_clause("vgic.addr")
@needs_gicv3
def test_a_refused_address_leaves_the_place_free(
    vm: Vm, attr: int, addr: Addr, errno: Errno
) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    gic = vm.create_device(GICV3)
    with refused(errno):
        gic.set_attr(GIC_ADDR, attr, addr)
    gic.set_attr(GIC_ADDR, DIST, Addr("u64", (BASE,)))
    gic.set_attr(GIC_ADDR, REDIST, Addr("u64", (2 * BASE,)))


@pytest.fixture
def overlapping(vm: Vm) -> Device:
    """A GIC whose redistributors were refused for being in the distributor's frame."""
    vm.create_vcpu(0).init()
    gic = vm.create_device(GICV3)
    gic.set_attr(GIC_ADDR, DIST, Addr("u64", (BASE,)))
    with refused(Errno.EINVAL):
        gic.set_attr(GIC_ADDR, REDIST, Addr("u64", (BASE,)))
    return gic


@kvmpmu_clause("vgic.addr", "vgic.addr.overlap")
@pytest.mark.kvmpmu_revision(since="linux-5.11")
@needs_gicv3
def test_redistributors_that_were_refused_can_be_put_elsewhere(overlapping: Device) -> None:
    overlapping.set_attr(GIC_ADDR, REDIST, Addr("u64", (2 * BASE,)))


@kvmpmu_clause("vgic.addr.overlap-stays", "vgic.addr.redist-again")
@needs_gicv3
def test_redistributors_that_were_refused_stayed_there(overlapping: Device) -> None:
    with refused(Errno.EINVAL):
        overlapping.set_attr(GIC_ADDR, REDIST, Addr("u64", (2 * BASE,)))


@kvmpmu_clause("vgic.addr", "vgic.addr.eexist")
@needs_gicv3
def test_an_address_that_came_second_does_not_replace_the_first(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    gic = vm.create_device(GICV3)
    gic.set_attr(GIC_ADDR, DIST, Addr("u64", (BASE,)))
    gic.set_attr(GIC_ADDR, REDIST, Addr("u64", (2 * BASE,)))
    with refused(Errno.EEXIST):
        gic.set_attr(GIC_ADDR, DIST, Addr("u64", (2 * BASE,)))
    gic.set_attr(GIC_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@kvmpmu_clause("vgic.nr-irqs", "vgic.nr-irqs.einval", "vgic.nr-irqs.efault")
@needs_gicv3
def test_a_refused_number_of_interrupts_is_still_to_be_said(vm: Vm) -> None:
    gic, group = vm.create_device(GICV3), k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
    with refused(Errno.EFAULT):
        gic.set_attr(group, 0, FAULT)
    with refused(Errno.EINVAL):
        gic.set_attr(group, 0, Addr("u32", (65,)))
    gic.set_attr(group, 0, Addr("u32", (64,)))


@needs_pmu
@needs_gicv3
@kvmpmu_clause("vgic.nr-irqs", "vgic.nr-irqs.ebusy", "init.einval.spi")
def test_a_second_number_of_interrupts_does_not_replace_the_first(vm: Vm, vcpu: Vcpu) -> None:
    gic, group = vm.create_device(GICV3), k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
    gic.set_attr(group, 0, Addr("u32", (64,)))
    with refused(Errno.EBUSY):
        gic.set_attr(group, 0, Addr("u32", (256,)))
    gic.set_attr(GIC_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)
    vcpu.set_irq(64)
    with refused(Errno.EINVAL):
        vcpu.init_pmu()


@kvmpmu_clause("vgic.init", "vgic.enxio", "attr.efault")
@needs_gicv3
def test_a_refused_attribute_does_not_initialise_the_gic(vm: Vm) -> None:
    gic = vm.create_device(GICV3)
    with refused(Errno.ENXIO):
        gic.set_attr(GIC_CTRL, 99)
    with refused(Errno.EFAULT):
        gic.set_attr(GIC_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT, argp="fault")
    vm.create_vcpu(0)
