"""arm-vgic.rst: the GICv2, as far as a vCPU with a PMU needs it."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.kvm import Device, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

ADDR = k.KVM_DEV_ARM_VGIC_GRP_ADDR
NR_IRQS = k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
CTRL = k.KVM_DEV_ARM_VGIC_GRP_CTRL
INIT = k.KVM_DEV_ARM_VGIC_CTRL_INIT
DIST, CPU = k.KVM_VGIC_V2_ADDR_TYPE_DIST, k.KVM_VGIC_V2_ADDR_TYPE_CPU
GICV3S = (k.KVM_VGIC_V3_ADDR_TYPE_DIST, k.KVM_VGIC_V3_ADDR_TYPE_REDIST, 5)
GICV2 = GICS[2]
BASE = 0x0800_0000
PAGE = 0x1000
LAST_64_BITS = (1 << 64) - PAGE

pytestmark = pytest.mark.kvmpmu_requires("gicv2")
kvmpmu_clause = pytest.mark.kvmpmu_clause
revision = pytest.mark.kvmpmu_revision
both = pytest.mark.parametrize("frame", [DIST, CPU], ids=["distributor", "cpu-interface"])
bad_pointer = pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])


@pytest.fixture
def device(vm: Vm) -> Device:
    """A GICv2 without any attribute set."""
    return vm.create_bare_gic(GICV2)


@both
@bad_pointer
@kvmpmu_clause("vgic-v2.addr.efault")
def test_an_unreadable_address_is_efault(device: Device, frame: int, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, frame, addr)


@both
@kvmpmu_clause("vgic-v2.addr.eexist", "vgic-v2.addr")
def test_an_address_is_set_once(device: Device, frame: int) -> None:
    device.set_address(frame, BASE)
    for again in (BASE, 2 * BASE):
        with refused(Errno.EEXIST):
            device.set_address(frame, again)


@both
@kvmpmu_clause("vgic-v2.addr.einval")
@pytest.mark.parametrize("offset", [1, 0x800, PAGE - 1])
def test_an_address_off_4_kib_is_einval(device: Device, frame: int, offset: int) -> None:
    with refused(Errno.EINVAL):
        device.set_address(frame, BASE + offset)


@both
@kvmpmu_clause("vgic-v2.addr")
def test_an_address_on_4_kib_is_taken(device: Device, frame: int) -> None:
    device.set_address(frame, BASE + PAGE)


@both
@kvmpmu_clause("vgic-v2.addr.e2big")
def test_an_address_beyond_the_guests_is_e2big(kvm: Kvm, frame: int) -> None:
    most = kvm.check_extension("KVM_CAP_ARM_VM_IPA_SIZE")
    device = kvm.create_vm(most).create_bare_gic(GICV2)
    for base in (1 << most, 1 << 52):
        with refused(Errno.E2BIG):
            device.set_address(frame, base)


@kvmpmu_clause("vgic-v2.addr.e2big", "vgic-v2.addr")
@revision(since="linux-5.18")
def test_a_frame_has_to_end_in_the_guests_address_space(kvm: Kvm) -> None:
    most = kvm.check_extension("KVM_CAP_ARM_VM_IPA_SIZE")
    device = kvm.create_vm(most).create_bare_gic(GICV2)
    with refused(Errno.E2BIG):  # it has 8 KiB
        device.set_address(CPU, (1 << most) - PAGE)
    device.set_address(CPU, (1 << most) - 2 * PAGE)
    device.set_address(DIST, (1 << most) - PAGE)


@both
@kvmpmu_clause("vgic-v2.addr.wraps")
def test_a_frame_at_the_end_of_64_bits_is_einval(device: Device, frame: int) -> None:
    with refused(Errno.EINVAL):
        device.set_address(frame, LAST_64_BITS)


@both
@kvmpmu_clause("vgic-v2.addr.e2big")
@revision(until="series-v3")
def test_a_frame_at_the_end_of_64_bits_was_e2big(device: Device, frame: int) -> None:
    with refused(Errno.E2BIG):
        device.set_address(frame, LAST_64_BITS)


@both
@kvmpmu_clause(
    "vgic-v2.addr.eexist", "vgic-v2.addr.einval", "vgic-v2.addr.e2big", "vgic-v2.addr.wraps"
)
def test_an_address_that_is_set_is_eexist_whatever_the_other_is(device: Device, frame: int) -> None:
    device.set_address(frame, BASE)
    for again in (BASE + 1, 1 << 52, LAST_64_BITS):
        with refused(Errno.EEXIST):
            device.set_address(frame, again)


@both
@kvmpmu_clause("vgic-v2.addr.eexist", "vgic-v2.addr.einval", "vgic-v2.addr.e2big")
@revision(until="series-v3")
def test_an_address_was_looked_at_even_where_one_was_set(device: Device, frame: int) -> None:
    device.set_address(frame, BASE)
    for again, errno in ((BASE + 1, Errno.EINVAL), (1 << 52, Errno.E2BIG)):
        with refused(errno):
            device.set_address(frame, again)
    with refused(Errno.E2BIG):
        device.set_address(frame, (1 << 52) + 1)


@both
@bad_pointer
@kvmpmu_clause("attr.efault", "vgic-v2.addr.efault", "vgic-v2.addr.eexist")
def test_efault_wins_over_what_an_address_that_is_set_is(
    device: Device, frame: int, addr: Addr
) -> None:
    device.set_address(frame, BASE)
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, frame, addr)
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, frame, Addr("u64", (2 * BASE,)), argp="fault")


@kvmpmu_clause("vgic-v2.enxio", "vgic-v2.addr.eexist")
@pytest.mark.parametrize("frame", [*GICV3S, 99])
def test_an_address_that_a_gicv2_has_not_is_enxio_whatever_it_is(
    device: Device, frame: int
) -> None:
    device.place(GICV2)
    for base in (BASE, BASE + 1, 1 << 52, LAST_64_BITS):
        with refused(Errno.ENXIO):
            device.set_address(frame, base)
    with refused(Errno.EFAULT):
        device.set_attr(ADDR, frame, FAULT)


@kvmpmu_clause("vgic-v2.enxio")
@pytest.mark.parametrize(
    ("group", "attr"), [*((ADDR, frame) for frame in GICV3S), (ADDR, 99), (CTRL, 1), (CTRL, 3)]
)
def test_has_says_no_to_what_is_of_other_gics(device: Device, group: int, attr: int) -> None:
    with refused(Errno.ENXIO):
        device.require_attr(group, attr)


@kvmpmu_clause("vgic-v2.enxio")
@pytest.mark.parametrize("group", [5, 6, 7, 9, 99])
def test_a_group_that_a_gicv2_has_not_is_enxio(device: Device, group: int) -> None:
    with refused(Errno.ENXIO):
        device.require_attr(group, 0)
    with refused(Errno.ENXIO):
        device.set_attr(group, 0, Addr("u64", (0,)))


@kvmpmu_clause("vgic-v2.addr", "vgic-v2.init", "vgic-v2.nr-irqs")
@pytest.mark.parametrize(("group", "attr"), [(ADDR, DIST), (ADDR, CPU), (CTRL, INIT), (NR_IRQS, 0)])
def test_has_says_yes_to_what_can_be_set(device: Device, group: int, attr: int) -> None:
    device.require_attr(group, attr)


@kvmpmu_clause("vgic-v2.enxio", "vgic-v2.init")
def test_an_unknown_control_is_enxio_and_initialises_nothing(vm: Vm, device: Device) -> None:
    with refused(Errno.ENXIO):
        device.set_attr(CTRL, 99)
    vm.create_vcpu(0)
    device.init_gic()
    device.init_gic()
    with refused(Errno.EBUSY):
        vm.create_vcpu(1)


@kvmpmu_clause("vgic-v2.nr-irqs")
@pytest.mark.parametrize("number", [64, 96, 992])
def test_a_number_of_interrupts_is_taken_once(device: Device, number: int) -> None:
    device.set_attr(NR_IRQS, 0, Addr("u32", (number,)))


@bad_pointer
@kvmpmu_clause("vgic-v2.nr-irqs.efault", "vgic-v2.nr-irqs.ebusy")
def test_an_unreadable_number_of_interrupts_is_efault(device: Device, addr: Addr) -> None:
    for _ in range(2):
        with refused(Errno.EFAULT):
            device.set_attr(NR_IRQS, 0, addr)
        device.attempt("KVM_SET_DEVICE_ATTR", group=NR_IRQS, attr=0, addr=Addr("u32", (64,)))


@kvmpmu_clause("vgic-v2.nr-irqs.einval", "vgic-v2.nr-irqs.ebusy")
@pytest.mark.parametrize("number", [0, 32, 63, 65, 1000, 1024, 2**32 - 1])
def test_a_number_of_interrupts_that_no_gic_has_is_einval(device: Device, number: int) -> None:
    for _ in range(2):
        with refused(Errno.EINVAL):
            device.set_attr(NR_IRQS, 0, Addr("u32", (number,)))
        device.attempt("KVM_SET_DEVICE_ATTR", group=NR_IRQS, attr=0, addr=Addr("u32", (64,)))


@kvmpmu_clause("vgic-v2.nr-irqs.ebusy", "vgic-v2.nr-irqs", "vgic-v2.init")
@pytest.mark.parametrize("initialise", [True, False], ids=["initialised", "set"])
def test_the_number_of_interrupts_is_settled_by_setting_it_or_by_init(
    device: Device, initialise: bool
) -> None:
    if initialise:
        device.init_gic()
    else:
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))
    with refused(Errno.EBUSY):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)))


@kvmpmu_clause("vgic-v2.addr", "vgic-v2.addr.einval", "attr.efault")
def test_what_was_refused_is_not_kept(device: Device) -> None:
    for frame, base in GICV2.frames:
        with refused(Errno.EFAULT):
            device.set_attr(ADDR, frame, Addr("u64", (base,)), argp="fault")
        with refused(Errno.EINVAL):
            device.set_address(frame, BASE + 1)
        device.set_address(frame, base)
    with refused(Errno.EFAULT):
        device.set_attr(NR_IRQS, 0, Addr("u32", (64,)), argp="fault")
    device.set_attr(NR_IRQS, 0, Addr("u32", (96,)))


@kvmpmu_clause("vgic-v2.addr", "vgic-v2.addr.eexist")
def test_an_address_that_came_second_does_not_replace_the_first(
    plain: Vcpu, device: Device
) -> None:
    device.place(GICV2)
    with refused(Errno.EEXIST):  # at the CPU interface's place
        device.set_address(DIST, GICV2.frames[1][1])
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
