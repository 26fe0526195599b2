"""``kvmpmu topology``: from a device tree and from this host."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.commands import topology as command
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host, Pmu

from ..data import trees


@pytest.fixture
def juno(tmp_path: Path) -> Path:
    """The file of a device tree."""
    path = tmp_path / "juno.dtb"
    path.write_bytes(trees.dtb(trees.JUNO))
    return path


def ends(*args: str) -> int:
    """The exit status of the program, which argparse may also end."""
    try:
        return commands.main(["topology", *args])
    except SystemExit as left:
        return int(left.code or 0)


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line on standard error of a usage error."""
    assert ends(*args) == 4
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


def test_a_device_tree_is_written_to_standard_output(
    juno: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(str(juno)) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(
        "# From the device tree juno.dtb.\n"
        "# CPU numbers: if the CPU of node 0 below /cpus boots. The tree does not say it.\n"
    )
    assert 'cpus = "0,3-5"' in said.out


def test_another_cpu_may_boot(juno: Path, tmp_path: Path) -> None:
    out = tmp_path / "juno.toml"
    assert ends(str(juno), "--boot-cpu=2", "-o", str(out)) == 0
    # Nodes 2, 0, 1, 3, 4 and 5 are CPUs 0 to 5.
    assert [sorted(pmu.cpus) for pmu in topology.read(out).pmus] == [[0, 2], [1, 3, 4, 5]]


def test_a_written_file_is_a_topology(juno: Path, tmp_path: Path) -> None:
    out = tmp_path / "juno.toml"
    out.write_text("an older file")
    assert ends(str(juno), "--output", str(out)) == 0
    found = topology.read(out)
    assert (found.gics, [pmu.core for pmu in found.pmus]) == ((2,), ["cortex-a57", "cortex-a53"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["juno.dtb", "juno.toml"]


def test_this_host_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Backend:
        release = "6.12.1"
        host = Host("this host", (0, 1), (Pmu("armv8_pmuv3_0", 10, frozenset({0, 1})),))
        closed = False

        def __init__(self, *_: object) -> None:
            pass

        def close(self) -> None:
            Backend.closed = True

    monkeypatch.setattr(command, "RealBackend", Backend)
    assert ends("--from-host") == 0
    said = capsys.readouterr().out
    assert said.startswith("# From a host with kernel 6.12.1, target local.\ncpus = 2\n")
    assert 'name = "armv8_pmuv3_0"\ntype = 10\ncpus = "0-1"\n' in said
    assert Backend.closed


@pytest.mark.skipif(platform.machine() == "aarch64", reason="an arm64 host may be described")
def test_another_architecture_is_one_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert "and KVM_ARM_VCPU_PMU_V3_SET_PMU is an arm64 interface" in refused(capsys, "--from-host")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file or directory. Name a readable file."),
        (b"cpus = 1\n", "is not a flattened device tree. Name a compiled device tree"),
        (b"", "is not a flattened device tree"),
        (trees.dtb(trees.JUNO)[:-9], "is truncated: "),
        (trees.dtb({**trees.JUNO, "cpus": {}}), "has no CPUs below /cpus"),
        (trees.dtb({**trees.cpus(1)}), "has no core PMU that a kernel knows"),
    ],
)
def test_a_bad_device_tree_is_one_error(
    content: bytes | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.dtb"
    if content is not None:
        path.write_bytes(content)
    said = refused(capsys, str(path))
    assert said.startswith(f"kvmpmu: error: device tree {path} ")
    assert says in said


def test_wrong_options_are_one_error(
    juno: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is required" in refused(capsys)
    assert "not allowed with" in refused(capsys, str(juno), "--from-host")
    said = refused(capsys, str(juno), "--boot-cpu=6")
    assert "has no CPU node 6. The CPU nodes are 0 to 5." in said
    said = refused(capsys, str(juno), "-o", str(tmp_path / "absent" / "a.toml"))
    assert "cannot be written: No such file or directory" in said
    said = refused(capsys, str(juno), "-o", str(tmp_path))
    assert "topology file" in said
    assert "it is not a regular file" in said or "cannot be written" in said
