"""The reference model: the kernel's Outcome of a Call, for each revision.

The mechanism, for a newcomer
-----------------------------
A guest's PMU is emulated.  When the guest enables a counter, KVM opens a perf event
for the thread that runs the vCPU, and the event's count becomes the counter's value.
A host with two kinds of core has two core PMUs, each with its own CPUs.
An event belongs to one PMU and counts only while the thread is on that PMU's CPUs.

1. *Which PMU gets the event* (`perf`).  Before the series KVM asked for "a raw event"
   and perf gave it to the PMU that registered first.  A guest on the other PMU's CPUs
   saw a cycle counter that stays 0, without any error.
2. *The list* (`pmu_list`).  KVM keeps the probed core PMUs in a list, in probe order,
   so that userspace can choose one.  From 5.18 a VM without a chosen PMU gets a
   default, by rules that changed in 6.4 and 6.7.
3. *The attribute* (`pmu_attr`).  KVM_ARM_VCPU_PMU_V3_SET_PMU names a PMU by its perf
   type id.  The guest's events go there, and KVM remembers its CPUs.
4. *The run-time check* (`run`).  KVM_RUN on a CPU outside that set doesn't enter the
   guest: ENOEXEC as first posted, KVM_EXIT_FAIL_ENTRY as merged.  A default PMU sets
   no such limit: old VMMs must keep working, even if counters stay 0.

How it is written
-----------------
`step` is a pure function: `state` is frozen, and each call works on a copy.  An ioctl
is an ordered table of rows (`table`), read from the top like the documentation.
Differences between revisions are data on a row, ``since`` and ``until``; no function
knows the revision.  Each row names the clause of the catalogue that it implements.
A call that no row covers raises `NotModelled`: no answer is better than a guess.
"""

from __future__ import annotations

from dataclasses import replace

from ..data.gic import of_device
from ..data.host import Host
from ..data.revision import Revision
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.call import Call, kind_of
from ..wire.outcome import Exit, FailEntry, Outcome
from . import (
    create,
    create_irqchip,
    create_vm,
    gic,
    perf,
    pmu_attr,
    pmu_list,
    pmu_query,
    register,
    run,
    vcpu_init,
)
from .state import Context, Device, Object, State, Vcpu
from .table import NotModelled, Table, answer, not_covered, read, refuse

__all__ = ["TABLES", "NotModelled", "State", "kind", "read", "seen_by_kvm", "step"]

_KNOWN_GROUPS = frozenset(k.VCPU_GROUPS.values())


def _other_group(c: Context) -> bool:
    return bool(c.args["group"] != k.KVM_ARM_VCPU_PMU_V3_CTRL)


_BAD_POINTER = refuse(vcpu_init.bad_pointer, Errno.EFAULT, "attr.efault")


def _vcpu_attr(table: Table) -> Table:
    """The rows that SET, GET and HAS on a vCPU share, before the group's own."""
    return (
        _BAD_POINTER,
        refuse(lambda c: c.args["group"] not in _KNOWN_GROUPS, Errno.ENXIO, "attr.enxio.group"),
        answer(not_covered, "attr.enxio.group", when=_other_group),
        *table,
    )


# A VM whose set-up failed half-way rejects every call, and so do its vCPUs and devices.
_DEAD = refuse(lambda c: c.vm.dead, Errno.EIO, "vm-dead.eio", since="linux-5.18")

_TABLES: dict[tuple[str, str], Table] = {
    ("KVM_GET_API_VERSION", "kvm"): create.API_VERSION,
    ("KVM_CREATE_VM", "kvm"): create_vm.CREATE_VM,
    ("KVM_CHECK_EXTENSION", "kvm"): create.CHECK_EXTENSION,
    ("KVM_CHECK_EXTENSION", "vm"): create.CHECK_EXTENSION,
    ("KVM_CREATE_VCPU", "vm"): create.CREATE_VCPU,
    ("KVM_SET_USER_MEMORY_REGION", "vm"): create.MEMORY_REGION,
    ("KVM_ARM_PREFERRED_TARGET", "vm"): vcpu_init.PREFERRED_TARGET,
    ("KVM_CREATE_DEVICE", "vm"): create_irqchip.CREATE_DEVICE,
    ("KVM_CREATE_IRQCHIP", "vm"): create_irqchip.CREATE_IRQCHIP,
    ("KVM_SET_DEVICE_ATTR", "vcpu"): _vcpu_attr(pmu_attr.SET),
    ("KVM_GET_DEVICE_ATTR", "vcpu"): _vcpu_attr(pmu_query.GET),
    ("KVM_HAS_DEVICE_ATTR", "vcpu"): _vcpu_attr(pmu_query.HAS),
    ("KVM_RUN", "vcpu"): run.RUN,
    ("KVM_GET_ONE_REG", "vcpu"): register.GET,
    ("KVM_SET_ONE_REG", "vcpu"): register.SET,
    ("KVM_ARM_VCPU_INIT", "vcpu"): vcpu_init.VCPU_INIT,
}

# By ioctl and kind of object; a device's kind is its GIC's.
TABLES: dict[tuple[str, str], Table] = {
    key: table if key[1] == "kvm" else (_DEAD, *table) for key, table in _TABLES.items()
} | gic.tables(_DEAD, _BAD_POINTER)


def seen_by_kvm(host: Host, revision: Revision) -> Host:
    """``host`` with only the PMUs in KVM's list, and the PMU version that all of its CPUs have.

    It also says whether the hypervisor has VMs of its own.  A PMU of unknown version is assumed
    to be in the list.
    """
    return replace(
        host,
        pmus=pmu_list.listed(host, revision),
        uncovered_pmuver=host.pmuver,
        hyp_vms=perf.has_hyp_vms(host, revision),
    )


def kind(name: str, found: Object) -> str:
    """The kind of the object of that name, as `TABLES` has it."""
    return str(of_device(found.type)) if isinstance(found, Device) else kind_of(name) or ""


def step(state: State, call: Call, host: Host, revision: Revision) -> tuple[State, Outcome]:
    """The state after ``call`` and its Outcome.

    Raises `NotModelled` if the model does not cover the call.
    """
    found = state.objects.get(call.on)
    if found is None:
        return state, Outcome(-1, Errno.EBADF)
    named = kind_of(call.on) or ""
    table = TABLES[call.ioctl, named if named != "dev" else kind(call.on, found)]
    after, outcome = read(
        table, Context(state, call, host, pmu_list.listed(host, revision)), revision
    )
    if call.ioctl == "KVM_RUN" and outcome.exit is None:
        vcpu = after.objects[call.on]
        assert isinstance(vcpu, Vcpu)
        # The reason stays from the previous exit; its members were not written again.
        stale = FailEntry() if vcpu.exit_reason == k.KVM_EXIT_FAIL_ENTRY else None
        outcome = Outcome(outcome.ret, outcome.errno, exit=Exit(vcpu.exit_reason, stale))
    return after, outcome
