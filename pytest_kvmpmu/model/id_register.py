"""KVM_GET_ONE_REG and KVM_SET_ONE_REG of ID_AA64DFR0_EL1 (arch/arm64/kvm/sys_regs.c).

Only PMUVer is modelled, the version of the PMU that the guest sees; the other fields read as 0
here, and must be written back as they were read.
"""

from __future__ import annotations

from ..data.host import IMPDEF, PMUV3_8_1
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .pmu_attr import unreadable
from .pmu_list import lacks_feature
from .state import Context
from .table import Answer, Condition, NotModelled, Table, answer, done, effect, refuse

# The highest PMUVer that a guest gets: that of Armv8.1, 8.4 and 8.5.
_V8_1, _V8_4, _V8_5 = PMUV3_8_1, 5, 6


def named(c: Context) -> bool:
    """The call is about this register."""
    return bool(c.args["id"] == k.ID_AA64DFR0_EL1)


def _systems(c: Context, most: int) -> int:
    """The version of the host's PMUs, up to ``most``; an IMPDEF PMU counts as none."""
    found = c.host.pmuver
    if found is None:
        raise NotModelled("the PMU version of a guest on a host of unknown PMU version")
    return 0 if found == IMPDEF else min(found, most)


def _written(c: Context) -> int:
    value = int.from_bytes(c.args["addr"].memory[:8], "little")
    if value & ~(k.ID_AA64DFR0_PMUVER_MASK << k.ID_AA64DFR0_PMUVER_SHIFT):
        raise NotModelled("fields of ID_AA64DFR0_EL1 other than PMUVer")
    return value >> k.ID_AA64DFR0_PMUVER_SHIFT


def _limit(c: Context) -> int:
    """The highest version that KVM gives a guest and accepts from userspace."""
    if lacks_feature(c):
        return 0
    # If the registers trap, KVM emulates a PMUv3 of Armv8.0.
    return 1 if c.host.impdef_traps else _systems(c, _V8_5)


def _now(c: Context) -> int:
    return _limit(c) if c.vm.pmuver is None else c.vm.pmuver


def _reads(pmuver: int) -> Outcome:
    return Outcome(0, out={"value": pmuver << k.ID_AA64DFR0_PMUVER_SHIFT})


def _with_pmu(most: int) -> Answer:
    return lambda c: _reads(0 if lacks_feature(c) else _systems(c, most))


GET: Table = (
    refuse(unreadable, Errno.EFAULT, "reg.efault"),
    answer(lambda c: _reads(_systems(c, _V8_1)), "id-reg.hosts", until="linux-5.10"),
    answer(_with_pmu(_V8_4), "id-reg.pmuver", since="linux-5.11", until="linux-6.0"),
    answer(lambda c: _reads(_now(c)), "id-reg.pmuver", since="linux-6.2"),
)


def _changes_from(now: Answer) -> Condition:
    return lambda c: now(c) != _reads(_written(c))


def _misfit(c: Context) -> bool:
    """The version is too high, or is one without a PMU, or is none with a PMU."""
    if lacks_feature(c) and _written(c) == IMPDEF:
        raise NotModelled("an IMPDEF PMU for a guest")
    return _written(c) > _limit(c) or (_written(c) == 0) is not lacks_feature(c)


def _asked(c: Context) -> int:
    """Since 6.5 the IMPDEF version, which old kernels reported, is taken as none."""
    return 0 if _written(c) == IMPDEF else _written(c)


SET: Table = (
    refuse(unreadable, Errno.EFAULT, "reg.efault"),
    refuse(
        _changes_from(lambda c: _reads(_systems(c, _V8_1))),
        Errno.EINVAL,
        "id-reg.fixed",
        until="linux-5.10",
    ),
    refuse(
        _changes_from(_with_pmu(_V8_4)),
        Errno.EINVAL,
        "id-reg.fixed",
        since="linux-5.11",
        until="linux-6.0",
    ),
    answer(done, "id-reg.fixed", until="linux-6.0"),
    refuse(_misfit, Errno.EINVAL, "id-reg.fits", since="linux-6.2", until="linux-6.4"),
    refuse(
        lambda c: c.vm.has_run and _asked(c) != _now(c),
        Errno.EBUSY,
        "id-reg.ebusy.vcpu-ran",
        since="linux-6.5",
    ),
    refuse(
        lambda c: _asked(c) > _limit(c),
        Errno.EINVAL,
        "id-reg.lower",
        since="linux-6.5",
    ),
    effect(
        lambda c: c.set_vm(pmuver=_asked(c)), "id-reg.fits", since="linux-6.2", until="linux-6.4"
    ),
    effect(lambda c: c.set_vm(pmuver=_asked(c)), "id-reg.lower", since="linux-6.5"),
    answer(done, "id-reg.fits", since="linux-6.2", until="linux-6.4"),
    answer(done, "id-reg.lower", since="linux-6.5"),
)
