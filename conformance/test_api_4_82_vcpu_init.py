"""api.rst 4.82, vcpu-features.rst: KVM_ARM_VCPU_INIT and the PMU's feature bit."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

PSCI, PMU, STRICT = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_PMU_V3_STRICT
POWER_OFF = k.KVM_ARM_VCPU_POWER_OFF
UNKNOWN = (10, 20, 31, 32, 100, 223)

needs_pmu = pytest.mark.kvmpmu_requires("pmu")


@pytest.fixture
def fresh(vm: Vm) -> Vcpu:
    """vCPU 0, not initialised."""
    return vm.create_vcpu(0)


@pytest.mark.kvmpmu_clause("vcpu-init.efault")
@pytest.mark.parametrize("target", [5, 99])
def test_an_unreadable_structure_is_efault(fresh: Vcpu, target: int) -> None:
    with refused(Errno.EFAULT):
        fresh.call("KVM_ARM_VCPU_INIT", target=target, features=[], argp="fault")


@pytest.mark.kvmpmu_clause("vcpu-init.efault", "vcpu-init.einval.changed", "vcpu-init.reset")
def test_efault_wins_over_einval_for_a_change_and_changes_nothing(vm: Vm, fresh: Vcpu) -> None:
    sibling = vm.create_vcpu(1)
    fresh.init()
    for vcpu in (fresh, sibling):
        for features in ((), (PSCI,), (POWER_OFF,)):
            with refused(Errno.EFAULT):
                vcpu.call("KVM_ARM_VCPU_INIT", target=5, features=features, argp="fault")
    fresh.init()
    sibling.init()


@pytest.mark.kvmpmu_clause("vcpu-init.einval.target")
@pytest.mark.parametrize("target", [99, 2**32 - 1])
@pytest.mark.parametrize("features", [(PSCI,), (31,)], ids=["known", "unknown-bit"])
@pytest.mark.parametrize("initialised", [False, True], ids=["not-initialised", "initialised"])
def test_an_unknown_target_is_einval_even_before_enoent(
    fresh: Vcpu, target: int, features: tuple[int, ...], initialised: bool
) -> None:
    if initialised:
        fresh.init(())
    with refused(Errno.EINVAL):
        fresh.call("KVM_ARM_VCPU_INIT", target=target, features=features)


@pytest.mark.kvmpmu_clause("vcpu-init.enoent.feature")
@pytest.mark.parametrize("bit", UNKNOWN)
def test_an_unknown_feature_is_enoent(fresh: Vcpu, bit: int) -> None:
    with refused(Errno.ENOENT):
        fresh.init((bit,))


@pytest.mark.kvmpmu_clause("vcpu-init.enoent.feature", "vcpu-init.einval.changed")
def test_enoent_wins_over_einval_for_a_change(fresh: Vcpu) -> None:
    fresh.init((PSCI,))
    with refused(Errno.ENOENT):
        fresh.init((PSCI, 20))
    fresh.init((PSCI,))


@pytest.mark.kvmpmu_clause("vcpu-init.enoent.feature", "vcpu-init.einval.differs")
@pytest.mark.kvmpmu_revision(since="linux-6.5")
def test_enoent_wins_over_einval_for_other_features_than_the_vms(vm: Vm, fresh: Vcpu) -> None:
    vm.create_vcpu(1).init()
    with refused(Errno.ENOENT):
        fresh.init((31,))


@pytest.mark.kvmpmu_requires("ten-bit-events")
@pytest.mark.kvmpmu_clause("vcpu-init.enoent.feature", "vcpu-init.einval.unsupported")
def test_enoent_wins_over_einval_for_what_the_host_has_not(fresh: Vcpu) -> None:
    with refused(Errno.ENOENT):
        fresh.init((4, 20))


@pytest.mark.kvmpmu_clause("strict.absent", "vcpu-init.enoent.feature")
def test_a_kernel_without_strict_says_so(kvm: Kvm, vm: Vm, fresh: Vcpu) -> None:
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3_STRICT") == 0
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3_STRICT") == 0
    with refused(Errno.ENOENT):
        fresh.init((PMU, STRICT))


@pytest.mark.kvmpmu_clause("vcpu-init.enoent.feature")
@pytest.mark.kvmpmu_revision(until="linux-6.15")
@pytest.mark.parametrize("bit", [7, 8], ids=["el2", "el2-e2h0"])
def test_el2_for_guests_is_unknown_before_6_16(fresh: Vcpu, bit: int) -> None:
    with refused(Errno.ENOENT):
        fresh.init((bit,))


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.leak")
def test_a_refusal_leaves_the_bits_below_the_unknown_one(fresh: Vcpu) -> None:
    with refused(Errno.ENOENT):
        fresh.init((PMU, 20))
    fresh.has_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_INIT)
    fresh.init(())
    fresh.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.no-leak")
def test_a_refusal_leaves_no_bit(fresh: Vcpu) -> None:
    with refused(Errno.ENOENT):
        fresh.init((PMU, 20))
    with refused(Errno.ENXIO):
        fresh.has_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_INIT)
    fresh.init(())
    with refused(Errno.ENODEV):
        fresh.init_pmu()


@pytest.mark.kvmpmu_requires("ten-bit-events")
@pytest.mark.kvmpmu_clause("vcpu-init.einval.unsupported")
@pytest.mark.parametrize("features", [(4,), (5,), (5, 6)], ids=["sve", "ptrauth", "ptrauth-both"])
def test_a_feature_that_the_host_lacks_is_einval(fresh: Vcpu, features: tuple[int, ...]) -> None:
    with refused(Errno.EINVAL):
        fresh.init(features)


@pytest.mark.kvmpmu_requires("ten-bit-events")
@pytest.mark.kvmpmu_clause("vcpu-init.einval.unsupported")
@pytest.mark.kvmpmu_revision(since="linux-6.16")
def test_el2_for_a_guest_of_a_host_of_armv8_0_is_einval(fresh: Vcpu) -> None:
    with refused(Errno.EINVAL):
        fresh.init((k.VCPU_FEATURES["KVM_ARM_VCPU_HAS_EL2"],))


@pytest.mark.kvmpmu_requires("no-pmu")
@pytest.mark.kvmpmu_clause("vcpu-init.einval.no-pmu", "cap.arm-pmu-v3")
def test_a_pmu_where_there_is_none_is_einval(vm: Vm, fresh: Vcpu) -> None:
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3") == 0
    with refused(Errno.EINVAL):
        fresh.init_with_pmu()


@pytest.mark.kvmpmu_requires("no-pmu")
@pytest.mark.kvmpmu_clause(
    "vcpu-init.no-pmu-taken", "cap.arm-pmu-v3", "default-pmu.enodev", "has.enxio.feature"
)
def test_a_pmu_where_there_is_none_was_taken_and_of_no_use(vm: Vm, fresh: Vcpu) -> None:
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3") == 0
    fresh.init_with_pmu()
    for attr in range(4):
        with refused(Errno.ENXIO):
            fresh.has_pmu_attr(attr)
        with refused(Errno.ENODEV):
            fresh.set_pmu_attr(attr)


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.einval.changed", "vcpu-init.reset")
def test_a_vcpu_keeps_its_features_for_life(fresh: Vcpu) -> None:
    fresh.init((PSCI, PMU))
    fresh.init((PSCI, PMU))
    for other in ((PSCI,), (PMU,), ()):
        with refused(Errno.EINVAL):
            fresh.init(other)
    fresh.init((PSCI, PMU))


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.reset", "group.ebusy.initialized")
def test_a_repetition_after_a_run_resets_the_guest_and_not_the_pmus_set_up(
    vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    here = vm.on(min(pmus[0].cpus))
    vcpu = here.create_vcpu(0)
    vcpu.init_with_pmu()
    here.connect(vcpu)
    vcpu.init_pmu()
    here.load("cycle-counter")
    vcpu.run()
    vcpu.init_with_pmu()
    assert vcpu.run_payload("cycle-counter").keys() == {"first", "second"}
    with refused(Errno.EBUSY):
        vcpu.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.einval.differs", "vcpu-init.same-features")
@pytest.mark.parametrize("other", [(PSCI,), (PMU,), ()])
def test_all_vcpus_of_a_vm_have_the_same_features(vm: Vm, other: tuple[int, ...]) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init((PSCI, PMU))
    with refused(Errno.EINVAL):
        second.init(other)
    second.init((PSCI, PMU))


@pytest.mark.kvmpmu_clause("vcpu-init.reset", "vcpu-init.einval.changed")
def test_what_was_asked_for_powered_off_may_be_asked_for_again(fresh: Vcpu) -> None:
    for _ in range(2):
        fresh.init((POWER_OFF, PSCI))


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.power-off")
def test_power_off_is_not_one_of_the_features_that_have_to_agree(vm: Vm) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init((PSCI, PMU))
    second.init((POWER_OFF, PSCI, PMU))
    first.init((POWER_OFF, PSCI, PMU))


@needs_pmu
@pytest.mark.kvmpmu_clause("vcpu-init.mixed", "group.enodev.feature")
def test_vcpus_with_and_without_a_pmu_live_in_one_vm(vm: Vm) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init((PSCI, PMU))
    second.init((PSCI,))
    first.init_pmu()
    with refused(Errno.ENODEV):
        second.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("group.sibling")
def test_a_vcpu_that_was_not_initialised_has_its_siblings_pmu(
    vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init_with_pmu()
    second.has_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_INIT)
    second.set_pmu(pmus[0])


@pytest.mark.kvmpmu_requires("pmu", "uncovered-cpu")
@pytest.mark.kvmpmu_clause("default-pmu.enodev")
@pytest.mark.kvmpmu_revision(since="linux-6.7")
def test_a_cpu_without_pmu_gives_no_default(vm: Vm, host: Host, pmus: tuple[Pmu, ...]) -> None:
    bare = next(cpu for cpu in host.cpus if host.pmu_of(cpu) is None)
    vcpu = vm.on(bare).create_vcpu(0)
    with refused(Errno.ENODEV):
        vcpu.init_with_pmu()
    vcpu.set_pmu(pmus[0])  # the VM's features are fixed nevertheless
    vcpu.init_with_pmu()
