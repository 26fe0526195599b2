"""KVM_ARM_PREFERRED_TARGET and KVM_ARM_VCPU_INIT (arch/arm64/kvm/arm.c, reset.c)."""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from . import pmu_list
from .state import Context
from .table import Table, answer, done, effect, refuse

# The model's hosts are of cores without a target of their own.
TARGET = k.TARGETS["KVM_ARM_TARGET_GENERIC_V8"]
KNOWN_FEATURES = frozenset(k.VCPU_FEATURES.values())
# SVE and pointer authentication: Armv8.0 cores have neither.
ABSENT_FEATURES = frozenset({4, 5, 6})


def bad_pointer(c: Context) -> bool:
    """The ioctl's own pointer can't be read."""
    return bool(c.arg("argp") == "fault")


def _asks_pmu(c: Context) -> bool:
    return k.KVM_ARM_VCPU_PMU_V3 in c.arg("features")


def _changes_features(c: Context) -> bool:
    return c.vcpu.initialized and c.vcpu.features != c.arg("features")


def _differs_from_vm(c: Context) -> bool:
    return c.vm.features is not None and c.vm.features != c.arg("features")


PREFERRED_TARGET: Table = (
    refuse(bad_pointer, Errno.EFAULT, "preferred-target.efault"),
    answer(
        lambda c: (c, Outcome(0, out={"target": TARGET, "features": []})), "preferred-target.target"
    ),
)

VCPU_INIT: Table = (
    refuse(bad_pointer, Errno.EFAULT, "vcpu-init.efault"),
    refuse(lambda c: c.arg("target") != TARGET, Errno.EINVAL, "vcpu-init.einval.target"),
    refuse(
        lambda c: not c.arg("features") <= KNOWN_FEATURES, Errno.ENOENT, "vcpu-init.enoent.feature"
    ),
    refuse(
        lambda c: bool(c.arg("features") & ABSENT_FEATURES),
        Errno.EINVAL,
        "vcpu-init.einval.unsupported",
        since="linux-6.7",
    ),
    refuse(
        lambda c: _asks_pmu(c) and not pmu_list.has_pmus(c),
        Errno.EINVAL,
        "vcpu-init.einval.no-pmu",
        since="linux-6.7",
    ),
    refuse(_changes_features, Errno.EINVAL, "vcpu-init.einval.changed"),
    refuse(_differs_from_vm, Errno.EINVAL, "vcpu-init.einval.differs", since="linux-6.5"),
    refuse(
        lambda c: bool(c.arg("features") & ABSENT_FEATURES),
        Errno.EINVAL,
        "vcpu-init.einval.unsupported",
        until="linux-6.5",
    ),
    refuse(
        lambda c: _asks_pmu(c) and not pmu_list.has_pmus(c),
        Errno.EINVAL,
        "vcpu-init.einval.no-pmu",
        until="linux-6.5",
    ),
    refuse(
        lambda c: _asks_pmu(c) and pmu_list.lacks_default(c) and pmu_list.none_covers_caller(c),
        Errno.ENODEV,
        "default-pmu.enodev",
        since="linux-6.7",
    ),
    effect(
        pmu_list.take_callers,
        "default-pmu.calling-cpu",
        when=lambda c: _asks_pmu(c) and pmu_list.lacks_default(c),
        since="linux-6.7",
    ),
    effect(
        lambda c: c.with_vm(features=c.arg("features")),
        "vcpu-init.same-features",
        since="linux-6.5",
    ),
    effect(
        lambda c: c.with_vcpu(initialized=True, features=c.arg("features"), report=0),
        "vcpu-init.reset",
    ),
    answer(done, "vcpu-init.reset"),
)
