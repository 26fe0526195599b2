"""Outcomes: one JSON form."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome

from .strategies import outcomes


@given(outcomes)
def test_every_outcome_survives_its_json_form(outcome: Outcome) -> None:
    assert Outcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome(0), {"ret": 0}),
        (Outcome(-1, Errno.ENXIO), {"ret": -1, "errno": "ENXIO"}),
        (Outcome(-1, 133), {"ret": -1, "errno": "E133"}),
        (Outcome(0, out={"value": 23}), {"ret": 0, "out": {"value": 23}}),
        (
            Outcome(0, exit=Exit(9, FailEntry(1, 4))),
            {
                "ret": 0,
                "exit": {
                    "reason": "KVM_EXIT_FAIL_ENTRY",
                    "fail_entry": {"hardware_entry_failure_reason": 1, "cpu": 4},
                },
            },
        ),
        (
            Outcome(0, exit=Exit(6, mmio=Mmio(0x0A000000, 8, True, 77))),
            {
                "ret": 0,
                "exit": {
                    "reason": "KVM_EXIT_MMIO",
                    "mmio": {"phys_addr": 0x0A000000, "len": 8, "is_write": True, "data": 77},
                },
            },
        ),
        (
            Outcome(-1, Errno.EINTR, exit=Exit(99), timed_out=True),
            {"ret": -1, "errno": "EINTR", "exit": {"reason": 99}, "timed_out": True},
        ),
    ],
    ids=["done", "refused", "unnamed-errno", "out", "fail-entry", "mmio", "interrupted"],
)
def test_the_json_form_has_names_and_leaves_out_what_has_no_value(
    outcome: Outcome, said: dict[str, object]
) -> None:
    assert outcome.to_json() == said
