"""KVM_CREATE_VM: the size of a VM's address space, and protected VMs (arch/arm64/kvm/mmu.c)."""

from __future__ import annotations

from ..data.host import USUAL_IPA_BITS
from ..uapi import constants as k
from ..uapi.errno import Errno
from .perf import HYP_VMS_SINCE
from .state import Context, Vm
from .table import Table, answer, done, effect, not_covered, only, refuse

FEWEST_IPA_BITS = 32
# KVM_VM_TYPE_ARM_IPA_SIZE_MASK
_IPA_SIZE_MASK = 0xFF


def _add(c: Context, vm: Vm) -> None:
    c.add(c.call.new or "", vm)


def _no_ipa_size(c: Context) -> bool:
    """The host does not support the size that the type names; 0 is for 40 bits."""
    bits = c.args["type"] or USUAL_IPA_BITS
    return not FEWEST_IPA_BITS <= bits <= c.host.ipa_bits


def _protected(c: Context) -> bool:
    return c.host.protected


def _asks_for_protected_vm(c: Context) -> bool:
    return bool(c.args["type"] & ~_IPA_SIZE_MASK == k.KVM_VM_TYPE_ARM_PROTECTED)


def _make_protected_vm(c: Context) -> None:
    _add(c, Vm(ipa_bits=c.host.ipa_bits, protected=True))


def _make_vm(c: Context) -> None:
    _add(c, Vm(ipa_bits=c.args["type"] or USUAL_IPA_BITS))


def _make_largest_vm(c: Context) -> None:
    _add(c, Vm(ipa_bits=c.host.ipa_bits))


CREATE_VM: Table = (
    *only(
        _protected,
        (
            # 6.12 refuses them and 7.2 makes them; what is between was not tried.
            answer(
                not_covered,
                "create-vm.einval.type",
                when=_asks_for_protected_vm,
                since="linux-6.15",
                until="linux-6.16",
            ),
            effect(
                _make_protected_vm,
                "create-vm.protected-vm",
                when=_asks_for_protected_vm,
                since="linux-7.1",
            ),
            answer(done, "create-vm.protected-vm", when=_asks_for_protected_vm, since="linux-7.1"),
            refuse(
                lambda c: c.args["type"] & ~_IPA_SIZE_MASK != 0,
                Errno.EINVAL,
                "create-vm.einval.type",
                since=HYP_VMS_SINCE,
            ),
            effect(_make_largest_vm, "create-vm.protected", since=HYP_VMS_SINCE),
            answer(done, "create-vm.protected", since=HYP_VMS_SINCE),
        ),
    ),
    refuse(_no_ipa_size, Errno.EINVAL, "create-vm.einval.type"),
    effect(_make_vm, "create-vm"),
    answer(done, "create-vm"),
)
