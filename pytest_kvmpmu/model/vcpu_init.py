"""KVM_ARM_PREFERRED_TARGET and KVM_ARM_VCPU_INIT (arch/arm64/kvm/arm.c, reset.c)."""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from . import pmu_list
from .state import Context
from .table import Condition, Table, answer, done, effect, refuse

# The cores of the model's hosts do not have their own target.
TARGET = k.TARGETS["KVM_ARM_TARGET_GENERIC_V8"]
# The features, by the release that introduced them.
EARLY_FEATURES = frozenset(range(7))
NESTED_FEATURES = EARLY_FEATURES | {7, 8}
STRICT_FEATURES = NESTED_FEATURES | {k.KVM_ARM_VCPU_PMU_V3_STRICT}
# SVE and pointer authentication: the model's hosts lack them.
ABSENT_FEATURES = frozenset({4, 5, 6})


def bad_pointer(c: Context) -> bool:
    """The ioctl's own pointer can't be read."""
    return bool(c.args["argp"] == "fault")


def _asked(c: Context) -> frozenset[int]:
    features: frozenset[int] = c.args["features"]
    return features


def _kept(c: Context) -> frozenset[int]:
    """Since 6.5 KVM_ARM_VCPU_POWER_OFF is a command, not a feature."""
    return _asked(c) - {k.KVM_ARM_VCPU_POWER_OFF}


def _asks_pmu(c: Context) -> bool:
    return k.KVM_ARM_VCPU_PMU_V3 in _asked(c)


def _absent(c: Context) -> frozenset[int]:
    return ABSENT_FEATURES if c.host.nested else ABSENT_FEATURES | {k.KVM_ARM_VCPU_HAS_EL2}


def _asks_absent(c: Context) -> bool:
    return bool(_asked(c) & _absent(c))


def _asks_pmu_in_vain(c: Context) -> bool:
    return _asks_pmu(c) and not pmu_list.has_pmus(c)


def _met(c: Context) -> frozenset[int]:
    """Until 6.4: the requested bits, and those that a refused call left."""
    return c.vcpu.features | _asked(c)


def _met_absent(c: Context) -> bool:
    return bool(_met(c) & ABSENT_FEATURES)


def _met_pmu_in_vain(c: Context) -> bool:
    return k.KVM_ARM_VCPU_PMU_V3 in _met(c) and not pmu_list.has_pmus(c)


def _asks_default(c: Context) -> bool:
    return _asks_pmu(c) and pmu_list.none_chosen(c)


def _asks_default_leniently(c: Context) -> bool:
    return _asks_default(c) and k.KVM_ARM_VCPU_PMU_V3_STRICT not in _asked(c)


def _unknown(known: frozenset[int]) -> Condition:
    return lambda c: not _asked(c) <= known


def _first_unknown(c: Context) -> int:
    return min(_asked(c) - EARLY_FEATURES)


def _first_change(c: Context) -> int | None:
    """The lowest known bit that differs from the earlier initialisation."""
    return min((c.vcpu.features ^ _asked(c)) & EARLY_FEATURES, default=None)


def _unknown_comes_first(c: Context) -> bool:
    """The loop over the bits reaches an unknown one before one that changed."""
    if _asked(c) <= EARLY_FEATURES:
        return False
    change = _first_change(c) if c.vcpu.initialized else None
    return change is None or _first_unknown(c) < change


def _leaks(c: Context) -> bool:
    return not c.vcpu.initialized and not _asked(c) <= EARLY_FEATURES


def _leak(c: Context) -> None:
    """The loop stores bits as it reads them, and a refusal does not remove them."""
    met = {bit for bit in _asked(c) if bit < _first_unknown(c)}
    c.set_vcpu(features=c.vcpu.features | met)


def _changes(c: Context) -> bool:
    return c.vcpu.initialized and c.vcpu.features != _asked(c)


def _changes_kept(c: Context) -> bool:
    return c.vcpu.initialized and c.vcpu.features != _kept(c)


def _differs_from_vm(c: Context) -> bool:
    return c.vm.features is not None and c.vm.features != _kept(c)


def _forget(c: Context) -> Outcome:
    """Refuse the call and clear all bits, also those that an earlier call left."""
    c.set_vcpu(initialized=False, features=frozenset())
    return Outcome(-1, Errno.EINVAL)


def _reset_early(c: Context) -> None:
    features = _met(c)
    c.set_vcpu(features=features, powered_off=k.KVM_ARM_VCPU_POWER_OFF in features)


