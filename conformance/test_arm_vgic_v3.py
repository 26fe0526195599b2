"""arm-vgic-v3.rst, as far as a vCPU with a PMU needs the GIC."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import Device, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

ADDR = k.KVM_DEV_ARM_VGIC_GRP_ADDR
NR_IRQS = k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
CTRL = k.KVM_DEV_ARM_VGIC_GRP_CTRL
INIT = k.KVM_DEV_ARM_VGIC_CTRL_INIT
DIST, REDIST = k.KVM_VGIC_V3_ADDR_TYPE_DIST, k.KVM_VGIC_V3_ADDR_TYPE_REDIST
GICV2S = (0, 1)  # KVM_VGIC_V2_ADDR_TYPE_DIST and _CPU
BASE = 0x0800_0000

pytestmark = pytest.mark.kvmpmu_requires("gicv3")
both = pytest.mark.parametrize("attr", [DIST, REDIST], ids=["distributor", "redistributors"])
bad_pointer = pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])


@pytest.fixture
def device(vm: Vm) -> Device:
    """A GICv3 without any attribute set."""
    return vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V3)


@both
@bad_pointer
@pytest.mark.kvmpmu_clause("vgic.addr.efault")
def test_an_unreadable_address_is_efault(device: Device, attr: int, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, attr, addr)


@pytest.mark.kvmpmu_clause("vgic.addr.eexist", "vgic.addr")
def test_the_distributors_address_is_set_once(device: Device) -> None:
    device.set_attr(ADDR, DIST, Addr("u64", (BASE,)))
    with refused(Errno.EEXIST):
        device.set_attr(ADDR, DIST, Addr("u64", (2 * BASE,)))


@pytest.mark.kvmpmu_clause("vgic.addr.eexist", "vgic.addr")
@pytest.mark.kvmpmu_revision(since="linux-5.18")
def test_the_redistributors_address_is_set_once(device: Device) -> None:
    device.set_attr(ADDR, REDIST, Addr("u64", (BASE,)))
    with refused(Errno.EEXIST):
        device.set_attr(ADDR, REDIST, Addr("u64", (2 * BASE,)))


@pytest.mark.kvmpmu_clause("vgic.addr.redist-again")
@pytest.mark.parametrize("again", [2 * BASE, BASE + 1, 1 << 40])
def test_the_redistributors_address_again_is_einval(device: Device, again: int) -> None:
    device.set_attr(ADDR, REDIST, Addr("u64", (BASE,)))
    with refused(Errno.EINVAL):
        device.set_attr(ADDR, REDIST, Addr("u64", (again,)))


@both
@pytest.mark.kvmpmu_clause("vgic.addr.einval")
@pytest.mark.parametrize("offset", [1, 0x1000, 0xF000])
def test_an_address_off_64_kib_is_einval(device: Device, attr: int, offset: int) -> None:
    with refused(Errno.EINVAL):
        device.set_attr(ADDR, attr, Addr("u64", (BASE + offset,)))


@both
@pytest.mark.kvmpmu_requires("ipa-size")
@pytest.mark.kvmpmu_clause("vgic.addr.e2big")
@pytest.mark.parametrize("base", [1 << 40, 1 << 50])
def test_an_address_beyond_the_guests_is_e2big(device: Device, attr: int, base: int) -> None:
    with refused(Errno.E2BIG):
        device.set_attr(ADDR, attr, Addr("u64", (base,)))


@both
@pytest.mark.kvmpmu_clause("vgic.addr.wraps")
def test_a_frame_at_the_end_of_64_bits_is_einval(vm: Vm, device: Device, attr: int) -> None:
    vm.create_vcpu(0)  # without one the redistributors' frame is empty
    with refused(Errno.EINVAL):
        device.set_attr(ADDR, attr, Addr("u64", ((1 << 64) - 0x10000,)))


@pytest.mark.kvmpmu_clause("vgic.addr.overlap")
def test_redistributors_in_the_distributor_are_einval(vm: Vm, device: Device) -> None:
    vm.create_vcpu(0).init()
    device.set_attr(ADDR, DIST, Addr("u64", (BASE,)))
    with refused(Errno.EINVAL):
        device.set_attr(ADDR, REDIST, Addr("u64", (BASE,)))


@pytest.mark.kvmpmu_clause("vgic.addr.eexist")
@pytest.mark.kvmpmu_revision(since="linux-5.18")
@pytest.mark.parametrize(
    ("attr", "again"),
    [
        pytest.param(DIST, BASE + 1, marks=pytest.mark.kvmpmu_clause("vgic.addr.einval")),
        pytest.param(REDIST, BASE + 1, marks=pytest.mark.kvmpmu_clause("vgic.addr.einval")),
        pytest.param(DIST, 1 << 40, marks=pytest.mark.kvmpmu_clause("vgic.addr.e2big")),
        pytest.param(REDIST, 1 << 40, marks=pytest.mark.kvmpmu_clause("vgic.addr.e2big")),
        pytest.param(DIST, (1 << 64) - 0x10000, marks=pytest.mark.kvmpmu_clause("vgic.addr.wraps")),
        pytest.param(REDIST, BASE, marks=pytest.mark.kvmpmu_clause("vgic.addr.overlap")),
    ],
)
def test_an_address_that_is_set_is_eexist_whatever_the_other_is(
    vm: Vm, device: Device, attr: int, again: int
) -> None:
    vm.create_vcpu(0)
    device.set_attr(ADDR, DIST, Addr("u64", (BASE,)))
    device.set_attr(ADDR, REDIST, Addr("u64", (2 * BASE,)))
    with refused(Errno.EEXIST):
        device.set_attr(ADDR, attr, Addr("u64", (again,)))


@pytest.mark.kvmpmu_clause("attr.efault", "vgic.addr.efault")
@both
@bad_pointer
def test_efault_wins_over_what_an_address_that_is_set_is(
    device: Device, attr: int, addr: Addr
) -> None:
    device.set_attr(ADDR, attr, Addr("u64", (BASE,)))
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, attr, addr)
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, attr, Addr("u64", (2 * BASE,)), argp="fault")


@pytest.mark.kvmpmu_clause("vgic.enxio", "vgic.addr.eexist")
@pytest.mark.parametrize("attr", [*GICV2S, 99])
def test_an_address_that_a_gicv3_has_not_is_enxio_whatever_it_is(
    vm: Vm, device: Device, attr: int
) -> None:
    vm.create_vcpu(0)
    device.set_attr(ADDR, DIST, Addr("u64", (BASE,)))
    for base in (BASE, BASE + 1, 1 << 40, (1 << 64) - 0x10000):
        with refused(Errno.ENXIO):
            device.set_attr(ADDR, attr, Addr("u64", (base,)))
    device.set_attr(ADDR, REDIST, Addr("u64", (2 * BASE,)))
    with refused(Errno.ENXIO):
        device.set_attr(ADDR, attr, Addr("u64", (3 * BASE,)))


@pytest.mark.kvmpmu_clause("vgic.addr.eexist")
@pytest.mark.kvmpmu_revision(until="series-v3")
@pytest.mark.parametrize(
    ("again", "errno"),
    [
        pytest.param(BASE + 1, Errno.EINVAL, marks=pytest.mark.kvmpmu_clause("vgic.addr.einval")),
        pytest.param(1 << 40, Errno.E2BIG, marks=pytest.mark.kvmpmu_clause("vgic.addr.e2big")),
    ],
)
def test_an_address_was_looked_at_even_where_one_was_set(
    device: Device, again: int, errno: Errno
) -> None:
    device.set_attr(ADDR, DIST, Addr("u64", (BASE,)))
    with refused(errno):
        device.set_attr(ADDR, DIST, Addr("u64", (again,)))


@pytest.mark.kvmpmu_clause("vgic.nr-irqs.einval", "vgic.nr-irqs.ebusy")
def test_einval_wins_over_ebusy(device: Device) -> None:
    device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))
    with refused(Errno.EINVAL):
        device.set_attr(NR_IRQS, 0, Addr("u32", (65,)))


@pytest.mark.kvmpmu_clause("attr.efault", "vgic.nr-irqs.efault", "vgic.nr-irqs.ebusy")
def test_efault_wins_over_ebusy(device: Device) -> None:
    device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))
    for addr in (FAULT, NULL):
        with refused(Errno.EFAULT):
            device.set_attr(NR_IRQS, 0, addr)
    with refused(Errno.EFAULT):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)), argp="fault")


@pytest.mark.kvmpmu_clause("attr.efault", "vgic.nr-irqs", "vgic.addr", "vgic.addr.einval")
def test_what_was_refused_is_not_kept(vm: Vm, device: Device) -> None:
    vm.create_vcpu(0)
    for attr, base in ((DIST, BASE), (REDIST, 2 * BASE)):
        with refused(Errno.EFAULT):
            device.set_attr(ADDR, attr, Addr("u64", (base,)), argp="fault")
        with refused(Errno.EINVAL):
            device.set_attr(ADDR, attr, Addr("u64", (BASE + 0x1000,)))
        device.set_attr(ADDR, attr, Addr("u64", (base,)))
    with refused(Errno.EFAULT):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)), argp="fault")
    device.set_attr(NR_IRQS, 0, Addr("u32", (96,)))


@pytest.mark.kvmpmu_clause("vgic.nr-irqs")
@pytest.mark.parametrize("number", [64, 96, 992])
def test_a_number_of_interrupts_is_taken_once(device: Device, number: int) -> None:
    device.set_attr(NR_IRQS, 0, Addr("u32", (number,)))


@bad_pointer
@pytest.mark.kvmpmu_clause("vgic.nr-irqs.efault")
def test_an_unreadable_number_of_interrupts_is_efault(device: Device, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        device.set_attr(NR_IRQS, 0, addr)


@pytest.mark.kvmpmu_clause("vgic.nr-irqs.einval")
@pytest.mark.parametrize("number", [0, 32, 63, 65, 1000, 1024, 2**32 - 1])
def test_a_number_of_interrupts_that_no_gic_has_is_einval(device: Device, number: int) -> None:
    with refused(Errno.EINVAL):
        device.set_attr(NR_IRQS, 0, Addr("u32", (number,)))


@pytest.mark.kvmpmu_clause("vgic.nr-irqs.ebusy", "vgic.nr-irqs", "vgic.init")
@pytest.mark.parametrize("initialise", [True, False], ids=["initialised", "set"])
def test_the_number_of_interrupts_is_settled_by_setting_it_or_by_init(
    device: Device, initialise: bool
) -> None:
    if initialise:
        device.set_attr(CTRL, INIT)
        device.set_attr(CTRL, INIT)
    else:
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))
    with refused(Errno.EBUSY):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))


@pytest.mark.kvmpmu_clause("vgic.enxio")
@pytest.mark.parametrize(("group", "attr"), [(99, 0), (ADDR, 99), (CTRL, 99)])
def test_an_unknown_group_or_attribute_is_enxio(device: Device, group: int, attr: int) -> None:
    with refused(Errno.ENXIO):
        device.set_attr(group, attr, Addr("u64", (0,)))
    with refused(Errno.ENXIO):
        device.require_attr(group, attr)


@pytest.mark.kvmpmu_clause("vgic.addr", "vgic.init", "vgic.nr-irqs")
@pytest.mark.parametrize(
    ("group", "attr"), [(ADDR, DIST), (ADDR, REDIST), (CTRL, INIT), (NR_IRQS, 0)]
)
def test_has_says_yes_to_what_can_be_set(device: Device, group: int, attr: int) -> None:
    device.require_attr(group, attr)
