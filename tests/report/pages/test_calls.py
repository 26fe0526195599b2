"""Calls as lines: equal ones once, others with what differs."""

from __future__ import annotations

from pytest_kvmpmu.report.pages import calls
from pytest_kvmpmu.report.pages.matrix import matrix
from pytest_kvmpmu.report.results.result import SpecResult

from ..runs import report, result
from .test_matrix import PASS, row


def issued(attr: str, errno: str = "") -> SpecResult:
    call = {"call": "KVM_SET_DEVICE_ATTR", "on": "vcpu0", "cpu": 0, "attr": attr}
    outcome = {"ret": -1, "errno": errno} if errno else {"ret": 0}
    first = {"call": {"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"},
             "outcome": {"ret": 0}}  # fmt: skip
    pairs = (first, first, first, {"call": call, "outcome": outcome})
    return result("f::a", PASS, "set-pmu.set", calls=pairs)


def test_identical_calls_are_there_once_and_others_show_what_differs() -> None:
    found = matrix(
        [
            report(issued("A"), kernel="5.18"),
            report(issued("A", "EBUSY"), kernel="6.1"),
            report(issued("A"), kernel="6.12"),
        ]
    )
    (evidence,) = row(found, "set-pmu.set").evidence
    assert [variant.columns for variant in evidence.variants] == [(0, 2), (1,)]
    assert evidence.variants[0].lines == (
        "  1  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  2  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  3  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  4  cpu0 vcpu0 KVM_SET_DEVICE_ATTR attr=A = 0",
    )
    assert evidence.variants[1].lines == (
        "  1 to 3: as above",
        "  4  cpu0 vcpu0 KVM_SET_DEVICE_ATTR attr=A = -1 EBUSY",
    )


def test_an_outcome_is_a_line_in_the_kernels_words() -> None:
    run = {"call": "KVM_RUN", "on": "vcpu0", "cpu": 4}
    mmio = {"phys_addr": 0xA000000, "len": 8, "is_write": True, "data": 123456}
    fail = {"hardware_entry_failure_reason": 1, "cpu": 4}
    shown = calls.lines(
        [
            {"call": run, "outcome": {"ret": 0, "exit": {"reason": "KVM_EXIT_MMIO", "mmio": mmio}}},
            {"call": run, "outcome": {"ret": 0, "exit": {"reason": "X", "fail_entry": fail}}},
            {"call": run, "outcome": {"ret": -1, "errno": "EINTR", "timed_out": True}},
            {"call": run, "outcome": None},
            {"call": {**run, "addr": {"u64": 0x8000000}, "features": [3]},
             "outcome": {"ret": 0, "out": {"target": 5, "features": []}}},
        ]
    )  # fmt: skip
    assert shown == (
        "cpu4 vcpu0 KVM_RUN = 0 KVM_EXIT_MMIO phys_addr=0xa000000 len=8 is_write=true data=moved",
        "cpu4 vcpu0 KVM_RUN = 0 X hardware_entry_failure_reason=1 cpu=4",
        "cpu4 vcpu0 KVM_RUN = -1 EINTR timed out",
        "cpu4 vcpu0 KVM_RUN = no answer",
        "cpu4 vcpu0 KVM_RUN addr=u64:0x8000000 features=3 = 0 target=5 features=none",
    )
