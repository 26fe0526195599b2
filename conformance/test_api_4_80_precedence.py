"""api.rst 4.80, 4.81: SET, GET and HAS check the structure, then its group, then the rest.

Each spec is named after the later check.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import Gic
from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

GROUP, NO_GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL, 99
IRQ, INIT, FILTER, SET_PMU, UNKNOWN = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_INIT,
    k.KVM_ARM_VCPU_PMU_V3_FILTER,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
    7,
)
DENY = 1

pytestmark = pytest.mark.kvmpmu_requires("pmu")
kvmpmu_clause = pytest.mark.kvmpmu_clause
each_attr = pytest.mark.parametrize("attr", [IRQ, INIT, FILTER, SET_PMU, UNKNOWN])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@pytest.fixture
def without(vm: Vm) -> Vcpu:
    """vCPU 0, initialised without a PMU, in a VM with a GIC."""
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    vm.create_gic()
    return vcpu


@pytest.fixture
def set_up(vcpu: Vcpu, gic: Device) -> Vcpu:
    """vCPU 0 with its PMU set up."""
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    return vcpu


def refused_first(vcpu: Vcpu, attr: int, addr: Addr) -> None:
    """Check that an unreadable structure and an unknown group win over other errors."""
    with refused(Errno.EFAULT):
        vcpu.set_attr(GROUP, attr, addr, argp="fault")
    with refused(Errno.ENXIO):
        vcpu.set_attr(NO_GROUP, attr, addr)


@needs_vgic
@each_attr
@kvmpmu_clause("attr.efault", "attr.enxio.group", "group.enodev.feature")
def test_before_whether_there_is_a_pmu(without: Vcpu, attr: int) -> None:
    refused_first(without, attr, FAULT)


@needs_vgic
@each_attr
@kvmpmu_clause("attr.efault", "attr.enxio.group", "group.ebusy.initialized")
def test_before_whether_the_pmu_is_set_up(set_up: Vcpu, attr: int) -> None:
    refused_first(set_up, attr, FAULT)


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group")
@pytest.mark.parametrize(
    "attr",
    [
        pytest.param(IRQ, marks=kvmpmu_clause("irq.efault")),
        pytest.param(FILTER, marks=kvmpmu_clause("filter.efault")),
        pytest.param(SET_PMU, marks=pytest.mark.kvmpmu_revision(since="series-v1")),
        UNKNOWN,
    ],
)
def test_before_the_attributes_own_pointer(vcpu: Vcpu, gic: Device, attr: int) -> None:
    refused_first(vcpu, attr, FAULT)


@kvmpmu_clause("attr.efault", "attr.enxio.group", "irq.einval.no-irqchip")
def test_before_whether_there_is_an_irqchip(vcpu: Vcpu) -> None:
    refused_first(vcpu, IRQ, Addr("int", (PMU_PPI,)))


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "irq.einval.number", "irq.ebusy.set")
def test_before_an_interrupts_number(vcpu: Vcpu, gic: Device) -> None:
    refused_first(vcpu, IRQ, Addr("int", (-1,)))
    vcpu.set_irq(PMU_PPI)
    refused_first(vcpu, IRQ, Addr("int", (PMU_PPI,)))


@kvmpmu_clause("attr.efault", "attr.enxio.group", "init.enodev.gic")
def test_before_whether_the_gic_is_initialised(vm: Vm, vcpu: Vcpu, gic_kind: Gic) -> None:
    vm.create_bare_gic(gic_kind)
    refused_first(vcpu, INIT, FAULT)


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group")
@pytest.mark.parametrize(
    "irq",
    [
        pytest.param(None, marks=kvmpmu_clause("init.enxio.irq"), id="unset"),
        pytest.param(1019, marks=kvmpmu_clause("init.einval.spi"), id="beyond-the-vgic"),
    ],
)
def test_before_what_is_wrong_with_the_interrupt(vcpu: Vcpu, gic: Device, irq: int | None) -> None:
    if irq is not None:
        vcpu.set_irq(irq)
    refused_first(vcpu, INIT, FAULT)


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "init.eexist")
def test_before_whether_the_timers_have_the_interrupt(vcpu: Vcpu, gic: Device) -> None:
    # With the PMU not set up the run may fail; the timers have their interrupts either way.
    vcpu.attempt("KVM_RUN", immediate_exit=True)
    vcpu.set_irq(27)
    refused_first(vcpu, INIT, FAULT)


@kvmpmu_clause("attr.efault", "attr.enxio.group", "filter.einval.range")
def test_before_a_filters_action(vcpu: Vcpu) -> None:
    refused_first(vcpu, FILTER, Addr("kvm_pmu_event_filter", (0, 1, 2)))


@kvmpmu_clause("attr.efault", "attr.enxio.group", "set-pmu.enxio")
def test_before_a_pmus_number(vcpu: Vcpu) -> None:
    refused_first(vcpu, SET_PMU, Addr("int", (-1,)))


@kvmpmu_clause("attr.efault", "attr.enxio.group", "filter.ebusy.vcpu-ran", "set-pmu.ebusy.vcpu-ran")
def test_before_whether_a_vcpu_ran(pair: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]) -> None:
    ran, other = pair
    let_run(ran)
    refused_first(other, FILTER, Addr("kvm_pmu_event_filter", (0, 1, DENY)))
    refused_first(other, SET_PMU, Addr("int", (pmus[0].type,)))


@kvmpmu_clause("attr.efault", "attr.enxio.group", "set-pmu.ebusy.filter")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_before_whether_there_is_a_filter(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(pmus[0])
    vcpu.set_filter(0, 0, DENY)
    refused_first(vcpu, SET_PMU, Addr("int", (pmus[-1].type,)))


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "irq.einval.other-vcpu")
def test_before_a_siblings_interrupt(vm: Vm, pair: tuple[Vcpu, Vcpu]) -> None:
    vm.create_gic()
    pair[0].set_irq(40)
    refused_first(pair[1], IRQ, Addr("int", (40,)))


# Nothing from a refused structure takes effect.


@pytest.fixture
def chosen(vcpu: Vcpu) -> Vcpu:
    """vCPU 0 in a VM that has its PMU: if the first SET chooses it, that has happened."""
    with refused(Errno.EINVAL):
        vcpu.set_filter(0, 1, 2)
    return vcpu


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "irq.set", "irq.get.enxio.unset")
def test_no_interrupt_is_set(chosen: Vcpu, gic: Device) -> None:
    refused_first(chosen, IRQ, Addr("int", (PMU_PPI,)))
    with refused(Errno.ENXIO):
        chosen.get_attr(GROUP, IRQ)


@kvmpmu_clause("attr.efault", "attr.enxio.group", "init.once")
def test_no_pmu_is_set_up(chosen: Vcpu) -> None:
    refused_first(chosen, INIT, FAULT)
    chosen.init_pmu()


@kvmpmu_clause("attr.efault", "attr.enxio.group", "filter.vm-wide", "set-pmu.ebusy.filter")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_no_filter_is_kept(chosen: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    refused_first(chosen, FILTER, Addr("kvm_pmu_event_filter", (0, 1, DENY)))
    for pmu in pmus:
        chosen.set_pmu(pmu)


@kvmpmu_clause("attr.efault", "attr.enxio.group", "set-pmu.vm-wide", "set-pmu.ebusy.filter")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_no_pmu_is_taken(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(pmus[0])
    refused_first(vcpu, SET_PMU, Addr("int", (pmus[-1].type,)))
    vcpu.set_filter(0, 0, DENY)
    vcpu.set_pmu(pmus[0])  # EBUSY if the VM had the other PMU


# GET and HAS.


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "group.enodev.feature", "has.enxio.feature")
def test_get_and_has_begin_with_the_structure_and_its_group_too(without: Vcpu) -> None:
    for attr in (IRQ, INIT, UNKNOWN):
        with refused(Errno.EFAULT):
            without.get_attr(GROUP, attr, argp="fault")
        with refused(Errno.ENXIO):
            without.get_attr(NO_GROUP, attr)
        with refused(Errno.EFAULT):
            without.require_attr(GROUP, attr, argp="fault")


@needs_vgic
@kvmpmu_clause("attr.efault", "attr.enxio.group", "irq.get.enxio.unset", "get.enxio")
def test_get_does_before_it_looks_for_the_number(vcpu: Vcpu, gic: Device) -> None:
    with refused(Errno.EFAULT):
        vcpu.get_attr(GROUP, IRQ, argp="fault")
    vcpu.set_irq(PMU_PPI)
    for group, attr in ((NO_GROUP, IRQ), (GROUP, INIT), (GROUP, UNKNOWN)):
        with refused(Errno.ENXIO):
            vcpu.get_attr(group, attr, FAULT)


@needs_vgic
@kvmpmu_clause("get.enxio", "group.enodev.feature")
@pytest.mark.parametrize("attr", [INIT, FILTER, SET_PMU, UNKNOWN])
def test_get_of_what_cannot_be_read_is_enxio_before_enodev(without: Vcpu, attr: int) -> None:
    with refused(Errno.ENXIO):
        without.get_attr(GROUP, attr)
