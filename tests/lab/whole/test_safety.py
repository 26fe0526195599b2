"""What the lab does not touch, and what it does if it can't write, or can't write any more.

Each start runs in a process with its own mounts: permissions do not stop root,
but a file system that is read-only or full does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import cpus, lines, start
from pytest_kvmpmu.lab.board import Board
from pytest_kvmpmu.lab.initramfs import agent_files, cpio, userspace
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.vm import qemu
from pytest_kvmpmu.support.resources import PACKAGE

from ..conftest import BOARD, LINE, Pretend
from ..processes import qemus
from ..test_prepare import ram

pytestmark = pytest.mark.lab

# Arguments: the cache folder, and the MB that a snapshot supposedly needs.
STARTER = """
import sys
from pathlib import Path
from tests.lab.conftest import BOARD, LINE
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import prepare, start
prepare.SPACE_MB = int(sys.argv[2])
try:
    with start(LINE, BOARD, cache_dir=Path(sys.argv[1])) as vm:
        print("warm" if vm.was_warm else "cold")
except UsageProblem as problem:
    print(problem)
"""
# Makes every mount read-only, except devices and processes.
READ_ONLY = """
for place in $(cut -d ' ' -f 5 /proc/self/mountinfo); do
    case $place in
        /dev | /dev/* | /proc | /proc/* | /sys | /sys/* | {writable}) ;;
        *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;;
    esac
done
! touch /written 2>/dev/null || exit 9
"""
# QEMU's output goes to an unnamed file, which may be here.
TEMPORARY = "mount -t tmpfs none {temporary} && export TMPDIR={temporary}\n"


@pytest.fixture(scope="module")
def unshare() -> list[str]:
    """The command that runs another one with its own mounts."""
    command = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]
    if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody have mounts of their own")
    return command


def started(unshare: list[str], mounts: str, root: Path, megabytes: int = 0) -> str:
    """What a start prints after a shell has run ``mounts``."""
    starter = [sys.executable, "-B", "-c", STARTER, str(root), str(megabytes)]
    command = [*unshare, "sh", "-c", f'set -e\n{mounts}\nexec "$@"', "sh", *starter]
    done = subprocess.run(
        command, cwd=PACKAGE.parent, check=False, capture_output=True, text=True, timeout=300
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 0, done.stderr
    assert qemus(root) == []
    return done.stdout.strip()


def bound(root: Path, option: str) -> str:
    return f"mount --bind {root} {root} && mount -o remount,bind,{option} {root}\n"


def test_a_cold_start_writes_into_the_cache_folder_and_nowhere_else(
    unshare: list[str], cold: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    mounts = (
        TEMPORARY.format(temporary=temporary)
        + bound(cold, "rw")
        + READ_ONLY.format(writable=f"{cold} | {temporary}")
    )
    after = f'"$@"; test -z "$(ls -A {temporary})"; exit\n'
    assert started(unshare, mounts + after, cold) == "cold"
    assert list((cold / "lab-1/scratch").glob("*/*")) == []


def test_a_prepared_lab_is_used_from_a_folder_that_cannot_be_written(
    unshare: list[str], warm: Path
) -> None:
    assert started(unshare, bound(warm, "ro"), warm) == "warm"


def test_a_lab_that_cannot_be_kept_is_a_usage_problem(unshare: list[str], cold: Path) -> None:
    said = started(unshare, bound(cold, "ro"), cold)
    assert said.startswith(f"the lab cannot write to {cold}/lab-1: Read-only file system. Name an")


def test_a_damaged_snapshot_that_cannot_be_replaced_is_a_usage_problem(
    unshare: list[str], warm: Path
) -> None:
    with ram(warm).open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    assert "cannot write to" in started(unshare, bound(warm, "ro"), warm)


def tmpfs(cold: Path, megabytes: int) -> str:
    place = f"{cold}/lab-1/snapshots"
    return f"mkdir -p {place} && mount -t tmpfs -o size={megabytes}m none {place}\n"


def test_a_disk_that_is_too_small_is_told_before_the_boot(
    unshare: list[str], tmp_path: Path
) -> None:
    mounts = f"mount -t tmpfs -o size=50m none {tmp_path}\n"
    said = started(unshare, mounts, tmp_path, 400)
    assert f"no space left for the lab in {tmp_path}/lab-1: " in said
    assert "MB, 52 MB are available" in said


