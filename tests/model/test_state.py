"""The state, and the copy of it that a call works on."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.model.state import Context, Device, State, Vcpu, Vm
from pytest_kvmpmu.uapi.constants import KVM_DEV_TYPE_ARM_VGIC_V3, KVM_DEV_TYPE_ARM_VGIC_V5
from pytest_kvmpmu.wire.call import Call

STATE = State(
    {
        **State().objects,
        "vm0": Vm(irqchip=KVM_DEV_TYPE_ARM_VGIC_V3),
        "vm1": Vm(irqchip=KVM_DEV_TYPE_ARM_VGIC_V5),
        "vcpu0": Vcpu("vm0", 0),
        "vcpu1": Vcpu("vm0", 1),
        "vcpu2": Vcpu("vm1", 0),
        "dev0": Device("vm0", KVM_DEV_TYPE_ARM_VGIC_V3),
        "dev1": Device("vm1", KVM_DEV_TYPE_ARM_VGIC_V5),
    }
)


def on(name: str) -> Context:
    call = {"vcpu": "KVM_RUN", "vm": "KVM_CREATE_VCPU"}.get(name[:-1], "KVM_HAS_DEVICE_ATTR")
    new, more = ("vcpu9", {"id": 9}) if name[:-1] == "vm" else (None, {})
    if call == "KVM_HAS_DEVICE_ATTR":
        more = {"group": 0, "attr": 0}
    return Context(STATE, Call.make(call, name, 0, new, **more), load("rockpro64"), ())


@pytest.mark.parametrize(("name", "vm"), [("vcpu2", "vm1"), ("dev0", "vm0"), ("vm1", "vm1")])
def test_a_call_is_on_its_objects_vm(name: str, vm: str) -> None:
    context = on(name)
    assert context.vm_name == vm
    assert context.vm is STATE.objects[vm]


def test_a_call_on_dev_kvm_is_on_no_vm() -> None:
    call = Call.make("KVM_GET_API_VERSION", "kvm", 0)
    context = Context(STATE, call, load("rockpro64"), ())
    assert not hasattr(context, "vm")
    assert not hasattr(context, "vcpu")
    assert context.siblings == {}


def test_siblings_are_the_vcpus_of_that_vm() -> None:
    assert set(on("vcpu1").siblings) == {"vcpu0", "vcpu1"}
    assert set(on("dev1").siblings) == {"vcpu2"}


@pytest.mark.parametrize(("name", "v5"), [("vcpu0", False), ("vcpu2", True), ("dev1", True)])
def test_the_vms_irqchip_is_a_gicv5_or_another(name: str, v5: bool) -> None:
    assert on(name).gic is GICS[5 if v5 else 3]


def test_changes_are_in_the_calls_copy_alone() -> None:
    context = on("vcpu0")
    context.set_vcpu(irq=23)
    context.set_vm(has_run=True)
    context.add("dev9", Device("vm0", 7))
    assert context.objects["vcpu0"] == context.vcpu == Vcpu("vm0", 0, irq=23)
    assert (
        context.objects["vm0"] == context.vm == Vm(irqchip=KVM_DEV_TYPE_ARM_VGIC_V3, has_run=True)
    )
    assert STATE.objects["vcpu0"] == Vcpu("vm0", 0)
    assert STATE.objects["vm0"] == Vm(irqchip=KVM_DEV_TYPE_ARM_VGIC_V3)
    assert "dev9" not in STATE.objects
