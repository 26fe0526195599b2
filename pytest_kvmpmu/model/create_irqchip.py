"""KVM_CREATE_DEVICE and KVM_CREATE_IRQCHIP: a VM's interrupt controller (vgic/vgic-init.c)."""

from __future__ import annotations

from ..data.gic import GICS, of_device
from ..uapi import constants as k
from ..uapi.errno import Errno
from .state import Context, Device
from .table import Table, answer, done, effect, only, refuse
from .vcpu_init import bad_pointer

_VFIO, _ITS = k.DEVICE_TYPES["KVM_DEV_TYPE_VFIO"], k.DEVICE_TYPES["KVM_DEV_TYPE_ARM_VGIC_ITS"]


def _makes(c: Context, version: int) -> bool:
    return version in c.host.gics and c.args["type"] == GICS[version].device


def _known(c: Context) -> bool:
    its = c.args["type"] == _ITS and 3 in c.host.gics
    return c.args["type"] == _VFIO or its or _makes(c, 2) or _makes(c, 3)


def _has_vgic(c: Context) -> bool:
    return c.vm.irqchip is not None


def _has_run(c: Context) -> bool:
    return any(vcpu.has_run for vcpu in c.siblings.values())


def _too_many(c: Context) -> bool:
    return len(c.siblings) > GICS[2].most_vcpus


def _lacks_v2(c: Context) -> bool:
    return 2 not in c.host.gics


def _make_gic(c: Context) -> None:
    c.add(c.call.new or "", Device(c.call.on, c.args["type"]))
    c.set_vm(irqchip=c.args["type"])


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
            refuse(_has_vgic, Errno.EEXIST, "create-device.eexist"),
            refuse(_has_run, Errno.EBUSY, "create-device.ebusy.vcpu-ran"),
            refuse(
                lambda c: c.args["type"] == GICS[2].device and _too_many(c),
                Errno.E2BIG,
                "vgic-v2.e2big",
            ),
            effect(_make_gic, "create-device"),
            answer(done, "create-device"),
        ),
    ),
)

CREATE_IRQCHIP: Table = (
    refuse(lambda c: not c.host.gics, Errno.ENXIO, "create-irqchip.enxio"),
    refuse(_has_vgic, Errno.EEXIST, "create-irqchip.eexist-first", until="linux-5.19"),
    refuse(_lacks_v2, Errno.ENODEV, "create-irqchip.enodev"),
    refuse(_has_vgic, Errno.EEXIST, "create-irqchip.eexist"),
    refuse(_has_run, Errno.EBUSY, "create-irqchip.ebusy.vcpu-ran"),
    refuse(_too_many, Errno.E2BIG, "vgic-v2.e2big"),
    effect(lambda c: c.set_vm(irqchip=GICS[2].device), "create-irqchip"),
    answer(done, "create-irqchip"),
)
