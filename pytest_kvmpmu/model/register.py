"""KVM_GET_ONE_REG and KVM_SET_ONE_REG (arch/arm64/kvm/guest.c, sys_regs.c).

Of PMCR_EL0 only the field N is modelled, the number of event counters.  Before 6.7 the
other fields of a fresh register are the host's or arbitrary, so GET is not modelled.
Not for: ID_AA64DFR0_EL1 (`id_register`), PMMIR_EL1 (`pmmir`).
"""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from . import id_register, pmmir
from .pmu_attr import unreadable
from .pmu_list import lacks_feature, vm_lacks_feature
from .ppis import has_el2
from .state import Context
from .table import Condition, Table, answer, done, effect, only, refuse
from .vcpu_init import bad_pointer


def _is_pmcr(c: Context) -> bool:
    return bool(c.args["id"] == k.PMCR_EL0)


def _n(c: Context) -> int:
    return int.from_bytes(c.args["addr"].memory, "little") >> k.PMCR_EL0_N_SHIFT & k.PMCR_EL0_N_MASK


def counters(c: Context) -> int:
    """PMCR_EL0.N as the guest and userspace read it."""
    if c.vcpu.pmcr_n is not None:
        return c.vcpu.pmcr_n
    if c.vm.nr_counters is not None:
        return c.vm.nr_counters
    if k.KVM_ARM_VCPU_PMU_V3_STRICT in c.vcpu.features:
        return 0  # until SET_PMU
    pmu = c.host.pmu_of(c.call.cpu) or (c.host.pmus or (None,))[0]
    return (pmu and pmu.counters) or 0


def _taken(c: Context) -> bool:
    """A new N is accepted before the VM has run, up to the PMU's counters; else it is ignored."""
    most = (c.vm.pmu and c.vm.pmu.counters) or 0
    return not c.vm.has_run and _n(c) <= most


def _taken_leniently(c: Context) -> bool:
    return _taken(c) and k.KVM_ARM_VCPU_PMU_V3_STRICT not in c.vcpu.features


def _set_vm(c: Context) -> None:
    c.set_vm(nr_counters=_n(c))


_UNINITIALIZED: Condition = lambda c: not c.vcpu.initialized  # noqa: E731  # reads like the rows

# A vCPU without a PMU has none of its registers.
_HIDDEN: Table = (
    refuse(
        lacks_feature, Errno.ENOENT, "reg.enoent.feature", since="linux-5.11", until="linux-6.6"
    ),
    refuse(vm_lacks_feature, Errno.ENOENT, "reg.enoent.feature", since="linux-6.7"),
)

SET: Table = (
    refuse(_UNINITIALIZED, Errno.ENOEXEC, "reg.enoexec"),
    refuse(bad_pointer, Errno.EFAULT, "reg.efault"),
    *only(id_register.named, id_register.SET),
    *only(pmmir.named, pmmir.SET),
    *only(
        _is_pmcr,
        (
            effect(
                lambda c: c.set_vcpu(pmcr_n=0),
                "pmcr.efault-zeroes",
                when=unreadable,
                until="linux-5.19",
            ),
            refuse(unreadable, Errno.EFAULT, "reg.efault"),
            *_HIDDEN,
            effect(lambda c: c.set_vcpu(pmcr_n=_n(c)), "pmcr.raw", until="linux-6.6"),
            answer(done, "pmcr.el2", when=has_el2, since="linux-6.16"),
            effect(_set_vm, "pmcr.lower", when=_taken, since="linux-6.7", until="linux-7.1"),
            effect(_set_vm, "pmcr.lower", when=_taken_leniently, since="linux-7.3"),
            answer(done, "pmcr.set"),
        ),
    ),
)

GET: Table = (
    refuse(_UNINITIALIZED, Errno.ENOEXEC, "reg.enoexec"),
    refuse(bad_pointer, Errno.EFAULT, "reg.efault"),
    *only(id_register.named, id_register.GET),
    *only(pmmir.named, pmmir.GET),
    *only(
        _is_pmcr,
        (
            *_HIDDEN,
            refuse(unreadable, Errno.EFAULT, "reg.efault"),
            answer(
                lambda c: Outcome(0, out={"value": counters(c) << k.PMCR_EL0_N_SHIFT}),
                "pmcr.get",
                since="linux-6.7",
            ),
        ),
    ),
)
