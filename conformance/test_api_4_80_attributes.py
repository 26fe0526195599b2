"""api.rst 4.80 and 4.81: SET, GET and HAS, with all rules for the PMU group."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
EARLY = (k.KVM_ARM_VCPU_PMU_V3_IRQ, k.KVM_ARM_VCPU_PMU_V3_INIT, k.KVM_ARM_VCPU_PMU_V3_FILTER)
UNKNOWN = (5, 6, 1 << 32, (1 << 32) + 3, (1 << 64) - 1)
GROUPS = (3, 99, 2**32 - 1)

pytestmark = pytest.mark.kvmpmu_requires("pmu")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@pytest.mark.kvmpmu_clause("attr.enxio.group")
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("with_pmu", [True, False], ids=["pmu", "no-pmu"])
def test_an_unknown_group_is_enxio_with_and_without_a_pmu(
    vm: Vm, group: int, with_pmu: bool
) -> None:
    vcpu = vm.create_vcpu(0)
    if with_pmu:
        vcpu.init_with_pmu()
    with refused(Errno.ENXIO):
        vcpu.set_attr(group, 0, FAULT)
    with refused(Errno.ENXIO):
        vcpu.get_attr(group, 0)
    with refused(Errno.ENXIO):
        vcpu.require_attr(group, 0)


@pytest.mark.kvmpmu_clause("attr.efault")
@pytest.mark.parametrize("group", [GROUP, *GROUPS])
def test_an_unreadable_structure_is_efault_whatever_the_group(vcpu: Vcpu, group: int) -> None:
    with refused(Errno.EFAULT):
        vcpu.set_attr(group, 0, argp="fault")
    with refused(Errno.EFAULT):
        vcpu.get_attr(group, 0, argp="fault")
    with refused(Errno.EFAULT):
        vcpu.require_attr(group, 0, argp="fault")


@needs_vgic
@pytest.mark.kvmpmu_clause("attr.efault")
@pytest.mark.parametrize("group", [k.KVM_DEV_ARM_VGIC_GRP_CTRL, *GROUPS])
def test_an_unreadable_structure_is_efault_for_a_device_too(vm: Vm, group: int) -> None:
    gic = vm.create_bare_gic()
    for ioctl in ("KVM_SET_DEVICE_ATTR", "KVM_GET_DEVICE_ATTR", "KVM_HAS_DEVICE_ATTR"):
        with refused(Errno.EFAULT):
            gic.call(ioctl, group=group, attr=0, argp="fault")


@pytest.mark.kvmpmu_clause("attr.flags")
@pytest.mark.parametrize("flags", [1, 2**32 - 1])
def test_the_flags_are_not_looked_at(vcpu: Vcpu, flags: int) -> None:
    vcpu.require_attr(GROUP, k.KVM_ARM_VCPU_PMU_V3_INIT, flags=flags)
    vcpu.set_attr(GROUP, k.KVM_ARM_VCPU_PMU_V3_INIT, flags=flags)


@pytest.mark.kvmpmu_clause("has.known")
@pytest.mark.parametrize("attr", EARLY)
def test_has_says_yes_before_and_after_init_and_run(vcpu: Vcpu, attr: int) -> None:
    vcpu.has_pmu_attr(attr)
    vcpu.init_pmu()
    vcpu.has_pmu_attr(attr)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    vcpu.has_pmu_attr(attr)


@pytest.mark.kvmpmu_clause("has.known")
@pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
def test_has_does_not_look_at_the_address(vcpu: Vcpu, addr: object) -> None:
    for attr in EARLY:
        vcpu.require_attr(GROUP, attr, addr=addr)


@pytest.mark.kvmpmu_clause("has.enxio.feature")
@pytest.mark.parametrize("attr", [*EARLY, 3, 4, *UNKNOWN])
@pytest.mark.parametrize("initialised", [True, False], ids=["no-feature", "no-vcpu-init"])
def test_has_without_a_pmu_is_enxio(vm: Vm, attr: int, initialised: bool) -> None:
    vcpu = vm.create_vcpu(0)
    if initialised:
        vcpu.init()
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(attr)


@pytest.mark.kvmpmu_clause("has.enxio.attr", "group.enxio.attr", "get.enxio")
@pytest.mark.parametrize("attr", UNKNOWN)
def test_an_unknown_attribute_is_enxio(vcpu: Vcpu, attr: int) -> None:
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(attr)
    with refused(Errno.ENXIO):
        vcpu.set_pmu_attr(attr, FAULT)
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, attr)


@pytest.mark.kvmpmu_clause("group.enodev.feature")
@pytest.mark.parametrize("attr", [*EARLY, 3, 4, *UNKNOWN])
def test_set_without_a_pmu_is_enodev_for_any_attribute(vm: Vm, attr: int) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENODEV):
        vcpu.set_pmu_attr(attr, FAULT)


@pytest.mark.kvmpmu_clause("group.ebusy.initialized")
@pytest.mark.parametrize("attr", [*EARLY, 3, 4, *UNKNOWN])
def test_set_after_init_is_ebusy_for_any_attribute(vcpu: Vcpu, attr: int) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_pmu_attr(attr, FAULT)


# Errors of the single attributes.
REFUSED = [
    pytest.param(k.KVM_ARM_VCPU_PMU_V3_IRQ, Addr("int", (-1,)), id="irq-number"),
    pytest.param(k.KVM_ARM_VCPU_PMU_V3_IRQ, Addr("int", (PMU_PPI + 1,)), id="irq-other"),
    pytest.param(
        k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 1, 2)), id="action"
    ),
    pytest.param(
        k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 1, 1)), id="filter"
    ),
    pytest.param(k.KVM_ARM_VCPU_PMU_V3_SET_PMU, Addr("int", (-1,)), id="pmu"),
    pytest.param(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (99,)), id="counters"),
]


@needs_vgic
@pytest.mark.kvmpmu_clause("group.enodev.feature")
@pytest.mark.parametrize(("attr", "addr"), REFUSED)
@pytest.mark.parametrize("initialised", [True, False], ids=["no-feature", "no-vcpu-init"])
def test_enodev_wins_over_what_the_attribute_refuses(
    vm: Vm, attr: int, addr: Addr, initialised: bool
) -> None:
    vcpu = vm.create_vcpu(0)
    if initialised:
        vcpu.init()
    vm.create_gic()
    with refused(Errno.ENODEV):
        vcpu.set_pmu_attr(attr, addr)


@needs_vgic
@pytest.mark.kvmpmu_clause("group.ebusy.initialized")
@pytest.mark.parametrize(
    ("attr", "addr"), [*REFUSED, pytest.param(k.KVM_ARM_VCPU_PMU_V3_IRQ, FAULT, id="irq-unmapped")]
)
def test_ebusy_after_init_wins_over_what_the_attribute_refuses(
    vcpu: Vcpu, gic: Device, attr: int, addr: Addr
) -> None:
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_pmu_attr(attr, addr)


@pytest.mark.kvmpmu_clause("get.enxio")
@pytest.mark.parametrize("attr", [1, 2, 3, 4, *UNKNOWN])
@pytest.mark.parametrize("initialised", [True, False], ids=["no-feature", "no-vcpu-init"])
def test_get_is_enxio_even_without_a_pmu(vm: Vm, attr: int, initialised: bool) -> None:
    vcpu = vm.create_vcpu(0)
    if initialised:
        vcpu.init()
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, attr)
