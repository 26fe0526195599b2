"""The system and VM ioctls that make objects (virt/kvm/kvm_main.c, arch/arm64/kvm/arm.c)."""

from __future__ import annotations

from ..data.gic import GICS, of_device
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .pmu_list import has_pmus
from .state import Context, Device, Object, Vcpu, Vm
from .table import Effect, Table, always, answer, done, effect, only, refuse
from .vcpu_init import bad_pointer

MOST_VCPUS = 512
IPA_BITS = range(32, 45)
_ALWAYS_ON = {"KVM_CAP_DEVICE_CTRL", "KVM_CAP_VCPU_ATTRIBUTES", "KVM_CAP_IMMEDIATE_EXIT"}
_ON = {k.CAPABILITIES[name] for name in _ALWAYS_ON}
LAST_CPU = k.CAPABILITIES["KVM_CAP_LAST_CPU"]
OTHER_DEVICES = {k.DEVICE_TYPES["KVM_DEV_TYPE_VFIO"], k.DEVICE_TYPES["KVM_DEV_TYPE_ARM_VGIC_ITS"]}


def _make(thing: Object) -> Effect:
    return lambda c: c.add(c.call.new or "", thing)


API_VERSION: Table = (
    refuse(lambda c: c.args["arg"] != 0, Errno.EINVAL, "api-version.einval"),
    answer(lambda _: Outcome(k.KVM_API_VERSION), "api-version"),
)

CREATE_VM: Table = (
    refuse(
        lambda c: c.args["type"] != 0 and c.args["type"] not in IPA_BITS,
        Errno.EINVAL,
        "create-vm.einval.type",
    ),
    effect(_make(Vm()), "create-vm"),
    answer(done, "create-vm"),
)


def _asks_about_strict(c: Context) -> bool:
    return bool(c.args["cap"] == k.CAPABILITIES["KVM_CAP_ARM_PMU_V3_STRICT"])


CHECK_EXTENSION: Table = (
    answer(
        lambda c: Outcome(int(has_pmus(c))),
        "cap.arm-pmu-v3",
        when=lambda c: c.args["cap"] == k.CAPABILITIES["KVM_CAP_ARM_PMU_V3"],
    ),
    answer(lambda _: Outcome(1), "cap.attributes", when=lambda c: c.args["cap"] in _ON),
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


CREATE_VCPU: Table = (
    refuse(lambda c: c.args["id"] >= MOST_VCPUS, Errno.EINVAL, "create-vcpu.einval.id"),
    refuse(_id_taken, Errno.EEXIST, "create-vcpu.eexist", since="linux-7.3"),
    refuse(lambda c: c.vm.vgic_initialized, Errno.EBUSY, "create-vcpu.ebusy.vgic"),
    refuse(_id_taken, Errno.EEXIST, "create-vcpu.eexist", until="linux-7.1"),
    effect(lambda c: c.add(c.call.new or "", Vcpu(c.call.on, c.args["id"])), "create-vcpu"),
    answer(done, "create-vcpu"),
)


def _make_gic(c: Context) -> None:
    name = c.call.new or ""
    c.add(name, Device(c.call.on, c.args["type"]))
    c.set_vm(irqchip=name)


def _known(c: Context) -> bool:
    return c.args["type"] in OTHER_DEVICES or _makes(c, 3)


def _makes(c: Context, version: int) -> bool:
    return version in c.host.gics and c.args["type"] == GICS[version].device


CREATE_DEVICE: Table = (
    refuse(bad_pointer, Errno.EFAULT, "create-device.efault"),
    refuse(lambda c: not _known(c), Errno.ENODEV, "create-device.enodev", until="linux-6.16"),
    refuse(
        lambda c: not _known(c) and not _makes(c, 5),
        Errno.ENODEV,
        "create-device.enodev",
        since="linux-7.1",
    ),
    answer(
        done,
        "create-device.test",
        when=lambda c: bool(c.args["flags"] & k.KVM_CREATE_DEVICE_TEST),
    ),
    *only(
        lambda c: of_device(c.args["type"]) is not None,
        (
            refuse(lambda c: c.vm.irqchip is not None, Errno.EEXIST, "create-device.eexist"),
            refuse(
                lambda c: any(vcpu.has_run for vcpu in c.siblings.values()),
                Errno.EBUSY,
                "create-device.ebusy.vcpu-ran",
            ),
            effect(_make_gic, "create-device"),
            answer(done, "create-device"),
        ),
    ),
)

CREATE_IRQCHIP: Table = (refuse(always, Errno.ENODEV, "create-irqchip.enodev"),)


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
