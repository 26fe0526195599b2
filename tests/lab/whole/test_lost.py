"""A kernel that panics in the middle of a spec, and a VM that does not restart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_kvmpmu.lab.initramfs import agent_files, userspace

from ..conftest import BOARD_TOML, LINE
from ..processes import qemus

pytestmark = pytest.mark.lab

PANIC = 4242
# The agent, and a call at which its kernel panics.
PANICKY = f"""
from pytest_kvmpmu.agent import server, service

real = service.prepare

def prepare(call):
    if call.args.get("cap") == {PANIC}:
        with open("/proc/sysrq-trigger", "w") as trigger:
            trigger.write("c")
    return real(call)

service.prepare = prepare
server.main()
"""
SPECS = f"""
def test_before(kvm): assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
def test_panic(vm): vm.check_extension({PANIC})
def test_after(kvm): assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
"""


@pytest.fixture
def args(
    pytester: pytest.Pytester, cold: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[str]:
    """The arguments of a run on a kernel that panics on request."""
    agent = tmp_path / "panicky.py"
    agent.write_text(PANICKY)
    more = [*agent_files.sources(), ("panicky.py", agent)]
    for room in (agent_files, userspace):
        monkeypatch.setattr(room, "sources", lambda: more)
    monkeypatch.setattr(agent_files, "INIT", agent_files.init("panicky.py"))
    pytester.makefile(".toml", board=BOARD_TOML)
    return [
        "--kvmpmu-backend=real",
        f"--kvmpmu-target=lab:{LINE}",
        "--kvmpmu-topology=board.toml",
        f"--kvmpmu-cache-dir={cold}",
    ]


def test_a_panic_fails_its_spec_and_the_next_has_a_fresh_vm(
    pytester: pytest.Pytester, args: list[str], cold: Path
) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"E *BackendFailure: lab:{LINE}: the agent has ended; its last words:",
            "*| *Kernel panic - not syncing: sysrq triggered crash*",
        ]
    )
    assert qemus(cold) == []


def test_a_vm_that_does_not_come_up_again_ends_the_run_with_the_first_cause(
    pytester: pytest.Pytester, args: list[str], cold: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])  # it ends with the test process
    qemu = pytester.mkdir("bin") / "qemu-system-aarch64"
    pytester.makepyfile(
        f"""
import os, pathlib, pytest

def test_panic(kvm):
    qemu = pathlib.Path({str(qemu)!r})
    qemu.write_text("#!/bin/sh\\necho out of luck >&2; exit 1\\n")
    qemu.chmod(0o755)
    os.environ["PATH"] = f"{{qemu.parent}}:{{os.environ['PATH']}}"
    kvm.check_extension({PANIC})

@pytest.mark.parametrize("number", range(20))
def test_more(number, kvm): kvm.check_extension(0)
"""
    )
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(failed=4)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "the run was stopped:",
            f"lab:{LINE}: it could not be brought up 3 times in a row; the first time: *",
            "*out of luck*",
        ]
    )
    assert qemus(cold) == []
