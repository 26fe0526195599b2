"""Two threads at once: a lock lets one go first, never both.

Since 6.4 one lock protects all settings of a VM; before, it protected parts of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import Handle, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.params import Addr

PMU, DENY = k.KVM_ARM_VCPU_PMU_V3_CTRL, 1
# Two threads do not collide every time, but the rules must hold every time.
ROUNDS = 6

pytestmark = pytest.mark.kvmpmu_requires("pmu")
one_lock = pytest.mark.kvmpmu_revision(since="linux-6.4")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


def asked(handle: Handle, ioctl: str, **args: Any) -> Call:
    return Call.make(ioctl, handle.name, handle.cpu, **args)


def setting(vcpu: Vcpu, attr: int, addr: Addr) -> Call:
    return asked(vcpu, "KVM_SET_DEVICE_ATTR", group=PMU, attr=attr, addr=addr)


@pytest.fixture
def vms(kvm: Kvm, host: Host) -> Iterator[Vm]:
    """One VM after the other."""
    return (kvm.on(host.cpus[0]).create_vm() for _ in range(ROUNDS))


def two_vcpus(vm: Vm, cpu: int) -> tuple[Vcpu, Vcpu]:
    """Two vCPUs with a PMU, the second called from ``cpu``."""
    with vm.session.batch():
        made = vm.create_vcpu(0), vm.create_vcpu(1)
        for vcpu in made:
            vcpu.init_with_pmu()
    return made[0], made[1].on(cpu)


@needs_vgic
@one_lock
@pytest.mark.kvmpmu_clause("irq.einval.other-vcpu")
def test_one_of_two_vcpus_gets_the_spi_that_both_want(vms: Iterator[Vm], host: Host) -> None:
    for vm in vms:
        pair = two_vcpus(vm, host.cpus[-1])
        vm.create_bare_gic()
        irq = Addr("int", (40,))
        outcomes = vm.session.race([setting(vcpu, k.KVM_ARM_VCPU_PMU_V3_IRQ, irq) for vcpu in pair])
        assert {outcome.errno for outcome in outcomes} == {None, Errno.EINVAL}


@pytest.mark.kvmpmu_clause("group.ebusy.initialized", "init.once")
def test_one_of_two_inits_of_a_vcpu_succeeds(vms: Iterator[Vm], host: Host) -> None:
    for vm in vms:
        vcpu, _ = two_vcpus(vm, host.cpus[-1])
        init = Addr("null")
        outcomes = vm.session.race(
            [setting(vcpu.on(cpu), 1, init) for cpu in (host.cpus[0], host.cpus[-1])]
        )
        assert {outcome.errno for outcome in outcomes} == {None, Errno.EBUSY}


@one_lock
@pytest.mark.kvmpmu_requires("two-pmus")
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter")
def test_a_filter_and_another_pmu_come_one_after_the_other(
    vms: Iterator[Vm], pmus: tuple[Pmu, ...]
) -> None:
    for vm in vms:
        first, second = two_vcpus(vm, min(pmus[-1].cpus))
        first.set_pmu(pmus[0])
        filtered, chosen = vm.session.race(
            [
                setting(
                    first, k.KVM_ARM_VCPU_PMU_V3_FILTER, Addr("kvm_pmu_event_filter", (0, 0, DENY))
                ),
                setting(second, k.KVM_ARM_VCPU_PMU_V3_SET_PMU, Addr("int", (pmus[-1].type,))),
            ]
        )
        assert filtered.ret == 0
        assert chosen.errno in (None, Errno.EBUSY)
        current, other = (pmus[-1], pmus[0]) if chosen.ret == 0 else (pmus[0], pmus[-1])
        first.set_pmu(current)
        with refused(Errno.EBUSY):
            first.set_pmu(other)


@pytest.mark.kvmpmu_clause("vcpu-init.einval.differs")
def test_one_of_two_different_sets_of_features_wins(
    vms: Iterator[Vm], pmus: tuple[Pmu, ...]
) -> None:
    covered = pmus[0].cpus
    for vm in vms:
        pair = vm.create_vcpu(0).on(min(covered)), vm.create_vcpu(1).on(max(covered))
        target = vm.preferred_target()
        features: tuple[set[int], ...] = (
            {k.KVM_ARM_VCPU_PSCI_0_2},
            {k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3},
        )
        outcomes = vm.session.race(
            [
                asked(vcpu, "KVM_ARM_VCPU_INIT", target=target, features=wanted)
                for vcpu, wanted in zip(pair, features, strict=True)
            ]
        )
        assert {outcome.errno for outcome in outcomes} == {None, Errno.EINVAL}


@pytest.mark.kvmpmu_clause("create-vcpu.eexist")
def test_one_of_two_vcpus_gets_the_id_that_both_want(vms: Iterator[Vm], host: Host) -> None:
    for vm in vms:
        names = [vm.session.name("vcpu") for _ in range(2)]
        outcomes = vm.session.race(
            [
                Call.make("KVM_CREATE_VCPU", vm.name, cpu, name, id=0)
                for name, cpu in zip(names, (host.cpus[0], host.cpus[-1]), strict=True)
            ]
        )
        assert {outcome.errno for outcome in outcomes} == {None, Errno.EEXIST}
