"""What a board asks of QEMU and of the kernel."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab.vm import hardware, qemu

from ..conftest import BOARD

OFF = replace(BOARD, cpus=(0,), offline=frozenset({1}))


@pytest.mark.parametrize(
    ("host", "parameters"),
    [
        (BOARD, ""),
        (replace(BOARD, protected=True), "kvm-arm.mode=protected"),
        (replace(BOARD, nested=True), "kvm-arm.mode=nested"),
        (OFF, "kvmpmu_offline=1"),
        (replace(OFF, maxcpus=1), "maxcpus=1"),
        (replace(OFF, maxcpus=2), "maxcpus=2 kvmpmu_offline=1"),
        (replace(OFF, offline=frozenset({3, 1, 2}), maxcpus=3), "maxcpus=3 kvmpmu_offline=1,2"),
    ],
)
def test_a_board_has_its_kernel_parameters(host: Host, parameters: str) -> None:
    assert hardware.parameters(host) == parameters
    assert qemu.parameters(host, own=False) == f"{qemu.KERNEL_PARAMETERS} {parameters}".rstrip()
    assert qemu.parameters(host, own=True).startswith(qemu.OWN_KERNEL_PARAMETERS)


def options(host: Host) -> dict[str, str]:
    words = qemu.board_options(host, "max")
    return dict(itertools.pairwise(words))


@pytest.mark.parametrize(("gics", "version"), [((3,), 3), ((2,), 2), ((), 2)])
def test_a_board_has_its_gic(gics: tuple[int, ...], version: int) -> None:
    host = replace(BOARD, gics=gics)
    assert options(host)["-machine"] == f"virt,virtualization=on,gic-version={version}"


def test_cpus_that_are_offline_are_on_the_board() -> None:
    assert options(OFF)["-smp"] == options(BOARD)["-smp"] == "2"


def test_a_nested_board_has_more_memory_and_a_newer_qemu() -> None:
    nested = replace(BOARD, nested=True)
    assert int(options(nested)["-m"]) > int(options(BOARD)["-m"])
    assert hardware.oldest_qemu(nested) > hardware.oldest_qemu(BOARD) == qemu.OLDEST
