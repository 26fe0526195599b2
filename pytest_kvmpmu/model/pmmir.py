"""KVM_GET_ONE_REG and KVM_SET_ONE_REG of PMMIR_EL1 (arch/arm64/kvm/sys_regs.c), from 7.3 on.

Only its field SLOTS is userspace's, and only hosts without FEAT_PMUv3p4 are modelled: their SLOTS
is 0.
"""

from __future__ import annotations

from ..data.host import PMUV3P4
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .pmu_attr import unreadable
from .pmu_list import vm_lacks_feature
from .state import Context
from .table import Table, always, answer, done, not_covered, refuse

_SINCE = "linux-7.3"


def named(c: Context) -> bool:
    """The call is about this register."""
    return bool(c.args["id"] == k.PMMIR_EL1)


def _value(c: Context) -> int:
    return int.from_bytes(c.args["addr"].memory, "little")


def _may_have_slots(c: Context) -> bool:
    return any(pmu.pmuver is None or pmu.pmuver >= PMUV3P4 for pmu in c.host.pmus)


_ABSENT = refuse(always, Errno.ENOENT, "pmmir.absent", until="linux-7.1")
_HIDDEN = refuse(vm_lacks_feature, Errno.ENOENT, "pmmir.enoent.feature", since=_SINCE)
_UNKNOWN = answer(not_covered, "pmmir.get", when=_may_have_slots, since=_SINCE)

SET: Table = (
    # Until 5.19 the register was looked up before its value was read.
    refuse(unreadable, Errno.EFAULT, "reg.efault", since="linux-6.0"),
    _ABSENT,
    _HIDDEN,
    refuse(
        lambda c: _value(c) & ~k.PMMIR_EL1_SLOTS_MASK != 0,
        Errno.EINVAL,
        "pmmir.einval.bits",
        since=_SINCE,
    ),
    _UNKNOWN,
    refuse(
        lambda c: c.vm.has_run and _value(c) != 0,
        Errno.EBUSY,
        "pmmir.ebusy.vcpu-ran",
        since=_SINCE,
    ),
    refuse(lambda c: _value(c) != 0, Errno.EINVAL, "pmmir.einval.slots", since=_SINCE),
    answer(done, "pmmir.get", since=_SINCE),
)

GET: Table = (
    _ABSENT,
    _HIDDEN,
    refuse(unreadable, Errno.EFAULT, "reg.efault", since=_SINCE),
    _UNKNOWN,
    answer(lambda _: Outcome(0, out={"value": 0}), "pmmir.get", since=_SINCE),
)
