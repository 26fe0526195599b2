"""KVM_RUN: first-run checks, the run-time check of the CPU, and the guest's next exit.

arch/arm64/kvm/arm.c: kvm_vcpu_first_run_init (later kvm_vcpu_run_pid_change),
kvm_arch_vcpu_load, kvm_arch_vcpu_ioctl_run.
"""

from __future__ import annotations

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Exit, FailEntry, Outcome
from . import gic, guest, perf
from .gic.device import initialize
from .gic.v2 import past_the_end
from .pmu_list import lacks_feature, vm_lacks_feature
from .ppis import MAINTENANCE, has_el2, is_timers
from .state import Context
from .table import Condition, Table, answer, effect, not_covered, only, refuse


def _begin(c: Context) -> None:
    c.set_vcpu(in_first_run=not c.vcpu.has_run)


def _first_run(c: Context) -> bool:
    return c.vcpu.in_first_run


def _has_irqchip(c: Context) -> bool:
    return c.vm.irqchip is not None


def _vgic_not_ready(c: Context) -> bool:
    return gic.no_bases(c) or gic.overlap(c) or gic.not_initialized(c)


def _tear_down(c: Context) -> None:
    c.set_vm(vgic_initialized=False)


def _with_pmu(condition: Condition) -> Condition:
    return lambda c: not lacks_feature(c) and condition(c)


def _with_vm_pmu(condition: Condition) -> Condition:
    return lambda c: not vm_lacks_feature(c) and condition(c)


def _not_created(c: Context) -> bool:
    return not c.vcpu.pmu_created


def _irq_missing(c: Context) -> bool:
    """INIT came before the irqchip, and now the interrupt can't be set."""
    return c.vcpu.pmu_created and _has_irqchip(c) and c.vcpu.irq is None


def _timer_clash(c: Context) -> bool:
    return _has_irqchip(c) and c.vcpu.pmu_created and is_timers(c)


def _el2_without_irqchip(c: Context) -> bool:
    return has_el2(c) and not _has_irqchip(c)


def _maintenance_clash(c: Context) -> bool:
    return has_el2(c) and c.vcpu.pmu_created and c.vcpu.irq == MAINTENANCE


def _ready(c: Context) -> None:
    c.set_vcpu(pmu_ready=True)


def _vcpu_ran(c: Context) -> None:
    c.set_vcpu(has_run=True)


# The checks of a vCPU's first KVM_RUN.  If one fails, the next KVM_RUN repeats them; but until
# 5.16 a vCPU had one try, and a second KVM_RUN proceeded even if the first one failed.
_FIRST_RUN: Table = (
    effect(_vcpu_ran, "run.one-try", until="series-v3"),
    effect(lambda c: c.set_vm(dead=True), "vm-dead.eio", when=_vgic_not_ready, since="linux-5.18"),
    effect(_tear_down, "run.vgic-torn-down", when=_vgic_not_ready, until="series-v3"),
    refuse(gic.no_bases, Errno.ENXIO, "run.enxio.vgic-bases"),
    refuse(gic.overlap, Errno.EINVAL, "run.einval.vgic-overlap"),
    refuse(gic.not_initialized, Errno.EBUSY, "run.ebusy.vgic"),
    effect(initialize, "vgic-v2.run-init", when=gic.initialized_by_run),
    effect(_tear_down, "vgic-v2.run.erange", when=past_the_end, until="series-v3"),
    refuse(past_the_end, Errno.ERANGE, "vgic-v2.run.erange", until="series-v3"),
    refuse(_el2_without_irqchip, Errno.EAGAIN, "run.eagain.el2", since="linux-6.16"),
    refuse(_maintenance_clash, Errno.EEXIST, "run.eexist.maintenance", since="linux-6.16"),
    refuse(_timer_clash, Errno.EINVAL, "run.einval.timer"),
    effect(lambda c: c.set_vcpu(timers_enabled=True), "init.eexist", when=_has_irqchip),
    refuse(
        _with_pmu(_not_created),
        Errno.EINVAL,
        "run.einval.pmu",
        since="linux-5.11",
        until="linux-6.6",
    ),
    refuse(_with_vm_pmu(_not_created), Errno.EINVAL, "run.einval.pmu", since="linux-6.7"),
    refuse(_irq_missing, Errno.EINVAL, "run.einval.irq"),
    effect(_ready, "guest.reads-zero", when=lambda c: c.vcpu.pmu_created, until="linux-5.10"),
    effect(_vcpu_ran, "run.first-run", since="linux-5.18"),
    # Nothing used it before.
    effect(lambda c: c.set_vm(has_run=True), "set-pmu.failed-entry-is-run", since="linux-5.18"),
)


