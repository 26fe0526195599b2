"""Real kernels in a real QEMU: cold, warm, damaged, interrupted, side by side."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import LabFailure, start
from pytest_kvmpmu.lab.initramfs import agent_files
from pytest_kvmpmu.lab.store.cache import Cache

from .conftest import BOARD, LINE, add_snapshot, share
from .processes import all_end, ended, qemus

pytestmark = pytest.mark.lab

# Starts a machine in its own process; prints its QEMU's process id, then waits for its end.
# A run in the background has SIGINT ignored, which would be inherited.
STARTER = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from tests.lab.conftest import BOARD, LINE
from pytest_kvmpmu.lab import start
vm = start(LINE, BOARD, cache_dir=Path(sys.argv[1]))
print(vm.pid, int(vm.was_warm), flush=True)
sys.stdin.read()
vm.close()
"""


def starter(root: Path) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", STARTER, str(root)]
    return subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=Path(__file__).parents[2]
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, stocked: Cache) -> Path:
    """A cache folder with a snapshot."""
    return add_snapshot(stocked, share(stocked, tmp_path_factory.mktemp("lab")))


def ram(root: Path) -> Path:
    (path,) = root.glob("lab-*/snapshots/*/*/ram")
    return path


def test_a_warm_start_is_quick_silent_and_shows_the_board(root: Path, said: list[str]) -> None:
    began = time.monotonic()
    with start(LINE, BOARD, cache_dir=root, progress=said.append) as vm:
        took = time.monotonic() - began
        assert vm.was_warm
        assert vm.line == LINE
        assert vm.kernel_release.startswith(f"{LINE}.")
        found = vm.describe(10)
    assert said == []
    assert took < 5  # 0.3 s on an idle machine
    assert found["release"] == vm.kernel_release
    assert found["kvm"] == "ok"
    assert isinstance(found["pmus"], list)
    shown = [(pmu["name"], pmu["cpus"]) for pmu in found["pmus"]]
    assert shown == [("armv8_cortex_a53", "0"), ("armv8_cortex_a72", "1")]


def test_closing_ends_qemu_and_may_be_done_twice(root: Path) -> None:
    vm = start(LINE, BOARD, cache_dir=root)
    vm.close()
    vm.close()
    assert qemus(root) == []


def test_the_snapshot_and_the_machine_are_small(root: Path) -> None:
    assert ram(root).stat().st_size <= 150_000_000
    with start(LINE, BOARD, cache_dir=root) as vm:
        status = Path(f"/proc/{vm.pid}/status").read_text()
    (peak,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    assert int(peak) <= 600_000  # kB


@pytest.mark.parametrize("damage", ["a byte in the middle", "cut off", "no manifest"])
def test_a_damaged_snapshot_is_made_anew(root: Path, said: list[str], damage: str) -> None:
    path = ram(root)
    if damage == "no manifest":
        (path.parent / "entry.json").unlink()
    elif damage == "cut off":
        os.truncate(path, path.stat().st_size // 2)
    else:
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"damage")
    with start(LINE, BOARD, cache_dir=root, progress=said.append) as vm:
        assert not vm.was_warm
    assert sum(text.startswith("booting ") for text in said) == 1
    assert qemus(root) == []
    with start(LINE, BOARD, cache_dir=root, progress=said.append) as vm:
        assert vm.was_warm


def test_kill_9_of_the_starter_leaves_no_qemu(root: Path) -> None:
    with starter(root) as child:
        assert child.stdout is not None
        pid = int(child.stdout.readline().split()[0])
        child.kill()
        child.wait()
        assert ended(pid)
    assert qemus(root) == []


def test_two_starts_at_once_boot_once(cold: Path) -> None:
    with starter(cold) as one, starter(cold) as other:
        outs = [child.communicate("", timeout=120) for child in (one, other)]
    assert [child.returncode for child in (one, other)] == [0, 0]
    said = "".join(err for _, err in outs)
    assert said.count("booting ") == 1
    assert "waiting for another run" in said
    assert qemus(cold) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_an_interrupted_boot_leaves_nothing_to_trip_over(cold: Path, number: int) -> None:
    with starter(cold) as child:
        assert child.stderr is not None
        while "booting " not in child.stderr.readline():
            pass
        while not qemus(cold):
            time.sleep(0.01)  # QEMU starts after the message
        child.send_signal(number)
        child.wait(timeout=30)
    assert all_end(cold)
    if number == signal.SIGINT:
        assert list(cold.glob("lab-*/snapshots/*/*")) == []


def test_a_changed_agent_gets_a_new_snapshot_without_a_download(
    warm: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extra = tmp_path / "new.py"
    extra.write_text("pass\n")
    with start(LINE, BOARD, cache_dir=warm, progress=said.append) as vm:
        assert vm.was_warm
    more = [*agent_files.sources(), ("pytest_kvmpmu/agent/new.py", extra)]
    monkeypatch.setattr(agent_files, "sources", lambda: more)
    with start(LINE, BOARD, cache_dir=warm, progress=said.append) as vm:
        assert not vm.was_warm
    assert sum(text.startswith("booting ") for text in said) == 1
    assert not any("download" in text for text in said)


def test_a_kernel_that_panics_shows_its_last_words(
    cold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_files, "INIT", "#!/bin/no-such-shell\n")
    with pytest.raises(LabFailure, match=r"the lab VM died; last console lines:(.|\n)*panic"):
        start(LINE, BOARD, cache_dir=cold, progress=lambda _: None)
    assert qemus(cold) == []


def test_an_image_of_ones_own_boots(cold: Path, tmp_path: Path) -> None:
    own = tmp_path / "Image"
    shutil.copy(next(cold.glob("lab-*/kernels/*/Image")), own)
    # Its entry is among the kernels, which this cache shares with the user's.
    kernels = next(cold.glob("lab-*/kernels"))
    kernels.unlink()
    with start(str(own), BOARD, cache_dir=cold) as vm:
        assert vm.describe(10)["release"] == vm.kernel_release
