"""How a world handles KVM_RUN, and how it ends (on a fake kernel)."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path

import pytest

from pytest_kvmpmu.agent.lane import CannotIssue
from pytest_kvmpmu.agent.world import World
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome

from .fake_kernel import FakeKernel, issue, readable, with_vcpu


def poke(kernel: FakeKernel, at: int, content: bytes) -> None:
    """Write to the struct kvm_run of the vCPU made last."""
    os.pwrite(kernel.fds[-1], content, at)


def test_immediate_exit_is_set_and_cleared(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    for wanted in (True, False):
        issue(here, "KVM_RUN", "vcpu0", immediate_exit=wanted)
        assert os.pread(kernel.fds[-1], 1, 1) == bytes([wanted])


@pytest.mark.parametrize(
    ("reason", "members", "exit"),
    [
        (0, b"", Exit(0)),
        (9, struct.pack("<QI", 1, 4), Exit(9, FailEntry(1, 4))),
        (9, b"", Exit(9, FailEntry(None, None))),
        (9, struct.pack("<Q", 1), Exit(9, FailEntry(1, None))),
        (
            6,
            struct.pack("<QQIB", 0x0A000000, 77, 8, 1),
            Exit(6, mmio=Mmio(0x0A000000, 8, True, 77)),
        ),
        (6, struct.pack("<QQIB", 16, 0x1234, 1, 0), Exit(6, mmio=Mmio(16, 1, False, 0x34))),
        (6, b"", Exit(6)),
    ],
    ids=["none", "fail_entry", "poisoned", "half", "store", "byte load", "stale mmio"],
)
def test_the_exit_is_what_the_kernel_wrote_in_this_call(
    reason: int, members: bytes, exit: Exit, here: World, kernel: FakeKernel
) -> None:
    def answer(arg: int) -> tuple[int, int]:
        poke(kernel, 8, struct.pack("<I", reason))
        poke(kernel, 32, members)
        return 0, 0

    with_vcpu(here)
    kernel.answers["KVM_RUN"] = answer
    assert issue(here, "KVM_RUN", "vcpu0") == Outcome(0, exit=exit)


def test_a_refused_run_has_its_exit_reason_too(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    kernel.answers["KVM_RUN"] = lambda _: (-1, Errno.EINTR)
    assert issue(here, "KVM_RUN", "vcpu0", arg=0) == Outcome(-1, Errno.EINTR, exit=Exit(0))


def test_an_interrupted_run_is_marked(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    kernel.answers["KVM_RUN"] = lambda _: (-1, Errno.EINTR)
    kernel.late = True
    assert issue(here, "KVM_RUN", "vcpu0").timed_out


def test_a_world_knows_whether_it_ran_a_guest(here: World) -> None:
    with_vcpu(here)
    assert not here.has_run
    issue(here, "KVM_RUN", "vcpu0")
    assert here.has_run


def test_each_vcpu_runs_in_one_thread_the_first_in_the_worlds_own(
    kernel: FakeKernel, tmp_path: Path
) -> None:
    seen: list[int] = []

    def answer(_: int) -> tuple[int, int]:
        seen.append(threading.get_native_id())
        return 0, 0

    world = with_vcpu(World(tmp_path))
    issue(world, "KVM_CREATE_VCPU", "vm0", "vcpu1", id=1)
    kernel.answers["KVM_RUN"] = answer
    for vcpu, cpu in (("vcpu0", 3), ("vcpu1", 4), ("vcpu0", 3), ("vcpu1", 4)):
        issue(world, "KVM_RUN", vcpu, cpu=cpu)
    first, second, *again = seen
    assert first == threading.get_native_id()
    assert second != first
    assert again == [first, second]
    assert kernel.affinity == [{0}, {3}, {4}]
    world.close()
    assert second not in [thread.native_id for thread in threading.enumerate()]


def test_a_cpu_that_a_vcpus_thread_can_not_have_is_named(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_vcpu(here)
    issue(here, "KVM_RUN", "vcpu0")

    def refuse(pid: int, cpus: set[int]) -> None:
        raise OSError(Errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with pytest.raises(CannotIssue, match="CPU 77 cannot be used here"):
        issue(here, "KVM_RUN", "vcpu1", cpu=77)


def test_the_end_of_a_world_closes_all_that_it_opened(kernel: FakeKernel, tmp_path: Path) -> None:
    world = with_vcpu(World(tmp_path))
    assert issue(world, "KVM_SET_USER_MEMORY_REGION", "vm0").ret == 0
    (hva,) = struct.unpack_from("<Q", kernel.last(), 24)
    assert readable(hva)
    world.close()
    assert not readable(hva)
    for fd in kernel.fds:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