def test_a_disk_that_fills_up_under_qemu_is_the_same_error(unshare: list[str], cold: Path) -> None:
    mounts = tmpfs(cold, 30)
    left = f'"$@"; ls -R {cold}/lab-1/snapshots | grep -c . ; exit\n'
    said, files = started(unshare, mounts + left, cold).splitlines()
    assert said.startswith(f"no space left for the lab in {cold}/lab-1: the disk is full. Free s")
    assert int(files) <= 3  # at most the folder of the line, empty
    # With space again it is made.
    again = f'"$@"; mount -o remount,size=300m {cold}/lab-1/snapshots; exec "$@"\n'
    assert started(unshare, mounts + again, cold).splitlines()[1] == "cold"


def test_a_vm_has_no_network(stocked: Cache, tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        'sys.path.insert(0, "")\n'
        "from pytest_kvmpmu.wire.frame import encode\n"
        'sys.stdout.buffer.write(encode(sorted(os.listdir("/sys/class/net"))))\n'
        "sys.stdout.buffer.flush()\n"
        "sys.stdin.read()\n"
    )
    kept = stock.Stock(stocked, print)
    kernel = kept.kernel(lines.load(LINE))
    members = dict(cpio.read(kept.userspace().file(stock.BASE).read_bytes()))
    members[f"{agent_files.HOME}/net.py"] = cpio.file(script.encode())
    board = Board(qemu.check(qemu.find()), BOARD, cpus.DEFAULT, kernel.file(stock.IMAGE), tmp_path)
    with board.boot(userspace.with_agent(members, agent_files.init("net.py"))) as vm:
        assert vm.receive(120) == ["lo"]
        # Nor has QEMU itself: its sockets are not network sockets.
        sockets = {str(fd.readlink()) for fd in Path(f"/proc/{vm.pid}/fd").iterdir()}
        for kind in ("tcp", "tcp6", "udp", "udp6", "raw", "packet"):
            listed = Path(f"/proc/net/{kind}").read_text().split()
            assert not {
                name for name in sockets if name.removeprefix("socket:[").rstrip("]") in listed
            }


# QEMU with another version of its machine: "virt" changes with an upgrade.
QEMU = """
version=$(cat {told})
for argument; do
    shift
    case $argument in virt,*) argument="virt$version,${{argument#virt,}}" ;; esac
    set -- "$@" "$argument"
done
exec {qemu} "$@"
"""


def test_a_snapshot_of_another_qemu_version_is_made_anew(
    cold: Path, pretend: Pretend, tmp_path: Path, said: list[str]
) -> None:
    told = tmp_path / "version"
    told.write_text("")
    program = pretend("qemu-system-aarch64", QEMU.format(told=told, qemu=qemu.find()))
    start(LINE, BOARD, cache_dir=cold, progress=said.append).close()
    # The program is the same file, as if a script starts the real one: QEMU itself refuses.
    told.write_text("-7.1")
    with start(LINE, BOARD, cache_dir=cold, progress=said.append) as vm:
        assert not vm.was_warm
    (why,) = [text for text in said if "does not work, making a new one" in text]
    assert "virt-7.1" in why
    # The program is another file: the old one's snapshot is not even tried.
    os.utime(program, (1, 1))
    with start(LINE, BOARD, cache_dir=cold, progress=said.append) as vm:
        assert not vm.was_warm
    assert sum("does not work" in text for text in said) == 1
    assert sum(text.startswith("booting ") for text in said) == 3


@pytest.mark.parametrize("word", ["booting ", "keeping a snapshot"])
def test_after_a_killed_set_up_the_next_one_begins_anew(cold: Path, word: str) -> None:
    command = [sys.executable, "-B", "-c", STARTER, str(cold), "0"]
    with subprocess.Popen(
        command, cwd=PACKAGE.parent, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stderr is not None
        while word not in child.stderr.readline():
            pass
        child.kill()
    with start(LINE, BOARD, cache_dir=cold) as vm:
        assert not vm.was_warm
    with start(LINE, BOARD, cache_dir=cold) as vm:
        assert vm.was_warm
    assert list(cold.glob("lab-*/**/*.unfinished")) == []