def _outside_vcpu_mask(c: Context) -> bool:
    return c.vcpu.supported_cpus is not None and c.call.cpu not in c.vcpu.supported_cpus


def _outside_vm_mask(c: Context) -> bool:
    return c.vm.supported_cpus is not None and c.call.cpu not in c.vm.supported_cpus


def _flagged(c: Context) -> bool:
    return c.vcpu.on_unsupported_cpu


def _flag(c: Context) -> None:
    c.set_vcpu(on_unsupported_cpu=True)


def _entering(c: Context) -> None:
    c.set_vcpu(exit_reason=k.KVM_EXIT_UNKNOWN)


def _exec_format_error(c: Context) -> Outcome:
    """As first posted.  The report clears the flag."""
    c.set_vcpu(on_unsupported_cpu=False)
    return Outcome(-1, Errno.ENOEXEC)


def _fail_entry(c: Context) -> Outcome:
    exit = Exit(k.KVM_EXIT_FAIL_ENTRY, FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, c.call.cpu))
    c.set_vcpu(exit_reason=exit.reason, on_unsupported_cpu=False)
    return Outcome(0, exit=exit)


RUN: Table = (
    refuse(lambda c: c.args["arg"] != 0, Errno.EINVAL, "run.einval.arg"),
    refuse(lambda c: not c.vcpu.initialized, Errno.ENOEXEC, "run.enoexec.uninitialized"),
    effect(_begin, "run.first-run"),
    *only(_first_run, _FIRST_RUN),
    effect(
        _flag, "run.flag-lingers", when=_outside_vcpu_mask, since="series-v1", until="series-v2"
    ),
    refuse(lambda c: c.args["immediate_exit"], Errno.EINTR, "run.eintr.immediate-exit"),
    effect(_entering, "run.exit-reason"),
    answer(guest.hang, "run.powered-off", when=lambda c: c.vcpu.powered_off),
    answer(
        _exec_format_error, "run.enoexec.cpu", when=_flagged, since="series-v1", until="series-v1"
    ),
    answer(_fail_entry, "set-pmu.fail-entry", when=_flagged, since="series-v2", until="series-v2"),
    answer(
        _fail_entry,
        "set-pmu.fail-entry",
        when=_outside_vcpu_mask,
        since="series-v3",
        until="series-v3",
    ),
    answer(_fail_entry, "set-pmu.fail-entry", when=_outside_vm_mask, since="linux-5.18"),
    answer(guest.hang, "run.fetch", when=lambda c: c.vm.memory is None),
    answer(guest.hang, "run.guest", when=guest.empty),
    refuse(guest.stores_a_pair, Errno.ENOSYS, "run.enosys"),
    answer(
        guest.blind,
        "guest.reads-zero",
        when=lambda c: not c.vcpu.pmu_ready,
        until="linux-5.10",
    ),
    answer(guest.hang, "run.guest", when=guest.faulted),
    answer(guest.fault, "guest.undefined", when=guest.lacks_pmu, since="linux-5.11"),
    answer(guest.fault, "guest.undefined.pmuver", when=guest.denies_pmu, since="linux-6.16"),
    answer(not_covered, "pmcr.raw", when=guest.left_overflowed, until="linux-6.6"),
    answer(guest.fault, "guest.undefined.counter", when=guest.lacks_counter),
    # Until 6.1 the host decides whether the guest has CHAIN.
    answer(not_covered, "run.guest", when=guest.reads_pmceid, until="linux-6.0"),
    answer(
        guest.run_without_events,
        "guest.protected",
        when=perf.without_events,
        since=perf.HYP_VMS_SINCE,
    ),
    answer(guest.run, "run.guest"),
)
