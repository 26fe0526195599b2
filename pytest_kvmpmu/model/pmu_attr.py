"""The vCPU attribute group KVM_ARM_VCPU_PMU_V3_CTRL (arch/arm64/kvm/pmu-emul.c).

Each table in the order in which the kernel checks.
"""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from . import pmu_list
from .state import Context, Vcpu
from .table import Condition, Table, always, answer, done, effect, only, refuse

# Event numbers of PMUv3 as of Armv8.0 have 10 bits.
EVENTS = 1 << 10
PPIS = range(16, 32)
SPIS = range(32, 1020)
DEFAULT_NR_IRQS = 256
INTS = ("int", "u32")


def lacks_feature(c: Context) -> bool:
    """This vCPU was not given the PMU feature (or was not initialised)."""
    return k.KVM_ARM_VCPU_PMU_V3 not in c.vcpu.features


def vm_lacks_feature(c: Context) -> bool:
    """No vCPU of the VM was given the PMU feature."""
    return k.KVM_ARM_VCPU_PMU_V3 not in (c.vm.features or ())


def unreadable(c: Context) -> bool:
    """Nothing can be read at ``addr``."""
    return c.arg("addr").kind in ("fault", "null")


def attr_is(number: int) -> Condition:
    """The call names that attribute."""
    return lambda c: c.arg("attr") == number


def _value(c: Context) -> int:
    return int(c.arg("addr").values[0])


def _set_vcpus(c: Context) -> list[Vcpu]:
    return [vcpu for vcpu in c.siblings.values() if vcpu.irq is not None]


def _no_irqchip(c: Context) -> bool:
    return c.vm.irqchip is None


def _clashes(c: Context) -> bool:
    others = [vcpu.irq for vcpu in _set_vcpus(c)]
    if _value(c) in PPIS:
        return any(irq != _value(c) for irq in others)
    return _value(c) in others


IRQ: Table = (
    refuse(_no_irqchip, Errno.EINVAL, "irq.einval.no-irqchip"),
    refuse(unreadable, Errno.EFAULT, "irq.efault"),
    refuse(lambda c: _value(c) not in (*PPIS, *SPIS), Errno.EINVAL, "irq.einval.number"),
    refuse(_clashes, Errno.EINVAL, "irq.einval.other-vcpu"),
    refuse(lambda c: c.vcpu.irq is not None, Errno.EBUSY, "irq.ebusy.set"),
    effect(lambda c: c.with_vcpu(irq=_value(c)), "irq.set"),
    answer(done, "irq.set"),
)


def _beyond_vgic(c: Context) -> bool:
    irq = c.vcpu.irq
    return irq in SPIS and irq is not None and irq >= (c.vm.nr_irqs or DEFAULT_NR_IRQS)


INIT: Table = (
    refuse(
        lambda c: c.vm.irqchip is not None and not c.vm.vgic_initialized,
        Errno.ENODEV,
        "init.enodev.gic",
    ),
    refuse(
        lambda c: c.vm.irqchip is not None and c.vcpu.irq is None, Errno.ENXIO, "init.enxio.irq"
    ),
    refuse(_beyond_vgic, Errno.EINVAL, "init.einval.spi"),
    effect(lambda c: c.with_vcpu(pmu_created=True), "init.once"),
    answer(done, "init.once"),
)


def _bad_range(c: Context) -> bool:
    base, count, action = c.arg("addr").values
    return base + count > EVENTS or action not in (0, 1)


FILTER: Table = (
    refuse(unreadable, Errno.EFAULT, "filter.efault"),
    refuse(_bad_range, Errno.EINVAL, "filter.einval.range"),
    refuse(lambda c: c.vm.has_run, Errno.EBUSY, "filter.ebusy.vcpu-ran", since="linux-5.18"),
    effect(lambda c: c.with_vm(filter=True), "filter.vm-wide"),
    answer(done, "filter.vm-wide"),
)


def _take_for_vcpu(c: Context) -> Context:
    pmu = pmu_list.by_type(c)
    return c.with_vcpu(pmu=pmu, supported_cpus=pmu and pmu.cpus)


