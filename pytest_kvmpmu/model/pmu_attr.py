"""The vCPU attribute group KVM_ARM_VCPU_PMU_V3_CTRL (arch/arm64/kvm/pmu-emul.c).

SET and its attributes, each table in the order in which the kernel checks.
"""

from __future__ import annotations

from collections.abc import Callable

from ..data.gic import GICS
from ..data.host import event_bits
from ..uapi import constants as k
from ..uapi import structs
from ..uapi.errno import Errno
from . import perf, pmu_list
from .pmu_list import lacks_feature, vm_lacks_feature
from .ppis import is_timers
from .state import Context
from .table import Condition, NotModelled, Table, always, answer, done, effect, only, refuse

PPIS = range(16, 32)
SPIS = range(32, 1020)
DEFAULT_NR_IRQS = 256
# The interrupts of the virtual and the physical timer.
# On a GICv5 the PMU has one interrupt: KVM_ARMV8_PMU_GICV5_IRQ.
GICV5 = GICS[5]


def unreadable(c: Context) -> bool:
    """``addr`` can't be read or written."""
    return c.args["addr"].kind in ("fault", "null")


def attr_is(number: int) -> Condition:
    """The call names that attribute."""
    return lambda c: c.args["attr"] == number


def _value(c: Context) -> int:
    """The int at ``addr``, whatever the type of the memory."""
    return int.from_bytes(c.args["addr"].memory[:4], "little", signed=True)


def no_irqchip(c: Context) -> bool:
    """The VM has no in-kernel irqchip."""
    return c.vm.irqchip is None


def _clashes(c: Context) -> bool:
    """The number conflicts with the interrupt of another vCPU, or of this one."""
    taken = [vcpu.irq for vcpu in c.siblings.values() if vcpu.irq is not None]
    if _value(c) in PPIS:
        return any(irq != _value(c) for irq in taken)
    return _value(c) in taken


def _no_number(c: Context) -> bool:
    return c.gic is not GICV5 and not (_value(c) in PPIS or _value(c) in SPIS)


def _not_the_gicv5s(c: Context) -> bool:
    return c.gic is GICV5 and _value(c) != GICV5.pmu_irq


IRQ: Table = (
    refuse(no_irqchip, Errno.EINVAL, "irq.einval.no-irqchip"),
    refuse(unreadable, Errno.EFAULT, "irq.efault"),
    refuse(_no_number, Errno.EINVAL, "irq.einval.number"),
    refuse(_not_the_gicv5s, Errno.EINVAL, "irq.einval.gicv5", since="linux-7.1"),
    refuse(
        lambda c: c.gic is not GICV5 and _clashes(c),
        Errno.EINVAL,
        "irq.einval.other-vcpu",
    ),
    refuse(lambda c: c.vcpu.irq is not None, Errno.EBUSY, "irq.ebusy.set"),
    effect(lambda c: c.set_vcpu(irq=_value(c)), "irq.set"),
    answer(done, "irq.set"),
)


def _beyond_vgic(c: Context) -> bool:
    irq = c.vcpu.irq
    return irq in SPIS and irq is not None and irq >= (c.vm.nr_irqs or DEFAULT_NR_IRQS)


def _has_irqchip(condition: Condition) -> Condition:
    return lambda c: c.vm.irqchip is not None and condition(c)


def _other_pmu_created(c: Context) -> bool:
    return any(
        vcpu.pmu_created and vcpu.pmu != c.vcpu.pmu
        for name, vcpu in c.siblings.items()
        if name != c.call.on
    )


def _create(c: Context) -> None:
    c.set_vcpu(pmu_created=True)


INIT: Table = (
    refuse(pmu_list.none_chosen, Errno.ENXIO, "init.enxio.no-pmu", since="linux-7.3"),
    refuse(_has_irqchip(lambda c: not c.vm.vgic_initialized), Errno.ENODEV, "init.enodev.gic"),
    effect(
        lambda c: c.set_vcpu(irq=GICV5.pmu_irq),
        "init.gicv5",
        when=lambda c: c.gic is GICV5 and c.vcpu.irq is None,
        since="linux-7.1",
    ),
    refuse(_has_irqchip(lambda c: c.vcpu.irq is None), Errno.ENXIO, "init.enxio.irq"),
    refuse(_has_irqchip(_beyond_vgic), Errno.EINVAL, "init.einval.spi"),
    refuse(
        _has_irqchip(lambda c: c.vcpu.timers_enabled and is_timers(c)),
        Errno.EEXIST,
        "init.eexist",
    ),
    effect(_create, "init.once"),
    refuse(
        _other_pmu_created,
        Errno.ENXIO,
        "init.enxio.other-pmu",
        since="series-v3",
        until="series-v3",
    ),
    answer(done, "init.once"),
)


def _range(c: Context) -> tuple[int, int, int]:
    """base_event, nevents and action of the filter at ``addr``."""
    memory: bytes = c.args["addr"].memory
    if len(memory) < structs.KVM_PMU_EVENT_FILTER.size:
        raise NotModelled("a filter whose structure is larger than the memory at addr")
    return structs.KVM_PMU_EVENT_FILTER.unpack_from(memory)


