"""Starting an agent: what counts as a failure, and when the target is abandoned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kvmpmu.backends.bring_up import MOST_FAILURES, BringUps
from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.errors import BackendFailure, UsageProblem
from pytest_kvmpmu.link.link import Link, LinkLost
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import encode

from ..fakes import FACTS, FakeTarget, describing

CALL = Call.make("KVM_GET_API_VERSION", "kvm", 3)


class Moody(FakeTarget):
    """Fails to connect with each of ``errors`` in turn; None connects."""

    def __init__(self, *errors: Exception | None) -> None:
        super().__init__(describing(lambda _: [None]))
        self.errors = list(errors)

    def connect(self) -> Link:
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        return super().connect()


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"ok": {}}, "has no machine: {}"),
        ({"ok": 7}, "did not describe its machine: {'ok': 7}"),
        ({"hello": 1}, "did not describe its machine"),
        ({"ok": {**FACTS, "cpus": "0-5"}}, "has no cpus"),
        ({"ok": {**FACTS, "pmus": ["a53"]}}, "described an invalid PMU: 'a53'"),
        ({"ok": {**FACTS, "pmus": [{"name": "a", "type": 9, "cpus": "x"}]}}, "an invalid PMU"),
        ({"ok": {**FACTS, "pmus": [{"name": "a", "type": None, "cpus": "0"}]}}, "an invalid PMU"),
        ({"ok": {**FACTS, "pmus": [{"name": "a", "type": 9, "cpus": 0}]}}, "an invalid PMU"),
    ],
)
def test_a_description_that_is_none_is_a_failure(said: dict[str, Any], says: str) -> None:
    target = FakeTarget(lambda _: [encode(said)])
    with pytest.raises(BackendFailure) as caught:
        RealBackend(target, 1.0)
    assert says in str(caught.value)
    assert target.closed == target.links == 1


def test_the_third_failure_in_a_row_tells_the_first_and_is_the_last_try() -> None:
    errors = [LinkLost("no greeting"), UsageProblem("full", "Free some"), OSError("fork")]
    assert len(errors) == MOST_FAILURES
    target = Moody(*errors)
    ups = BringUps(target)
    for error in errors[:-1]:
        with pytest.raises(type(error)):
            ups.link()
        assert ups.lost == ""
    for _ in range(3):
        with pytest.raises(LinkLost, match="3 times in a row; the first time: no greeting"):
            ups.link()
    assert ups.lost
    assert target.links == 0


def test_one_that_comes_up_in_between_begins_the_count_again() -> None:
    no = LinkLost("no")
    ups = BringUps(Moody(no, no, None, no, no, None))
    for good in (False, False, True) * 2:
        if good:
            ups.link().close()
        else:
            with pytest.raises(LinkLost, match=r"^no$"):
                ups.link()
    assert ups.lost == ""


def test_a_machine_that_is_another_one_now_is_not_used() -> None:
    facts: Iterator[dict[str, Any]] = iter([FACTS, {**FACTS, "release": "6.13.0", "cpus": [0]}])
    target = FakeTarget(lambda _: [encode({"ok": next(facts)})])
    ups = BringUps(target)
    ups.link().close()
    with pytest.raises(LinkLost) as caught:
        ups.link()
    assert "release was '6.12.0-test', is '6.13.0'" in str(caught.value)
    assert "cpus was [0, 1, 2, 3, 4, 5], is [0]" in str(caught.value)
    assert "kvm" not in str(caught.value)
    assert target.closed == 2


def test_the_backend_is_lost_with_its_target() -> None:
    target = Moody(None, *[UsageProblem("the disk is full", "Free some")] * 3)
    backend = RealBackend(target, 1.0)
    with pytest.raises(BackendFailure, match="fake: the agent has ended"):
        backend.world().execute([CALL])
    for _ in range(2):
        with pytest.raises(BackendFailure, match=r"^fake: the disk is full. Free some.$"):
            backend.world().execute([CALL])
        assert backend.lost == ""
    with pytest.raises(BackendFailure, match="3 times in a row"):
        backend.world().execute([CALL])
    assert backend.lost.startswith("fake: it could not be brought up 3 times in a row")
    backend.close()
