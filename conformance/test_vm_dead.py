"""api.rst 4.10: after a failed set-up in KVM_RUN a VM is dead: EIO before every other error."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.kvm import Device, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

ADDR, NR_IRQS, CTRL = (
    k.KVM_DEV_ARM_VGIC_GRP_ADDR,
    k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
    k.KVM_DEV_ARM_VGIC_GRP_CTRL,
)
BASE = 0x0800_0000
PSCI, PMU, STRICT = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_PMU_V3_STRICT
NO_GROUP = 99
ATTRS = ("KVM_SET_DEVICE_ATTR", "KVM_GET_DEVICE_ATTR", "KVM_HAS_DEVICE_ATTR")

pytestmark = pytest.mark.kvmpmu_clause("vm-dead.eio")
Calls = tuple[tuple[str, dict[str, Any]], ...]


def killed(vm: Vm, features: tuple[int, ...], kind: Gic) -> tuple[Vcpu, Device]:
    """vCPU 0 and the GIC of a dead VM: at the KVM_RUN the GIC had one address of two."""
    vcpu = vm.create_vcpu(0)
    vcpu.init(features)
    gic = vm.create_bare_gic(kind)
    gic.set_address(kind.frames[0][0], BASE)
    with refused(Errno.ENXIO):
        vcpu.run()
    return vcpu, gic


@pytest.fixture
def dead(vm: Vm, gic_kind: Gic) -> tuple[Vcpu, Device]:
    return killed(vm, (PSCI,), gic_kind)


def all_eio(on: Vm | Vcpu | Device, calls: Calls) -> None:
    for ioctl, args in calls:
        with refused(Errno.EIO):
            on.call(ioctl, **args)


@pytest.mark.kvmpmu_clause("run.enxio.vgic-bases")
def test_a_vm_whose_gic_could_not_be_set_up_is_dead(
    vm: Vm, gic_kind: Gic, dead: tuple[Vcpu, Device]
) -> None:
    del dead
    for call in (
        lambda: vm.check_extension("KVM_CAP_ARM_PMU_V3"),
        lambda: vm.create_vcpu(0),
        lambda: vm.create_vcpu(1),
        lambda: vm.create_vcpu(2**31),
        lambda: vm.load("pmcr"),
        vm.preferred_target,
        lambda: vm.call("KVM_ARM_PREFERRED_TARGET", argp="fault"),
        lambda: vm.create_bare_gic(gic_kind),
        lambda: vm.create_device(gic_kind.device, argp="fault"),
        lambda: vm.create_device(NO_GROUP),
        lambda: vm.call("KVM_CREATE_IRQCHIP"),
    ):
        with refused(Errno.EIO):
            call()


RUN: Calls = (("KVM_RUN", {}), ("KVM_RUN", {"immediate_exit": True}))
INIT: Calls = tuple(
    ("KVM_ARM_VCPU_INIT", {"target": 5, "features": (), **args})
    for args in (
        {},
        {"argp": "fault"},
        {"target": 99},
        {"features": (31,)},
        {"features": (PSCI, k.VCPU_FEATURES["KVM_ARM_VCPU_SVE"])},
        {"features": (PSCI, STRICT)},
        {"features": (PSCI, PMU)},
    )
)


def test_the_vcpus_of_a_dead_vm_are_dead(dead: tuple[Vcpu, Device]) -> None:
    vcpu, _ = dead
    all_eio(vcpu, (*RUN, ("KVM_RUN", {"arg": 1}), *INIT))


def test_so_are_their_registers(dead: tuple[Vcpu, Device]) -> None:
    their_registers_are_dead(dead[0])


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("reg.efault")
def test_so_are_those_of_a_pmu(vm: Vm, gic_kind: Gic) -> None:
    their_registers_are_dead(killed(vm, (PSCI, PMU), gic_kind)[0])


def their_registers_are_dead(vcpu: Vcpu) -> None:
    zero, newest = (Addr("u64", (pmuver << k.ID_AA64DFR0_PMUVER_SHIFT,)) for pmuver in (0, 9))
    slots = Addr("u64", (1,))
    for register in (k.PMCR_EL0, k.ID_AA64DFR0_EL1, k.PMMIR_EL1):
        for addr, argp in (
            *((addr, "valid") for addr in (zero, newest, slots, FAULT)),
            (zero, "fault"),
        ):
            args = {"id": register, "addr": addr, "argp": argp}
            all_eio(vcpu, (("KVM_GET_ONE_REG", args), ("KVM_SET_ONE_REG", args)))


def pmu(attr: int, addr: Addr = FAULT, **more: Any) -> dict[str, Any]:
    return {"group": k.KVM_ARM_VCPU_PMU_V3_CTRL, "attr": attr, "addr": addr, **more}


@pytest.mark.parametrize(
    "features",
    [
        pytest.param((PSCI,), id="no-pmu"),
        pytest.param((PSCI, PMU), marks=pytest.mark.kvmpmu_requires("pmu"), id="pmu"),
        pytest.param(
            (PSCI, PMU, STRICT),
            marks=[
                pytest.mark.kvmpmu_requires("pmu"),
                pytest.mark.kvmpmu_revision(since="linux-7.3"),
            ],
            id="strict",
        ),
    ],
)
def test_so_are_their_pmus(vm: Vm, gic_kind: Gic, features: tuple[int, ...]) -> None:
    vcpu, _ = killed(vm, features, gic_kind)
    all_eio(vcpu, RUN)
    for args in (
        pmu(k.KVM_ARM_VCPU_PMU_V3_IRQ, argp="fault"),
        {**pmu(k.KVM_ARM_VCPU_PMU_V3_IRQ), "group": NO_GROUP},
        pmu(k.KVM_ARM_VCPU_PMU_V3_IRQ),
        pmu(k.KVM_ARM_VCPU_PMU_V3_IRQ, Addr("int", (-1,))),
        pmu(k.KVM_ARM_VCPU_PMU_V3_INIT),
        pmu(k.KVM_ARM_VCPU_PMU_V3_FILTER),
        pmu(k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 1, 2))),
        pmu(k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 1, 1))),
        pmu(k.KVM_ARM_VCPU_PMU_V3_SET_PMU),
        pmu(k.KVM_ARM_VCPU_PMU_V3_SET_PMU, Addr("int", (-1,))),
        pmu(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS),
        pmu(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (0,))),
        pmu(k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (1000,))),
        pmu(7),
    ):
        all_eio(vcpu, tuple((ioctl, args) for ioctl in ATTRS))


def test_the_devices_of_a_dead_vm_are_dead(gic_kind: Gic, dead: tuple[Vcpu, Device]) -> None:
    _, gic = dead
    (placed, _), (free, _) = gic_kind.frames
    (other_kinds, _), _ = GICS[2 if gic_kind.version == 3 else 3].frames
    for group, attr, value in (
        (CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT, FAULT),
        (CTRL, 99, FAULT),
        (NO_GROUP, 0, FAULT),
        (ADDR, free, FAULT),
        (ADDR, 99, Addr("u64", (BASE,))),
        (ADDR, other_kinds, Addr("u64", (BASE,))),
        (ADDR, placed, Addr("u64", (2 * BASE,))),
        (ADDR, free, Addr("u64", (BASE + 1,))),
        (ADDR, free, Addr("u64", (1 << 40,))),
        (ADDR, free, Addr("u64", ((1 << 64) - 0x10000,))),
        (ADDR, free, Addr("u64", (BASE,))),
        (NR_IRQS, 0, FAULT),
        (NR_IRQS, 0, Addr("u32", (65,))),
    ):
        args = {"group": group, "attr": attr, "addr": value}
        all_eio(gic, tuple((ioctl, args) for ioctl in ATTRS))
    all_eio(gic, tuple((ioctl, {"group": CTRL, "attr": 0, "argp": "fault"}) for ioctl in ATTRS))


def test_another_vm_lives_on(kvm: Kvm, dead: tuple[Vcpu, Device]) -> None:
    del dead
    kvm.create_vm().create_vcpu(0).init()
