"""KVM_ARM_PREFERRED_TARGET and KVM_ARM_VCPU_INIT in the model (contract 2.3, 2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome

from .machine import (
    AT_INIT,
    BARE,
    GAP,
    HOSTS,
    INIT,
    MERGED,
    PMU,
    POWER_OFF,
    PRE,
    PSCI,
    REVISIONS,
    SAME,
    SET_PMU,
    SVE,
    Machine,
    every_revision,
)

UNKNOWN = 20
OTHER_TARGET = 4
before_same = pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < SAME], ids=str)
since_same = pytest.mark.parametrize("wanted", [r for r in REVISIONS if r >= SAME], ids=str)


@every_revision
def test_the_preferred_target_is_generic_v8(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    answer = machine.outcome("KVM_ARM_PREFERRED_TARGET", "vm0")
    assert answer == Outcome(0, out={"target": 5, "features": []})
    assert machine("KVM_ARM_PREFERRED_TARGET", "vm0", argp="fault") == Errno.EFAULT


# Each row also breaks the rule of the row below: the first broken rule decides.
PRECEDENCE: list[tuple[str, dict[str, Any], int]] = [
    ("pointer", {"argp": "fault", "target": OTHER_TARGET, "features": [UNKNOWN]}, Errno.EFAULT),
    ("target", {"target": OTHER_TARGET, "features": [UNKNOWN, SVE]}, Errno.EINVAL),
    ("unknown bit", {"target": 5, "features": [UNKNOWN, SVE, PMU]}, Errno.ENOENT),
    ("unknown word", {"target": 5, "features": [223]}, Errno.ENOENT),
    ("absent", {"target": 5, "features": [SVE]}, Errno.EINVAL),
    ("absent", {"target": 5, "features": [5, 6]}, Errno.EINVAL),
    ("good", {"target": 5, "features": [PSCI, PMU]}, 0),
    ("32 bit", {"target": 5, "features": [1]}, 0),
]


@every_revision
@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
@pytest.mark.parametrize(("rule", "args", "errno"), PRECEDENCE)
def test_the_first_rule_broken_answers(
    rule: str, args: dict[str, Any], errno: int, host: Host, wanted: Revision
) -> None:
    machine = Machine(wanted, host).vm()
    assert machine("KVM_ARM_VCPU_INIT", "vcpu0", **args) == errno, rule


def test_in_5_10_a_pmu_on_a_host_without_one_is_taken_and_of_no_use() -> None:
    machine = Machine(REVISIONS[0], BARE).vm()
    assert machine.init("vcpu0", PSCI, PMU) == 0
    assert machine.set(INIT) == Errno.ENODEV


@pytest.mark.parametrize("wanted", REVISIONS[1:], ids=str)
def test_a_pmu_on_a_host_without_one_is_einval(wanted: Revision) -> None:
    machine = Machine(wanted, BARE).vm()
    assert machine.init("vcpu0", PSCI, PMU) == Errno.EINVAL
    assert machine.init("vcpu0", PSCI) == 0


@every_revision
def test_a_failed_init_leaves_the_vcpu_uninitialised(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", SVE) == Errno.EINVAL
    assert machine.run().errno == Errno.ENOEXEC
    assert machine.init("vcpu0", PSCI, PMU) == 0


@every_revision
def test_the_same_init_may_be_repeated_even_after_a_run(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.init() == 0
    machine.start()
    assert machine.init() == 0


@every_revision
@pytest.mark.parametrize("features", [(PSCI,), (PMU,), (PSCI, PMU, 1)])
def test_other_features_at_the_next_init_are_einval(
    features: tuple[int, ...], wanted: Revision
) -> None:
    machine = Machine(wanted).ready()
    assert machine.init("vcpu0", *features) == Errno.EINVAL
    assert machine.init() == 0


@every_revision
def test_an_unknown_bit_beyond_the_same_features_is_enoent_on_an_initialised_vcpu(
    wanted: Revision,
) -> None:
    assert Machine(wanted).ready().init("vcpu0", PSCI, PMU, UNKNOWN) == Errno.ENOENT


@before_same
def test_whichever_bit_comes_first_decides_until_6_4(wanted: Revision) -> None:
    # PSCI is missing, and comes before the unknown bit: contract 2.4, ..6.4, step 3.
    assert Machine(wanted).ready().init("vcpu0", PMU, UNKNOWN) == Errno.EINVAL


@since_same
def test_an_unknown_bit_wins_over_a_changed_one_since_6_5(wanted: Revision) -> None:
    assert Machine(wanted).ready().init("vcpu0", PMU, UNKNOWN) == Errno.ENOENT


@before_same
def test_vcpus_of_one_vm_may_differ_until_6_4(wanted: Revision) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0", PSCI) == 0
    assert machine.init("vcpu1", PSCI, PMU) == 0


@since_same
def test_vcpus_of_one_vm_may_not_differ_since_6_5(wanted: Revision) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0", PSCI) == 0
    assert machine.init("vcpu1", PSCI, PMU) == Errno.EINVAL
    assert machine.init("vcpu1", PSCI) == 0


@before_same
def test_power_off_is_a_feature_like_any_other_until_6_4(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    assert machine.init("vcpu1", POWER_OFF, PSCI, PMU) == Errno.EINVAL


@since_same
def test_power_off_is_no_difference_since_6_5(wanted: Revision) -> None:
    # Every VMM starts its secondary vCPUs this way; contract 2.4, 6.5/6.6, step 1.
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0", PSCI, PMU) == 0
    assert machine.init("vcpu1", POWER_OFF, PSCI, PMU) == 0
    assert machine.init("vcpu1", PSCI, PMU) == 0


@since_same
def test_a_refused_init_fixes_no_features_for_the_vm(wanted: Revision) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0", SVE) == Errno.EINVAL
    assert machine.init("vcpu1", PSCI, PMU) == 0


@every_revision
def test_init_of_the_vcpu_undoes_nothing_of_its_pmu(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(INIT) == 0
    assert machine.init() == 0
    assert machine.set(INIT) == Errno.EBUSY


def test_where_no_pmu_covers_the_caller_init_with_a_pmu_is_enodev_since_6_7() -> None:
    machine = Machine(AT_INIT, GAP).vm()
    machine.cpu = 2
    assert machine.init("vcpu0", PSCI) == 0
    machine = Machine(AT_INIT, GAP).vm()
    machine.cpu = 2
    assert machine.init("vcpu0", PSCI, PMU) == Errno.ENODEV
    machine.cpu = 0
    assert machine.init("vcpu0", PSCI, PMU) == 0


@pytest.mark.parametrize("wanted", [PRE, MERGED, SAME], ids=str)
def test_the_callers_cpu_is_of_no_interest_to_init_until_6_5(wanted: Revision) -> None:
    machine = Machine(wanted, GAP).vm()
    machine.cpu = 2
    assert machine.init("vcpu0", PSCI, PMU) == 0


def test_enodev_leaves_the_vm_with_the_feature_and_set_pmu_mends_it_since_6_7() -> None:
    # Contract 2.14b, C4: the bits stay in the VM's bitmap though they are not fixed.
    machine = Machine(AT_INIT, GAP).vm()
    machine.cpu = 2
    assert machine.init("vcpu0", PSCI, PMU) == Errno.ENODEV
    assert machine.set(SET_PMU) == 0
    assert machine.init("vcpu0", PSCI, PMU) == 0
