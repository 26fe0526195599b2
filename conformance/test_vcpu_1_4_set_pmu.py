"""vcpu.rst 1.4, KVM_ARM_VCPU_PMU_V3_SET_PMU: parameters and errors."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

SET_PMU = k.KVM_ARM_VCPU_PMU_V3_SET_PMU
ALLOW, DENY = 0, 1
# perf's fixed types, and numbers that no PMU has.
NO_PMUS_ID = (0, 1, 2, 3, 4, 5, -1, -(2**31), 2**31 - 1)

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
bad_pointer = pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")


def deny_nothing(vcpu: Vcpu) -> None:
    """Set a filter without effect on any event."""
    vcpu.set_filter(0, 0, DENY)


@pytest.mark.kvmpmu_clause("set-pmu.absent")
def test_a_kernel_without_set_pmu_says_enxio_to_has(vcpu: Vcpu) -> None:
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(SET_PMU)


@pytest.mark.kvmpmu_clause("set-pmu.absent")
@pytest.mark.parametrize("addr", [FAULT, NULL, Addr("int", (0,))], ids=["unmapped", "null", "int"])
def test_a_kernel_without_set_pmu_says_enxio_to_set(vcpu: Vcpu, addr: Addr) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu_attr(SET_PMU, addr)


@needs_counting
@needs_vgic
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.absent")
def test_a_kernel_without_set_pmu_takes_no_pmu(
    vm: Vm, vcpu: Vcpu, gic: Device, pmus: tuple[Pmu, ...]
) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu(pmus[-1])
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    vm.load("cycle-counter")
    assert counting(vcpu.on(min(pmus[0].cpus)))


@pytest.mark.kvmpmu_clause("set-pmu.has")
def test_has_says_yes_before_and_after_init(vcpu: Vcpu) -> None:
    vcpu.has_pmu_attr(SET_PMU)
    vcpu.init_pmu()
    vcpu.has_pmu_attr(SET_PMU)


@pytest.mark.kvmpmu_clause("has.enxio.feature")
def test_has_says_no_on_a_vcpu_without_pmu(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(SET_PMU)


@pytest.mark.kvmpmu_clause("get.enxio")
def test_get_is_refused(vcpu: Vcpu) -> None:
    with refused(Errno.ENXIO):
        vcpu.get_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, SET_PMU)


@pytest.mark.kvmpmu_clause("set-pmu.set")
def test_every_core_pmu_is_taken_and_so_is_a_repetition(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    for pmu in (*pmus, *reversed(pmus)):
        vcpu.set_pmu(pmu)
        vcpu.set_pmu(pmu)


@needs_vgic
@pytest.mark.kvmpmu_clause("set-pmu.no-gic")
def test_set_pmu_needs_no_initialised_gic(vm: Vm, vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(pmus[0])
    vm.create_bare_gic()
    vcpu.set_pmu(pmus[0])


@needs_counting
@needs_vgic
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.fail-entry")
@pytest.mark.parametrize("last", [0, -1], ids=["first-pmu", "last-pmu"])
def test_the_last_pmu_set_is_the_one_that_counts(
    last: int, vm: Vm, vcpu: Vcpu, gic: Device, pmus: tuple[Pmu, ...]
) -> None:
    vcpu.set_irq(PMU_PPI)
    vcpu.set_pmu(pmus[-1 - last])
    vcpu.set_pmu(pmus[last])
    vcpu.init_pmu()
    vm.load("cycle-counter")
    assert vcpu.on(min(pmus[-1 - last].cpus)).run().reason == k.KVM_EXIT_FAIL_ENTRY
    assert counting(vcpu.on(min(pmus[last].cpus)))


@pytest.mark.kvmpmu_clause("set-pmu.efault")
@bad_pointer
def test_an_unreadable_id_is_efault(vcpu: Vcpu, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(SET_PMU, addr)


@pytest.mark.kvmpmu_clause("set-pmu.enxio")
@pytest.mark.parametrize("number", NO_PMUS_ID)
def test_an_id_that_is_no_core_pmus_is_enxio(vcpu: Vcpu, number: int) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu(number)


@pytest.mark.kvmpmu_clause("set-pmu.enxio.posted")
@pytest.mark.parametrize("number", NO_PMUS_ID)
def test_an_id_that_is_no_core_pmus_was_enxio_when_the_text_said_einval(
    vcpu: Vcpu, number: int
) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu(number)


@pytest.mark.kvmpmu_clause("group.enodev.feature")
@pytest.mark.parametrize("initialised", [True, False], ids=["no-feature", "no-vcpu-init"])
def test_without_the_feature_set_is_enodev(
    initialised: bool, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    vcpu = vm.create_vcpu(0)
    if initialised:
        vcpu.init()
    with refused(Errno.ENODEV):
        vcpu.set_pmu(pmus[0])


@pytest.mark.kvmpmu_clause("group.ebusy.initialized", "set-pmu.set")
def test_after_init_set_is_ebusy(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(pmus[0])
    vcpu.init_pmu()
    for pmu in pmus:
        with refused(Errno.EBUSY):
            vcpu.set_pmu(pmu)


@pytest.mark.kvmpmu_clause("set-pmu.ebusy.vcpu-ran")
def test_after_a_run_of_any_vcpu_set_is_ebusy(
    pair: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    ran, other = pair
    other.set_pmu(pmus[0])
    let_run(ran)
    for pmu in pmus:
        with refused(Errno.EBUSY):
            other.set_pmu(pmu)


@pytest.mark.kvmpmu_clause("run.einval.pmu", "set-pmu.set")
def test_a_run_refused_for_want_of_init_does_not_count(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.EINVAL):
        vcpu.run()
    vcpu.set_pmu(pmus[0])


@pytest.mark.kvmpmu_clause("set-pmu.vm-wide")
def test_init_of_one_vcpu_leaves_set_pmu_to_the_others(
    pair: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    first, second = pair
    first.set_pmu(pmus[0])
    first.init_pmu()
    second.set_pmu(pmus[-1])


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.vm-wide")
def test_a_pmu_set_through_one_vcpu_replaces_that_of_another(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    first, second = vm_with_two_vcpus
    first.set_pmu(pmus[0])
    second.set_pmu(pmus[-1])
    first.init_pmu()
    assert counting(first.on(min(pmus[-1].cpus)))


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.per-vcpu")
def test_as_posted_a_pmu_set_through_one_vcpu_is_not_anothers(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    first, second = vm_with_two_vcpus
    first.set_pmu(pmus[-1])
    second.init_pmu()
    assert counting(second.on(min(pmus[0].cpus)))


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.per-vcpu")
@pytest.mark.kvmpmu_revision(until="series-v2")
def test_as_posted_vcpus_of_two_pmus_could_be_initialised(
    pair: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    for vcpu, pmu in zip(pair, (pmus[0], pmus[-1]), strict=True):
        vcpu.set_pmu(pmu)
        vcpu.init_pmu()


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter")
def test_after_a_filter_only_the_same_pmu_is_taken(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_pmu(pmus[-1])
    deny_nothing(vcpu)
    with refused(Errno.EBUSY):
        vcpu.set_pmu(pmus[0])
    vcpu.set_pmu(pmus[-1])


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter", "default-pmu.first-registered")
def test_after_a_filter_the_default_is_the_first_pmu(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = vm.on(min(pmus[-1].cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    deny_nothing(vcpu)
    with refused(Errno.EBUSY):
        vcpu.set_pmu(pmus[-1])
    vcpu.set_pmu(pmus[0])


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter", "default-pmu.first-set")
@pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
def test_after_a_filter_the_default_is_the_filtering_cpus_pmu(
    which: int, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    here, other = pmus[which], pmus[-1 - which]
    vcpu = vm.on(min(other.cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    deny_nothing(vcpu.on(min(here.cpus)))
    with refused(Errno.EBUSY):
        vcpu.set_pmu(other)
    vcpu.set_pmu(here)


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.ebusy.filter", "default-pmu.calling-cpu")
@pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
def test_after_a_filter_the_default_is_the_pmu_of_vcpu_inits_cpu(
    which: int, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    here, other = pmus[which], pmus[-1 - which]
    vcpu = vm.on(min(here.cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    deny_nothing(vcpu.on(min(other.cpus)))
    with refused(Errno.EBUSY):
        vcpu.set_pmu(other)
    vcpu.set_pmu(here)
