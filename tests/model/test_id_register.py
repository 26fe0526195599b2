"""ID_AA64DFR0_EL1.PMUVer, the version of a guest's PMU, by revision and host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.host import IMPDEF, Host
from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi.constants import ID_AA64DFR0_EL1
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

from .machine import (
    LITTLE_FIRST,
    PSCI,
    Machine,
    every_revision,
)

SHIFT = 8


def host(pmuver: int | None) -> Host:
    return replace(
        LITTLE_FIRST, pmus=tuple(replace(pmu, pmuver=pmuver) for pmu in LITTLE_FIRST.pmus)
    )


def machine(wanted: str, pmuver: int | None = 1, *features: int, vcpus: int = 1) -> Machine:
    """Initialised vCPUs, with a PMU unless ``features`` say otherwise."""
    made = Machine(revision(wanted), host(pmuver)).vm(vcpus)
    for number in range(vcpus):
        assert made.init(f"vcpu{number}", *features) == 0
    return made


def read(made: Machine, on: str = "vcpu0") -> int:
    out = made.outcome("KVM_GET_ONE_REG", on, id=ID_AA64DFR0_EL1).out
    assert out is not None
    return int(out["value"]) >> SHIFT


def write(made: Machine, pmuver: int, on: str = "vcpu0") -> int:
    addr = Addr("u64", (pmuver << SHIFT,))
    return made("KVM_SET_ONE_REG", on, id=ID_AA64DFR0_EL1, addr=addr)


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ("linux-5.10", {1: 1, 4: 4, 5: 4, 8: 4}),
        ("linux-5.11", {1: 1, 4: 4, 5: 5, 6: 5, 8: 5}),
        ("linux-5.19", {1: 1, 4: 4, 5: 5, 6: 5, 8: 5}),
        ("linux-6.2", {1: 1, 4: 4, 5: 5, 6: 6, 8: 6}),
        ("linux-7.3", {1: 1, 4: 4, 5: 5, 6: 6, 8: 6}),
    ],
)
def test_a_guest_with_a_pmu_gets_the_hosts_version_up_to_the_newest_emulated(
    wanted: str, seen: dict[int, int]
) -> None:
    assert {pmuver: read(machine(wanted, pmuver)) for pmuver in seen} == seen


@every_revision
def test_a_guest_without_one_is_told_so_from_5_11_on(wanted: Revision) -> None:
    seen = read(machine(wanted.name, 4, PSCI))
    assert seen == (4 if wanted == revision("linux-5.10") else 0)


@pytest.mark.parametrize("wanted", ["linux-5.11", "linux-6.4"])
def test_with_two_versions_the_system_has_none(wanted: str) -> None:
    little, big = LITTLE_FIRST.pmus
    board = replace(LITTLE_FIRST, pmus=(little, replace(big, pmuver=4)))
    made = Machine(revision(wanted), board).ready()
    assert read(made) == 0


def test_where_the_registers_trap_it_is_that_of_armv8_0() -> None:
    board = replace(host(IMPDEF), impdef_traps=True)
    assert read(Machine(revision("linux-6.15"), board).ready()) == 1
    plain = Machine(revision("linux-5.10"), board).vm()
    assert plain.init("vcpu0", PSCI) == 0
    assert read(plain) == 0


@every_revision
def test_of_a_host_of_unknown_version_there_is_nothing_to_say(wanted: Revision) -> None:
    with pytest.raises(NotModelled, match="unknown PMU version"):
        read(machine(wanted.name, None))


@pytest.mark.parametrize("wanted", ["linux-5.10", "linux-5.11", "linux-5.19"])
def test_until_6_1_it_cannot_be_changed(wanted: str) -> None:
    made = machine(wanted, 4)
    assert [write(made, value) for value in (4, 1, 0, 5, IMPDEF)] == [0, *[Errno.EINVAL] * 4]
    assert read(made) == 4


@pytest.mark.parametrize("wanted", ["linux-6.2", "linux-6.4"])
def test_in_6_2_it_can_be_lowered_to_that_of_a_pmu(wanted: str) -> None:
    made = machine(wanted, 4, vcpus=2)
    assert [write(made, value) for value in (0, 5, IMPDEF)] == [Errno.EINVAL] * 3
    assert write(made, 1) == 0
    assert read(made, "vcpu1") == 1
    made.start()
    assert write(made, 4) == 0


@pytest.mark.parametrize("wanted", ["linux-6.2", "linux-6.4"])
def test_in_6_2_it_is_none_without_a_pmu(wanted: str) -> None:
    made = machine(wanted, 4, PSCI)
    assert [write(made, value) for value in (0, 1, 4)] == [0, Errno.EINVAL, Errno.EINVAL]
    with pytest.raises(NotModelled, match="IMPDEF PMU"):
        write(made, IMPDEF)


@pytest.mark.parametrize("wanted", ["linux-6.5", "linux-6.7", "linux-7.3"])
def test_from_6_5_on_it_can_be_lowered_to_none_until_a_vcpu_ran(wanted: str) -> None:
    made = machine(wanted, 4, vcpus=2)
    assert write(made, 5) == Errno.EINVAL
    assert [write(made, value) for value in (1, 0, 4)] == [0, 0, 0]
    assert write(made, IMPDEF) == 0
    assert read(made, "vcpu1") == 0
    made.start()
    assert write(made, 0, "vcpu1") == 0
    assert [write(made, value) for value in (1, 5)] == [Errno.EBUSY, Errno.EBUSY]


@pytest.mark.parametrize("wanted", ["linux-6.5", "linux-7.3"])
def test_from_6_5_on_any_version_is_too_high_without_a_pmu(wanted: str) -> None:
    made = machine(wanted, 4, PSCI)
    assert [write(made, value) for value in (0, 1)] == [0, Errno.EINVAL]


@every_revision
def test_an_address_that_is_not_there_is_efault(wanted: Revision) -> None:
    made = machine(wanted.name)
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        assert made(ioctl, "vcpu0", id=ID_AA64DFR0_EL1, addr=FAULT) == Errno.EFAULT


@every_revision
def test_its_other_fields_are_not_modelled(wanted: Revision) -> None:
    with pytest.raises(NotModelled, match="fields of ID_AA64DFR0_EL1 other"):
        write(machine(wanted.name), 1 << 4)
