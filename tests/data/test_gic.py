"""The kinds of vGIC as rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.gic import GICS, of_device
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.kvm import Kvm, Session


@pytest.mark.parametrize("gic", GICS.values(), ids=str)
def test_a_kind_is_found_by_its_device(gic: object) -> None:
    assert [of_device(one.device) for one in GICS.values() if one is gic] == [gic]


def test_a_device_of_another_kind_makes_no_gic() -> None:
    assert of_device(4) is None  # VFIO


@pytest.mark.parametrize(("version", "name"), [(3, "GICv3"), (5, "GICv5")])
def test_it_is_named_as_the_documentation_does(version: int, name: str) -> None:
    assert str(GICS[version]) == name


@pytest.mark.parametrize("version", [3, 5])
def test_a_vm_gets_the_kind_that_is_asked_for(version: int) -> None:
    host = replace(load("gicv5"), gics=(version,))
    session = Session(ModelBackend(host).world(), host)
    vm = Kvm(session, "kvm", 0).create_vm()
    vm.create_vcpu(0).init_with_pmu()
    vm.create_gic()
    asked = [call.args["type"] for call, _ in session.record if call.ioctl == "KVM_CREATE_DEVICE"]
    frames = [call for call, _ in session.record if call.args.get("addr") and call.on == "dev0"]
    assert asked == [GICS[version].device]
    assert len(frames) == len(GICS[version].frames) + 1  # and its initialisation
