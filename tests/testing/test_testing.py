"""`check_backend`: what it says of broken promises, and what it leaves behind."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.backends.model import ModelBackend, ModelWorld
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.testing import BrokenPromises, check_backend

from . import broken as wrong
from .test_promises import ANSWERS, RACE


def test_a_backend_that_is_right_in_all_else_breaks_one_promise() -> None:
    with pytest.raises(BrokenPromises) as caught:
        check_backend(wrong.RaceInAnyOrder)
    assert list(caught.value.broken) == [RACE]
    assert str(caught.value).startswith("the backend model breaks 1 promise of ")


def test_what_builds_on_a_broken_promise_is_not_tried_and_that_is_said() -> None:
    with pytest.raises(BrokenPromises) as caught:
        check_backend(wrong.each(wrong.as_dicts))
    assert list(caught.value.broken) == [ANSWERS]
    assert str(caught.value).splitlines()[-1].startswith("13 further promises depend on that")


def test_a_backend_that_can_not_be_made_is_no_broken_promise() -> None:
    def make() -> ModelBackend:
        raise UsageProblem("no board here", "Plug one in")

    with pytest.raises(UsageProblem, match="no board here"):
        check_backend(make)


def test_a_backend_is_closed_whatever_it_breaks() -> None:
    closed: list[bool] = []

    class Closing(wrong.Whole):
        def world(self) -> ModelWorld:
            raise KeyboardInterrupt

        def close(self) -> None:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt):
        check_backend(Closing)
    assert closed
