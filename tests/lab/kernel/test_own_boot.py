"""Kernels of the user's own that do not boot, or lack something that the specs need.

They are Debian's, made to behave like kernels that were built without something.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab import LabFailure, board, start
from pytest_kvmpmu.lab.kernel import image
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.recipe import current
from pytest_kvmpmu.lab.vm import qemu
from pytest_kvmpmu.settings import Settings

from ..conftest import BOARD, LINE
from ..processes import qemus
from .test_image import elf, zboot

pytestmark = pytest.mark.lab


@pytest.fixture
def kernel(cold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Image of the user's own, new to the cache; silence is noticed soon."""
    own = tmp_path / "Image"
    cache = Cache(cold)
    own.write_bytes((cache.root / str(current(cache, LINE)) / "Image").read_bytes())
    (cache.root / "kernels").unlink()  # it is the user's, and shared
    monkeypatch.setattr(board, "SILENCE_SECONDS", 20.0)
    return own


def failure(kernel: Path, cold: Path) -> str:
    """Why the kernel does not start.  Neither a process nor an entry is left."""
    with pytest.raises(LabFailure) as caught:
        start(str(kernel), BOARD, cache_dir=cold, progress=lambda _: None)
    assert qemus(cold) == []
    assert list(cold.glob("lab-*/snapshots/*/*")) == []
    return str(caught.value)


def test_a_real_image_is_the_same_in_every_wrapping(kernel: Path) -> None:
    content = kernel.read_bytes()
    assert image.unpacked(elf(content), "it") == content
    assert image.unpacked(zboot(gzip.compress(content, 1)), "it") == content


def test_a_kernel_that_stops_at_once_is_silent(
    kernel: Path, cold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "SILENCE_SECONDS", 5.0)  # it has no code that could speak later
    content = kernel.read_bytes()
    banner = content[content.index(f"Linux version {LINE}".encode()) :][:200]
    kernel.write_bytes(content[:4096] + bytes(1 << 20) + banner)
    said = failure(kernel, cold)
    assert "said nothing for 5 s; its console printed nothing\nthe kernel has no console" in said


def test_a_kernel_without_a_console_here_is_silent(
    kernel: Path, cold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "OWN_KERNEL_PARAMETERS", "console=ttyS7 quiet panic=-1")
    assert "CONFIG_SERIAL_AMBA_PL011_CONSOLE" in failure(kernel, cold)


def test_a_kernel_that_does_not_take_the_initramfs_says_so_itself(
    kernel: Path, cold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qemu, "OWN_KERNEL_PARAMETERS", f"{qemu.OWN_KERNEL_PARAMETERS} rdinit=/no")
    said = failure(kernel, cold)
    assert said.startswith("the lab VM died; last console lines:\n")
    assert "Unable to mount root fs" in said
    assert said.endswith("the kernel did not use the initramfs: CONFIG_BLK_DEV_INITRD is needed")


@pytest.mark.parametrize(
    ("wanted", "instead", "says"),
    [
        ("virtualization=on", "virtualization=off", ["no /dev/kvm", "HYP mode not available"]),
        ("cortex-a57", "cortex-a57,pmu=off", ["no PMUv3", "CONFIG_ARM_PMU"]),
    ],
    ids=["not at EL2", "no PMU"],
)
def test_a_kernel_that_comes_up_without_what_the_specs_need_is_told_once(
    wanted: str,
    instead: str,
    says: list[str],
    kernel: Path,
    cold: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = qemu.board_options

    def options(host: Host, cpu: str) -> list[str]:
        return [option.replace(wanted, instead) for option in real(host, cpu)]

    monkeypatch.setattr(qemu, "board_options", options)
    monkeypatch.setattr(Settings, "board", BOARD)
    pytester.makepyfile("def test_it(kvm): pass")
    for _ in range(2):  # a snapshot has it too
        result = pytester.runpytest_inprocess(
            "--kvmpmu-backend=real", f"--kvmpmu-target=lab:{kernel}", f"--kvmpmu-cache-dir={cold}"
        )
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        (line,) = [line for line in result.errlines if line.startswith("ERROR: ")]
        for word in says:
            assert word in line
    assert qemus(cold) == []