def _bad_range(pmuver: Callable[[Context], int | None]) -> Condition:
    """The range exceeds the event numbers of a PMU of that version, or the action is unknown."""

    def bad(c: Context) -> bool:
        base, count, action = _range(c)
        # An unknown version is taken as the oldest.
        return base + count > 1 << event_bits(pmuver(c) or 1) or action not in (0, 1)

    return bad


def _first_version(c: Context) -> int | None:
    first = perf.first_registered(c.host)
    return None if first is None else first.pmuver


def _chosen_version(c: Context) -> int | None:
    chosen = c.vcpu.pmu or c.vm.pmu
    return chosen.pmuver if chosen else _first_version(c)


def _lowest_version(c: Context) -> int | None:
    return c.host.pmuver


FILTER: Table = (
    refuse(unreadable, Errno.EFAULT, "filter.efault"),
    refuse(_bad_range(_first_version), Errno.EINVAL, "filter.einval.range", until="series-v2"),
    refuse(
        _bad_range(_chosen_version),
        Errno.EINVAL,
        "filter.einval.range",
        since="series-v3",
        until="linux-6.5",
    ),
    refuse(_bad_range(_lowest_version), Errno.EINVAL, "filter.einval.range", since="linux-6.6"),
    refuse(lambda c: c.vm.has_run, Errno.EBUSY, "filter.ebusy.vcpu-ran", since="linux-5.18"),
    refuse(pmu_list.none_chosen, Errno.ENXIO, "filter.enxio.no-pmu", since="linux-7.3"),
    effect(lambda c: c.set_vm(filters=(*c.vm.filters, _range(c))), "filter.vm-wide"),
    answer(done, "filter.vm-wide"),
)


def _take_for_vcpu(c: Context) -> None:
    pmu = pmu_list.by_type(c)
    c.set_vcpu(pmu=pmu, supported_cpus=pmu and pmu.cpus)


def _take_for_vm(c: Context) -> None:
    pmu = pmu_list.by_type(c)
    pmu_list.give(c, pmu)
    c.set_vm(supported_cpus=pmu and pmu.cpus)


SET_PMU: Table = (
    refuse(unreadable, Errno.EFAULT, "set-pmu.efault", since="series-v1"),
    refuse(lambda c: pmu_list.by_type(c) is None, Errno.ENXIO, "set-pmu.enxio", since="series-v1"),
    refuse(lambda c: c.vm.has_run, Errno.EBUSY, "set-pmu.ebusy.vcpu-ran", since="linux-5.18"),
    refuse(
        lambda c: bool(c.vm.filters) and pmu_list.by_type(c) != c.vm.pmu,
        Errno.EBUSY,
        "set-pmu.ebusy.filter",
        since="linux-5.18",
    ),
    effect(_take_for_vcpu, "set-pmu.per-vcpu", since="series-v1", until="series-v3"),
    effect(_take_for_vm, "set-pmu.vm-wide", since="linux-5.18"),
    answer(done, "set-pmu.set", since="series-v1"),
)


def _too_many(c: Context) -> bool:
    return c.vm.pmu is not None and _value(c) % 2**32 > (c.vm.pmu.counters or 0)


SET_NR_COUNTERS: Table = (
    refuse(unreadable, Errno.EFAULT, "nr-counters.efault", since="linux-6.16"),
    refuse(pmu_list.none_chosen, Errno.EINVAL, "nr-counters.einval.no-pmu", since="linux-6.16"),
    refuse(_too_many, Errno.EINVAL, "nr-counters.einval.range", since="linux-6.16"),
    effect(
        lambda c: c.set_vm(nr_counters=_value(c) % 2**32), "nr-counters.set", since="linux-6.16"
    ),
    answer(done, "nr-counters.set", since="linux-6.16"),
)


def _needs_default(condition: Condition) -> Condition:
    return lambda c: pmu_list.none_chosen(c) and condition(c)


SET: Table = (
    refuse(lacks_feature, Errno.ENODEV, "group.enodev.feature", until="linux-6.6"),
    refuse(vm_lacks_feature, Errno.ENODEV, "group.enodev.feature", since="linux-6.7"),
    refuse(lambda c: c.vcpu.pmu_created, Errno.EBUSY, "group.ebusy.initialized"),
    refuse(pmu_list.no_first, Errno.ENODEV, "default-pmu.enodev", until="series-v3"),
    refuse(
        _needs_default(pmu_list.no_first),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-5.18",
        until="linux-6.2",
    ),
    effect(
        pmu_list.take_first,
        "default-pmu.first-registered",
        when=pmu_list.none_chosen,
        since="linux-5.18",
        until="linux-6.2",
    ),
    refuse(
        _needs_default(pmu_list.none_covers_caller),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-6.4",
        until="linux-6.6",
    ),
    effect(
        pmu_list.take_callers,
        "default-pmu.first-set",
        when=pmu_list.none_chosen,
        since="linux-6.4",
        until="linux-6.6",
    ),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_IRQ), IRQ),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_INIT), INIT),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_FILTER), FILTER),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_PMU), SET_PMU),
    *only(attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS), SET_NR_COUNTERS),
    refuse(always, Errno.ENXIO, "group.enxio.attr"),
)
