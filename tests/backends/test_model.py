"""The model as a backend."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import NEWEST, revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.errors import BackendFailure, UsageProblem
from pytest_kvmpmu.model import State
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

HOST = load("rockpro64")
VM = Call.make("KVM_CREATE_VM", "kvm", 0, "vm0")
TARGET = Call.make("KVM_ARM_PREFERRED_TARGET", "vm0", 0)


def test_the_newest_revision_is_the_default() -> None:
    backend = ModelBackend(HOST)
    assert (backend.name, backend.host, backend.notes) == ("model", HOST, ())
    assert (backend.revision, backend.release) == (NEWEST, NEWEST.name)


def test_a_release_stands_for_its_revision() -> None:
    backend = ModelBackend(HOST, "6.1.119")
    assert (backend.revision, backend.release) == (revision("linux-6.0"), "6.1.119")


def test_a_release_newer_than_any_checked_is_noted() -> None:
    (note,) = ModelBackend(HOST, "99.0").notes
    assert note.startswith("kernel 99.0 is newer than ")


def test_an_unknown_kernel_is_a_problem() -> None:
    with pytest.raises(UsageProblem, match="unknown kernel revision 'banana'"):
        ModelBackend(HOST, "banana")


def test_a_world_keeps_what_its_calls_made() -> None:
    world = ModelBackend(HOST).world()
    assert world.execute([VM]) == [Outcome(0)]
    assert world.execute([TARGET, TARGET])[1].ret == 0


@pytest.mark.parametrize(("until", "count"), [(True, 2), (False, 3)])
def test_calls_after_a_refusal_are_left_out_where_that_is_asked(until: bool, count: int) -> None:
    bad = Call.make("KVM_CREATE_VM", "kvm", 0, "vm1", type=1)
    world = ModelBackend(HOST).world()
    outcomes = world.execute([VM, bad, TARGET], until_refused=until)
    assert [outcome.ret for outcome in outcomes] == [0, -1, 0][:count]


def test_the_next_world_has_nothing_of_the_one_before() -> None:
    backend = ModelBackend(HOST)
    backend.world().execute([VM])
    assert backend.world().execute([TARGET]) == [Outcome(-1, Errno.EBADF)]
    backend.close()


def test_a_cpu_that_the_host_lacks_is_a_failure() -> None:
    call = Call.make("KVM_CREATE_VM", "kvm", 6, "vm0")
    with pytest.raises(BackendFailure, match="CPU 6 cannot be used here"):
        ModelBackend(HOST).world().execute([call])


def test_a_call_that_is_not_modelled_is_a_failure_and_changes_nothing() -> None:
    world = ModelBackend(HOST).world()
    world.execute([VM])
    with pytest.raises(BackendFailure, match=r"the model does not cover .*KVM_CHECK_EXTENSION"):
        world.execute([Call.make("KVM_CHECK_EXTENSION", "kvm", 0, cap="KVM_CAP_ONE_REG")])
    assert world.execute([TARGET])[0].ret == 0


def test_what_was_worked_out_once_is_known_in_each_world() -> None:
    backend = _Counting(HOST)
    for _ in range(3):
        backend.world().execute([VM, TARGET, TARGET])
    assert backend.steps == [VM, TARGET, TARGET]


def test_the_same_call_after_others_is_another_matter() -> None:
    backend = _Counting(HOST)
    backend.world().execute([VM, TARGET])
    assert backend.world().execute([TARGET, VM]) == [Outcome(-1, Errno.EBADF), Outcome(0)]
    assert backend.steps == [VM, TARGET, TARGET, VM]


def test_what_a_backend_remembers_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kvmpmu.backends.model._MOST", 2)
    backend = _Counting(HOST)
    for _ in range(2):
        outcomes = backend.world().execute([VM, TARGET, VM])
        assert [outcome.ret for outcome in outcomes] == [0, 0, 0]
    assert backend.steps == [VM, TARGET, VM, TARGET, VM]


class _Counting(ModelBackend):
    """Records the calls that it computes."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.steps: list[Call] = []

    def _step(self, state: State, call: Call) -> tuple[State, Outcome]:
        self.steps.append(call)
        return super()._step(state, call)
