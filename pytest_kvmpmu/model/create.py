"""The system and VM ioctls that make objects (virt/kvm/kvm_main.c, arch/arm64/kvm/arm.c)."""

from __future__ import annotations

from ..data.gic import GICS, MOST_VCPUS
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .pmu_list import has_pmus
from .state import Context, Object, Vcpu
from .table import Effect, Table, answer, done, effect, refuse

_NOT_OF_PROTECTED_VMS = {
    k.CAPABILITIES[name]
    for name in (
        "KVM_CAP_ARM_PMU_V3",
        "KVM_CAP_VCPU_ATTRIBUTES",
        "KVM_CAP_ARM_USER_IRQ",
        "KVM_CAP_IMMEDIATE_EXIT",
    )
}
_ALWAYS_ON = {"KVM_CAP_DEVICE_CTRL", "KVM_CAP_VCPU_ATTRIBUTES", "KVM_CAP_IMMEDIATE_EXIT"}
_ON = {k.CAPABILITIES[name] for name in _ALWAYS_ON}
LAST_CPU = k.CAPABILITIES["KVM_CAP_LAST_CPU"]
# KVM_CAP_MAX_VCPUS and KVM_CAP_MAX_VCPU_ID.
_MOST = {k.CAPABILITIES["KVM_CAP_MAX_VCPUS"], k.CAPABILITIES["KVM_CAP_MAX_VCPU_ID"]}


def _make(thing: Object) -> Effect:
    return lambda c: c.add(c.call.new or "", thing)


API_VERSION: Table = (
    refuse(lambda c: c.args["arg"] != 0, Errno.EINVAL, "api-version.einval"),
    answer(lambda _: Outcome(k.KVM_API_VERSION), "api-version"),
)


def _asks_about_strict(c: Context) -> bool:
    return bool(c.args["cap"] == k.CAPABILITIES["KVM_CAP_ARM_PMU_V3_STRICT"])


def _on_protected_vm(c: Context) -> bool:
    return c.call.on != "kvm" and c.vm.protected


CHECK_EXTENSION: Table = (
    answer(
        done,
        "cap.protected-vm",
        when=lambda c: _on_protected_vm(c) and c.args["cap"] in _NOT_OF_PROTECTED_VMS,
        since="linux-7.1",
    ),
    answer(
        lambda c: Outcome(int(has_pmus(c))),
        "cap.arm-pmu-v3",
        when=lambda c: c.args["cap"] == k.CAPABILITIES["KVM_CAP_ARM_PMU_V3"],
    ),
    answer(lambda _: Outcome(1), "cap.attributes", when=lambda c: c.args["cap"] in _ON),
    answer(
        lambda c: Outcome(_most_vcpus(c)),
        "create-vcpu.einval.id",
        when=lambda c: c.args["cap"] in _MOST,
    ),
    answer(
        lambda c: Outcome(c.host.ipa_bits),
        "create-vm.einval.type",
        when=lambda c: c.args["cap"] == k.CAPABILITIES["KVM_CAP_ARM_VM_IPA_SIZE"],
    ),
    answer(
        lambda c: Outcome(int(bool(c.host.gics))),
        "create-irqchip.enxio",
        when=lambda c: c.args["cap"] == k.CAPABILITIES["KVM_CAP_IRQCHIP"],
    ),
    answer(done, "fail-entry.cpu", when=lambda c: c.args["cap"] == LAST_CPU, since="linux-5.18"),
    answer(done, "strict.absent", when=_asks_about_strict, until="linux-7.1"),
    answer(
        lambda c: Outcome(int(has_pmus(c))),
        "cap.arm-pmu-v3-strict",
        when=_asks_about_strict,
        since="linux-7.3",
    ),
)


def _id_taken(c: Context) -> bool:
    return any(vcpu.id == c.args["id"] for vcpu in c.siblings.values())


def _most_vcpus(c: Context) -> int:
    """Of the VM; of any VM if the call is on /dev/kvm.  Without a vGIC the host's first counts."""
    found = c.gic if c.call.on != "kvm" else None
    if found is None and c.host.gics:
        found = GICS[c.host.gics[0]]
    return found.most_vcpus if found else MOST_VCPUS


def _full(c: Context) -> bool:
    return len(c.siblings) >= _most_vcpus(c)


CREATE_VCPU: Table = (
    refuse(lambda c: c.args["id"] >= MOST_VCPUS, Errno.EINVAL, "create-vcpu.einval.id"),
    refuse(_full, Errno.EINVAL, "create-vcpu.einval.full", since="linux-6.0"),
    refuse(_id_taken, Errno.EEXIST, "create-vcpu.eexist", since="linux-7.3"),
    refuse(lambda c: c.vm.vgic_initialized, Errno.EBUSY, "create-vcpu.ebusy.vgic"),
    refuse(lambda c: c.args["id"] >= _most_vcpus(c), Errno.EINVAL, "create-vcpu.einval.id"),
    refuse(_id_taken, Errno.EEXIST, "create-vcpu.eexist", until="linux-7.1"),
    effect(lambda c: c.add(c.call.new or "", Vcpu(c.call.on, c.args["id"])), "create-vcpu"),
    answer(done, "create-vcpu"),
)


def _has_memory(c: Context) -> bool:
    return c.vm.memory is not None and c.args["slot"] == 0


MEMORY_REGION: Table = (
    refuse(_has_memory, Errno.EINVAL, "memory-region.einval"),
    effect(
        lambda c: c.set_vm(memory=c.args["payload"] or ""),
        "memory-region",
        when=lambda c: c.args["guest_phys_addr"] == 0,
    ),
    answer(done, "memory-region"),
)
