"""KVM_RUN: first-run checks, the run-time check of the CPU, and what the guest does then.

arch/arm64/kvm/arm.c: kvm_vcpu_run_pid_change, kvm_arch_vcpu_load, kvm_arch_vcpu_ioctl_run.
"""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Exit, FailEntry, Outcome
from . import guest
from .pmu_attr import lacks_feature, vm_lacks_feature
from .state import Context
from .table import Table, answer, effect, refuse


def _first_run(c: Context) -> bool:
    return not c.vcpu.has_run


def _gicv3(c: Context) -> bool:
    return _first_run(c) and c.vm.irqchip is not None


def _pmu_not_created(c: Context) -> bool:
    return _first_run(c) and not c.vcpu.pmu_created


def _mark_run(c: Context) -> Context:
    return c.with_vcpu(has_run=True).with_vm(has_run=True)


def _outside_vcpu_mask(c: Context) -> bool:
    return c.vcpu.supported_cpus is not None and c.call.cpu not in c.vcpu.supported_cpus


def _outside_vm_mask(c: Context) -> bool:
    return c.vm.supported_cpus is not None and c.call.cpu not in c.vm.supported_cpus


def _flag(c: Context) -> Context:
    return c.with_vcpu(on_unsupported_cpu=True)


def _entering(c: Context) -> Context:
    return c.with_vcpu(exit_reason=k.KVM_EXIT_UNKNOWN)


def _exec_format_error(c: Context) -> tuple[Context, Outcome]:
    """As posted first: the flag is used up by the report."""
    return c.with_vcpu(on_unsupported_cpu=False), Outcome(-1, Errno.ENOEXEC)


def _fail_entry(c: Context) -> tuple[Context, Outcome]:
    exit = Exit(k.KVM_EXIT_FAIL_ENTRY, FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, c.call.cpu))
    return c.with_vcpu(exit_reason=exit.reason), Outcome(0, exit=exit)


def _powered_off(c: Context) -> bool:
    return k.VCPU_FEATURES["KVM_ARM_VCPU_POWER_OFF"] in c.vcpu.features


RUN: Table = (
    refuse(lambda c: c.arg("arg") != 0, Errno.EINVAL, "run.einval.arg"),
    refuse(lambda c: not c.vcpu.initialized, Errno.ENOEXEC, "run.enoexec.uninitialized"),
    refuse(
        lambda c: _gicv3(c) and (c.vm.redist is None or c.vm.dist is None),
        Errno.ENXIO,
        "run.enxio.vgic-bases",
    ),
    refuse(lambda c: _gicv3(c) and not c.vm.vgic_initialized, Errno.EBUSY, "run.ebusy.vgic"),
    refuse(
        lambda c: _pmu_not_created(c) and not lacks_feature(c),
        Errno.EINVAL,
        "run.einval.pmu",
        until="linux-6.5",
    ),
    refuse(
        lambda c: _pmu_not_created(c) and not vm_lacks_feature(c),
        Errno.EINVAL,
        "run.einval.pmu",
        since="linux-6.7",
    ),
    effect(_mark_run, "set-pmu.failed-entry-is-run"),
    effect(_flag, "run.enoexec.cpu", when=_outside_vcpu_mask, since="series-v1", until="series-v1"),
    refuse(lambda c: c.arg("immediate_exit"), Errno.EINTR, "run.eintr.immediate-exit"),
    effect(_entering, "run.exit-reason"),
    answer(guest.hang, "run.powered-off", when=_powered_off),
    answer(
        _exec_format_error,
        "run.enoexec.cpu",
        when=lambda c: c.vcpu.on_unsupported_cpu,
        since="series-v1",
        until="series-v1",
    ),
    answer(_fail_entry, "set-pmu.fail-entry", when=_outside_vm_mask, since="linux-5.18"),
    refuse(lambda c: c.vm.memory is None, Errno.ENOEXEC, "run.enoexec.fetch"),
    answer(guest.hang, "run.guest", when=guest.stuck),
    answer(guest.run, "run.guest"),
)
