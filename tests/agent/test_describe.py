"""The agent's description of its machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import describe
from pytest_kvmpmu.uapi.ioctl import KVM_CHECK_EXTENSION, KVM_GET_API_VERSION


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty list of PMUs, and no /dev/kvm."""
    monkeypatch.setattr(describe, "_PMUS", tmp_path / "devices")
    monkeypatch.setattr(describe, "_DEVICE", str(tmp_path / "kvm"))
    return tmp_path


def pmu(folder: Path, name: str, number: int, **files: str) -> None:
    directory = folder / "devices" / name
    directory.mkdir(parents=True)
    (directory / "type").write_text(f"{number}\n")
    for file, content in files.items():
        (directory / file).write_text(content)


def test_a_machine_says_what_it_is(sysfs: Path) -> None:
    found = describe.describe()
    assert found["machine"] == os.uname().machine
    assert found["system"] == os.uname().sysname
    assert found["release"] == os.uname().release
    assert json.loads(json.dumps(found)) == found


def test_a_machine_without_the_folder_has_no_pmus(sysfs: Path) -> None:
    assert describe.describe()["pmus"] == []


def test_core_pmus_are_those_with_cpus_in_the_order_of_their_ids(sysfs: Path) -> None:
    pmu(sysfs, "armv8_cortex_a72", 10, cpus="4-5\n")
    pmu(sysfs, "armv8_cortex_a53", 9, cpus="0-3\n")
    pmu(sysfs, "uncore", 8, cpumask="0\n")
    pmu(sysfs, "software", 1)
    assert describe.describe()["pmus"] == [
        {"name": "armv8_cortex_a53", "type": 9, "cpus": "0-3"},
        {"name": "armv8_cortex_a72", "type": 10, "cpus": "4-5"},
    ]


def test_pmus_of_the_device_tree_are_named_even_without_a_driver(
    sysfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describe, "_TREE", sysfs / "tree")
    for node, compatible in (
        ("pmu-a", b"arm,cortex-x4-pmu\0arm,armv8-pmuv3\0"),
        ("pmu", b"arm,armv8-pmuv3\0"),
        ("timer", b"arm,armv8-timer\0"),
    ):
        (sysfs / "tree" / node).mkdir(parents=True)
        (sysfs / "tree" / node / "compatible").write_bytes(compatible)
    assert describe.describe()["pmu_nodes"] == ["arm,armv8-pmuv3", "arm,cortex-x4-pmu"]


def test_cpus_are_listed_as_sysfs_has_them(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "_CPUS", sysfs)
    (sysfs / "present").write_text("0-5\n")
    found = describe.describe()
    assert (found["present"], found["online"]) == ("0-5", "")
    assert found["page_size"] == os.sysconf("SC_PAGESIZE")


def test_kvm_may_be_missing(sysfs: Path) -> None:
    found = describe.describe()
    assert found["kvm"] == "missing"
    assert "pmu_v3" not in found


def test_kvm_that_can_not_be_opened_is_denied_with_cause_and_group(sysfs: Path) -> None:
    # Nobody can open a folder for writing, not even root.
    (sysfs / "kvm").mkdir()
    found = describe.describe()
    assert (found["kvm"], found["why"]) == ("denied", "Is a directory")
    assert found["group"] == (sysfs / "kvm").stat().st_gid


@pytest.mark.parametrize(("value", "there"), [(1, True), (0, False), (-1, False)])
def test_kvm_that_opens_is_asked_for_pmuv3(
    value: int, there: bool, sysfs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sysfs / "kvm").touch()
    answers = {(KVM_GET_API_VERSION, 0): 12, (KVM_CHECK_EXTENSION, 126): value}
    monkeypatch.setattr(describe, "ioctl", lambda _, request, arg: (answers[request, arg], 0))
    found = describe.describe()
    assert (found["kvm"], found["api_version"], found["pmu_v3"]) == ("ok", 12, there)
