"""Print the figures: ``python -m tests.tools.benchmarks [LINE ...]``; without LINE no lab."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from pytest_kvmpmu import lab
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.lab import bytecode
from pytest_kvmpmu.lab.board import Board
from pytest_kvmpmu.lab.initramfs import agent_files, userspace
from pytest_kvmpmu.lab.progress import megabytes, to_stderr
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.recipe import RAM
from pytest_kvmpmu.lab.vm import qemu
from pytest_kvmpmu.support.resources import conformance_dir

from . import warm
from .timing import pairs, pytest_command, until_line, wall

SLICE = [
    str(conformance_dir() / name) for name in ("test_cover_letter.py", "test_vcpu_1_4_set_pmu.py")
]
# The empty tests run under the same settings as the specs.
SETTINGS = Path(__file__).parents[3] / "pyproject.toml"
EMPTY = "def {function}(): pass\n"
MANY_EMPTY = """
import pytest

@pytest.mark.parametrize("n", range({count}))
def {function}(n): pass
"""


def show(what: str, figure: str) -> None:
    """One line of the report."""
    print(f"{what:<62} {figure}", flush=True)


def unused() -> None:
    """What the plugin costs a pytest run that does not use it."""
    command = [sys.executable, "-m", "pytest", "--version"]
    there, absent = pairs(command, [*command, "-p", "no:kvmpmu"], 15)
    show("pytest --version: with the plugin, without, ratio", ratio(there, absent))
    show("  the plugin adds", f"{(there - absent) * 1000:.0f} ms")


def on_the_model(what: str, specs: list[str], *options: str) -> None:
    """The specs on the model and as many empty tests, all run with ``options``: of one
    function, and of as many functions and files as the specs are.
    """
    ids = collection(pytest_command("--collect-only", *specs))
    how = " ".join([f"{what} on the model ({len(ids)})", *options])
    with tempfile.TemporaryDirectory() as folder:
        one, alike = Path(folder, "one"), Path(folder, "alike")
        write_empty(one, Counter({("test_empty.py", "test"): len(ids)}))
        write_empty(alike, Counter(map(function_of, ids)))
        for place, layout in ((one, "empty tests"), (alike, "laid out alike")):
            beside = pytest_command("-c", str(SETTINGS), str(place), *options)
            specs_seconds, empty_seconds = pairs(pytest_command(*specs, *options), beside, 15)
            show(f"{how}, {layout}, ratio", ratio(specs_seconds, empty_seconds))


def collection(command: list[str]) -> list[str]:
    """The ids of the tests that ``command`` collects."""
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in text.splitlines() if "::" in line]


def function_of(node_id: str) -> tuple[str, str]:
    """The names of file and function."""
    file, _, test = node_id.partition("::")
    return Path(file).name, test.partition("[")[0]


def write_empty(folder: Path, tests: Counter[tuple[str, str]]) -> None:
    """Write ``counts`` empty tests of each function of each file."""
    folder.mkdir()
    for (file, function), count in tests.items():
        form = EMPTY if count == 1 else MANY_EMPTY
        with (folder / file).open("a") as text:
            text.write(form.format(function=function, count=count))


def ratio(a: float, b: float) -> str:
    """Both times in seconds, and their ratio."""
    return f"{a:.2f} s, {b:.2f} s, {a / b:.2f}"


def in_the_lab(line: str) -> None:
    """One kernel line: first answer, specs, snapshot, memory, cold boot."""
    host = topology.load("rockpro64")
    with lab.start(line, host) as machine:
        resident = Path(f"/proc/{machine.pid}/statm").read_text().split()[1]
    show(f"{line}: one lab VM, resident after its first answer", f"{int(resident) * 4 // 1024} MB")
    options = ["--kvmpmu-backend=real", f"--kvmpmu-target=lab:{line}"]
    one = pytest_command(*options, f"{SLICE[0]}::test_the_chosen_pmu_counts_on_all_its_cpus")
    one.remove("-q")
    answers = [until_line(one, "kvmpmu: ") for _ in range(5)]
    show(f"{line}: start of pytest to first answer, warm", f"{statistics.median(answers):.2f} s")
    times = [wall(pytest_command(*options, *SLICE)) for _ in range(3)]
    show(f"{line}: specs of cover letter and SET_PMU, warm", f"{statistics.median(times):.1f} s")
    times = [wall(pytest_command(*options, str(conformance_dir()))) for _ in range(3)]
    show(f"{line}: all specs, warm", f"{statistics.median(times):.1f} s")
    warm_start(line)
    setup(line)
    cold_boot(line)


def warm_start(line: str) -> None:
    """A warm start to the first answer, compared with QEMU alone with the same snapshot."""
    for what, answered, loaded in warm.figures(line):
        show(f"{line}: {what}, QEMU alone, ratio", ratio(answered, loaded))
    ram = warm.kept(warm.recipe_of(line, topology.load("rockpro64"))).file(RAM)
    show(f"{line}: snapshot file", megabytes(ram.stat().st_size))


def setup(line: str) -> None:
    """`kvmpmu lab setup` of a line of which only the snapshot is missing."""
    shared = Cache(None)
    with tempfile.TemporaryDirectory() as folder:
        mine = Cache(Path(folder))
        mine.root.mkdir()
        for name in ("bytecode", "current", "kernels", "user-space"):
            (mine.root / name).symlink_to(shared.root / name)
        began = time.perf_counter()
        lab.start(line, topology.load("rockpro64"), cache_dir=Path(folder)).close()
        seconds = time.perf_counter() - began
    show(f"{line}: set-up of one board without download", f"{seconds:.1f} s")


def cold_boot(line: str) -> None:
    """From the start of QEMU to the agent's first message, without a snapshot."""
    cache = Cache(None)
    kept = stock.Stock(cache, to_stderr)
    kernel, base = kept.kernel(lab.check_line(line)), kept.userspace()
    with tempfile.TemporaryDirectory() as folder:
        board = Board(
            qemu.check(qemu.find()),
            topology.load("rockpro64"),
            lab.cpus.DEFAULT,
            kernel.file(stock.IMAGE),
            Path(folder),
        )
        members = bytecode.with_bytecode(cache, base, board, to_stderr)
        initramfs = userspace.with_agent(members, agent_files.INIT)
        show("initramfs", megabytes(len(initramfs)))
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            with board.boot(initramfs) as machine:
                machine.receive(240)
                seconds.append(time.perf_counter() - began)
    show(f"{line}: cold boot to the agent's first message", f"{statistics.median(seconds):.1f} s")


def main() -> None:
    """All figures; those of the lab for the named lines."""
    unused()
    on_the_model("specs of cover letter and SET_PMU", SLICE)
    on_the_model("all specs", [str(conformance_dir())])
    on_the_model("all specs", [str(conformance_dir())], "-n2")
    for line in sys.argv[1:]:
        in_the_lab(line)


main()
