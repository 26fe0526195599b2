"""vcpu.rst 1.4 where CPUs cannot be used: a PMU that has none left is still in the list."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import FailEntry

pytestmark = pytest.mark.kvmpmu_requires("pmu", "offline-pmu")


@pytest.fixture
def offline(host: Host) -> Pmu:
    """A PMU none of whose CPUs can be used."""
    return next(pmu for pmu in host.pmus if not pmu.cpus)


@pytest.mark.kvmpmu_clause("set-pmu.set")
def test_a_pmu_without_a_usable_cpu_can_be_chosen(vcpu: Vcpu, offline: Pmu, host: Host) -> None:
    for pmu in (offline, *host.pmus, offline):
        vcpu.set_pmu(pmu)
    vcpu.init_pmu()


@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.fail-entry")
def test_a_guest_with_it_enters_on_no_usable_cpu(
    vm: Vm, vcpu: Vcpu, offline: Pmu, host: Host
) -> None:
    vcpu.set_pmu(offline)
    vcpu.init_pmu()
    vm.load("cycle-counter")
    for cpu in host.cpus:
        exit = vcpu.on(cpu).run()
        assert exit.reason == k.KVM_EXIT_FAIL_ENTRY
        assert exit.fail_entry == FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, cpu)


@pytest.mark.kvmpmu_requires("counting")
@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.counts")
def test_another_pmu_still_counts(vm: Vm, vcpu: Vcpu, offline: Pmu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(offline)
    vcpu.set_pmu(pmus[0])
    vcpu.init_pmu()
    vm.load("cycle-counter")
    assert counting(vcpu.on(min(pmus[0].cpus)))


@pytest.mark.kvmpmu_clause("set-pmu.enxio")
def test_an_id_beside_it_is_enxio(vcpu: Vcpu, host: Host) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu(max(pmu.type for pmu in host.pmus) + 1)
