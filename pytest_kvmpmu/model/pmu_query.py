"""HAS and GET of the group KVM_ARM_VCPU_PMU_V3_CTRL (arch/arm64/kvm/pmu-emul.c)."""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .pmu_attr import attr_is, no_irqchip, unreadable
from .pmu_list import lacks_feature, no_pmus, vm_lacks_feature
from .state import Context
from .table import Table, always, answer, done, refuse

_EARLY = (k.KVM_ARM_VCPU_PMU_V3_IRQ, k.KVM_ARM_VCPU_PMU_V3_INIT, k.KVM_ARM_VCPU_PMU_V3_FILTER)


def _early(c: Context) -> bool:
    return c.args["attr"] in _EARLY


HAS: Table = (
    refuse(no_pmus, Errno.ENXIO, "has.enxio.feature", until="linux-5.10"),
    refuse(lacks_feature, Errno.ENXIO, "has.enxio.feature", until="linux-6.6"),
    refuse(vm_lacks_feature, Errno.ENXIO, "has.enxio.feature", since="linux-6.7"),
    answer(done, "has.known", when=_early),
    answer(done, "set-pmu.has", when=attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_PMU), since="series-v1"),
    answer(
        done,
        "nr-counters.has",
        when=attr_is(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS),
        since="linux-6.16",
    ),
    refuse(always, Errno.ENXIO, "has.enxio.attr"),
)

GET: Table = (
    refuse(lambda c: c.args["attr"] != k.KVM_ARM_VCPU_PMU_V3_IRQ, Errno.ENXIO, "get.enxio"),
    refuse(no_irqchip, Errno.EINVAL, "irq.get.einval.no-irqchip"),
    refuse(lacks_feature, Errno.ENODEV, "group.enodev.feature", until="linux-6.6"),
    refuse(vm_lacks_feature, Errno.ENODEV, "group.enodev.feature", since="linux-6.7"),
    refuse(lambda c: c.vcpu.irq is None, Errno.ENXIO, "irq.get.enxio.unset"),
    refuse(unreadable, Errno.EFAULT, "irq.efault"),
    answer(lambda c: Outcome(0, out={"value": c.vcpu.irq}), "irq.get"),
)