def _reset(c: Context) -> None:
    c.set_vcpu(features=_kept(c), powered_off=k.KVM_ARM_VCPU_POWER_OFF in _asked(c))


def _initialized(c: Context) -> None:
    c.set_vcpu(initialized=True, report=0, faulted=False, pmcr_n=None)


PREFERRED_TARGET: Table = (
    refuse(bad_pointer, Errno.EFAULT, "preferred-target.efault"),
    answer(lambda _: Outcome(0, out={"target": TARGET, "features": []}), "preferred-target.target"),
)

_UNTIL_6_4: Table = (
    effect(_leak, "vcpu-init.leak", when=_leaks, until="linux-6.4"),
    refuse(_unknown_comes_first, Errno.ENOENT, "vcpu-init.enoent.feature", until="linux-6.4"),
    refuse(_changes, Errno.EINVAL, "vcpu-init.einval.changed", until="linux-6.4"),
    answer(_forget, "vcpu-init.einval.unsupported", when=_met_absent, until="linux-6.4"),
    answer(
        _forget,
        "vcpu-init.einval.no-pmu",
        when=_met_pmu_in_vain,
        since="linux-5.11",
        until="linux-6.4",
    ),
    effect(_reset_early, "vcpu-init.reset", until="linux-6.4"),
)

_UNKNOWN_BITS: Table = (
    refuse(
        _unknown(EARLY_FEATURES),
        Errno.ENOENT,
        "vcpu-init.enoent.feature",
        since="linux-6.5",
        until="linux-6.15",
    ),
    refuse(
        _unknown(NESTED_FEATURES),
        Errno.ENOENT,
        "vcpu-init.enoent.feature",
        since="linux-6.16",
        until="linux-7.1",
    ),
    refuse(_unknown(STRICT_FEATURES), Errno.ENOENT, "vcpu-init.enoent.feature", since="linux-7.3"),
)

_ABSENT_SINCE_6_7: Table = (
    refuse(_asks_absent, Errno.EINVAL, "vcpu-init.einval.unsupported", since="linux-6.7"),
    refuse(_asks_pmu_in_vain, Errno.EINVAL, "vcpu-init.einval.no-pmu", since="linux-6.7"),
    refuse(
        lambda c: k.KVM_ARM_VCPU_PMU_V3_STRICT in _asked(c) and not _asks_pmu(c),
        Errno.EINVAL,
        "strict.einval.no-pmu",
        since="linux-7.3",
    ),
)

VCPU_INIT: Table = (
    refuse(bad_pointer, Errno.EFAULT, "vcpu-init.efault"),
    refuse(lambda c: c.args["target"] != TARGET, Errno.EINVAL, "vcpu-init.einval.target"),
    *_UNTIL_6_4,
    *_UNKNOWN_BITS,
    *_ABSENT_SINCE_6_7,
    refuse(_changes_kept, Errno.EINVAL, "vcpu-init.einval.changed", since="linux-6.5"),
    refuse(_differs_from_vm, Errno.EINVAL, "vcpu-init.einval.differs", since="linux-6.5"),
    refuse(
        _asks_absent,
        Errno.EINVAL,
        "vcpu-init.einval.unsupported",
        since="linux-6.5",
        until="linux-6.6",
    ),
    refuse(
        _asks_pmu_in_vain,
        Errno.EINVAL,
        "vcpu-init.einval.no-pmu",
        since="linux-6.5",
        until="linux-6.6",
    ),
    effect(lambda c: c.set_vm(features=_kept(c)), "vcpu-init.same-features", since="linux-6.7"),
    refuse(
        lambda c: _asks_default(c) and pmu_list.none_covers_caller(c),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-6.7",
        until="linux-7.1",
    ),
    refuse(
        lambda c: _asks_default_leniently(c) and pmu_list.none_covers_caller(c),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-7.3",
    ),
    effect(
        pmu_list.take_callers,
        "default-pmu.calling-cpu",
        when=_asks_default,
        since="linux-6.7",
        until="linux-7.1",
    ),
    effect(
        pmu_list.take_callers,
        "default-pmu.calling-cpu",
        when=_asks_default_leniently,
        since="linux-7.3",
    ),
    effect(
        lambda c: c.set_vm(features=_kept(c)),
        "vcpu-init.same-features",
        since="linux-6.5",
        until="linux-6.6",
    ),
    effect(_reset, "vcpu-init.reset", since="linux-6.5"),
    effect(_initialized, "vcpu-init.reset"),
    answer(done, "vcpu-init.reset"),
)