def _take_for_vm(c: Context) -> Context:
    pmu = pmu_list.by_type(c)
    return c.with_vm(pmu=pmu, supported_cpus=pmu and pmu.cpus)


SET_PMU: Table = (
    refuse(unreadable, Errno.EFAULT, "set-pmu.efault", since="series-v1"),
    refuse(lambda c: pmu_list.by_type(c) is None, Errno.ENXIO, "set-pmu.enxio", since="series-v1"),
    refuse(lambda c: c.vm.has_run, Errno.EBUSY, "set-pmu.ebusy.vcpu-ran", since="linux-5.18"),
    refuse(
        lambda c: c.vm.filter and pmu_list.by_type(c) != c.vm.pmu,
        Errno.EBUSY,
        "set-pmu.ebusy.filter",
        since="linux-5.18",
    ),
    effect(_take_for_vcpu, "set-pmu.per-vcpu", since="series-v1", until="series-v1"),
    effect(_take_for_vm, "set-pmu.vm-wide", since="linux-5.18"),
    answer(done, "set-pmu.set", since="series-v1"),
)

_PER_ATTR: Table = (
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_IRQ), IRQ),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_INIT), INIT),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_FILTER), FILTER),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_PMU), SET_PMU),
)

SET: Table = (
    refuse(lacks_feature, Errno.ENODEV, "group.enodev.feature", until="linux-6.5"),
    refuse(vm_lacks_feature, Errno.ENODEV, "group.enodev.feature", since="linux-6.7"),
    refuse(lambda c: c.vcpu.pmu_created, Errno.EBUSY, "group.ebusy.initialized"),
    refuse(
        lambda c: pmu_list.lacks_default(c) and pmu_list.no_first(c),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-5.18",
        until="linux-5.18",
    ),
    effect(
        pmu_list.take_first,
        "default-pmu.first-registered",
        when=pmu_list.lacks_default,
        since="linux-5.18",
        until="linux-5.18",
    ),
    refuse(
        lambda c: pmu_list.lacks_default(c) and pmu_list.none_covers_caller(c),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-6.4",
        until="linux-6.5",
    ),
    effect(
        pmu_list.take_callers,
        "default-pmu.first-set",
        when=pmu_list.lacks_default,
        since="linux-6.4",
        until="linux-6.5",
    ),
    *_PER_ATTR,
    refuse(always, Errno.ENXIO, "group.enxio.attr"),
)


def _known_attr(*numbers: int) -> Condition:
    return lambda c: c.arg("attr") in numbers


_EARLY = _known_attr(
    k.KVM_ARM_VCPU_PMU_V3_IRQ, k.KVM_ARM_VCPU_PMU_V3_INIT, k.KVM_ARM_VCPU_PMU_V3_FILTER
)

HAS: Table = (
    refuse(lacks_feature, Errno.ENXIO, "has.enxio.feature", until="linux-6.5"),
    refuse(vm_lacks_feature, Errno.ENXIO, "has.enxio.feature", since="linux-6.7"),
    answer(done, "has.known", when=_EARLY),
    answer(done, "set-pmu.has", when=attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_PMU), since="series-v1"),
    refuse(always, Errno.ENXIO, "has.enxio.attr"),
)

GET: Table = (
    refuse(lambda c: c.arg("attr") != k.KVM_ARM_VCPU_PMU_V3_IRQ, Errno.ENXIO, "get.enxio"),
    refuse(_no_irqchip, Errno.EINVAL, "irq.get.einval.no-irqchip"),
    refuse(lacks_feature, Errno.ENODEV, "group.enodev.feature", until="linux-6.5"),
    refuse(vm_lacks_feature, Errno.ENODEV, "group.enodev.feature", since="linux-6.7"),
    refuse(lambda c: c.vcpu.irq is None, Errno.ENXIO, "irq.get.enxio.unset"),
    refuse(unreadable, Errno.EFAULT, "irq.efault"),
    answer(lambda c: (c, Outcome(0, out={"value": c.vcpu.irq})), "irq.get"),
)
