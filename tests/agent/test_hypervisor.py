"""The agent's description of KVM."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import hypervisor
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi import ioctl as req
from pytest_kvmpmu.uapi import structs

CAPS = k.CAPABILITIES
PROTECTED = "6,412,1234,-;kvm [1]: Protected nVHE mode initialized successfully\n"
PLAIN = "6,412,1234,-;kvm [1]: VHE mode initialized successfully\n"
OLD = "6,412,1234,-;kvm [1]: Hyp mode initialized successfully\n"


class FakeKvm:
    """Answers ioctls: capabilities by number, and the devices that exist."""

    def __init__(self, devices: set[int], **caps: int) -> None:
        self.devices = devices
        self.caps = {CAPS[name]: value for name, value in caps.items()}
        self.types: list[int] = []

    def __call__(self, fd: int, request: int, arg: int) -> tuple[int, int]:
        del fd
        if request == req.KVM_CHECK_EXTENSION:
            return self.caps.get(arg, 0), 0
        if request == req.KVM_CREATE_VM:
            self.types.append(arg)
            return os.open(os.devnull, os.O_RDONLY), 0
        if request == req.KVM_CREATE_IRQCHIP:
            return (0, 0) if k.KVM_DEV_TYPE_ARM_VGIC_V2 in self.devices else (-1, 19)
        assert request == req.KVM_CREATE_DEVICE
        size = structs.KVM_CREATE_DEVICE.size
        type, _, flags = structs.KVM_CREATE_DEVICE.unpack(ctypes.string_at(arg, size))
        assert flags == k.KVM_CREATE_DEVICE_TEST
        return (0, 0) if type in self.devices else (-1, 19)


@pytest.fixture(autouse=True)
def no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log and a command line that do not exist."""
    monkeypatch.setattr(hypervisor, "_LOG", str(tmp_path / "kmsg"))
    monkeypatch.setattr(hypervisor, "_COMMAND_LINE", tmp_path / "cmdline")
    return tmp_path


@pytest.mark.parametrize(
    ("devices", "gics"),
    [(set(), []), ({5}, [2]), ({7, 8}, [3]), ({5, 7, 8}, [3, 2]), ({16}, [5]), ({7, 16}, [3, 5])],
)
def test_the_vgics_are_those_that_can_be_made_the_best_first(
    devices: set[int], gics: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hypervisor, "ioctl", FakeKvm(devices))
    facts = hypervisor.describe(0)
    assert facts["gics"] == gics
    assert facts["create_irqchip"] == (0 if 2 in gics else 19)


@pytest.mark.parametrize(("limit", "found", "asked"), [(36, 36, 36), (44, 44, 0), (0, 40, 0)])
def test_the_vm_that_it_makes_is_one_that_the_host_can_make(
    limit: int, found: int, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeKvm({7}, KVM_CAP_ARM_VM_IPA_SIZE=limit, KVM_CAP_MAX_VCPUS=8, KVM_CAP_ARM_EL2=1)
    monkeypatch.setattr(hypervisor, "ioctl", fake)
    facts = hypervisor.describe(0)
    assert (facts["ipa_bits"], fake.types) == (found, [asked])
    assert (facts["max_vcpus"], facts["max_vcpu_id"], facts["nested"]) == (8, 0, True)


def test_a_host_that_makes_no_vm_has_no_vgic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hypervisor, "ioctl", lambda *_: (-1, 22))
    facts = hypervisor.describe(0)
    assert (facts["gics"], facts["create_irqchip"]) == ([], 22)


@pytest.mark.parametrize(
    ("log", "protected"), [(PROTECTED, True), (PLAIN, False), (OLD, False), ("x\n" + PLAIN, False)]
)
def test_the_log_says_in_which_mode_kvm_came_up(log: str, protected: bool, no_log: Path) -> None:
    (no_log / "kmsg").write_text(log)
    (no_log / "cmdline").write_text("quiet kvm-arm.mode=protected\n")
    assert hypervisor.protected_mode() == (protected, "log")


@pytest.mark.parametrize(
    ("text", "protected"),
    [("quiet kvm-arm.mode=protected\n", True), ("kvm-arm.mode=nvhe", False), ("", False)],
)
def test_without_it_the_command_line_says_what_was_asked_for(
    text: str, protected: bool, no_log: Path
) -> None:
    (no_log / "kmsg").write_text("6,1,1,-;something else\n")
    (no_log / "cmdline").write_text(text)
    assert hypervisor.protected_mode() == (protected, "command line")


def test_where_neither_can_be_read_nothing_is_said() -> None:
    assert hypervisor.protected_mode() == (False, "")


def test_a_record_that_was_overwritten_is_passed_over(
    no_log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (no_log / "kmsg").touch()
    answers: list[bytes | OSError] = [BrokenPipeError(), PROTECTED.encode(), BlockingIOError()]

    def read(fd: int, size: int) -> bytes:
        del fd, size
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(os, "read", read)
    assert hypervisor.protected_mode() == (True, "log")
    answers[:] = [BlockingIOError()]
    assert hypervisor.protected_mode() == (False, "")
