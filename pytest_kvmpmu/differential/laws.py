"""Laws that hold on any kernel, independent of the model.

Each law makes variants of a sequence, each issued in a fresh world, and says which of their
outcomes must equal those of the sequence itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..data.revision import FIRST, Revision, revision
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.call import Call
from ..wire.outcome import Outcome
from .reach import owners

# A variant: its calls, each with the place in the sequence of the call whose outcome it must
# have, or None if its outcome is not checked.
Variant = Sequence[tuple[Call, "int | None"]]

_PMU_ATTRS = range(6)


class Ran(NamedTuple):
    """A sequence, its outcomes, and the revision of the kernel that it ran on."""

    calls: Sequence[Call]
    outcomes: Sequence[Outcome]
    revision: Revision


Law = Callable[[Ran], Variant]


class Wart(NamedTuple):
    """A refusal that does change state: the clause that says so, and when."""

    clause: str
    applies: Callable[[Call, Outcome], bool]
    since: Revision = FIRST
    until: Revision | None = None

    def holds_in(self, wanted: Revision) -> bool:
        return self.since <= wanted and (self.until is None or wanted <= self.until)


def _is_run(call: Call, _: Outcome) -> bool:
    return call.ioctl == "KVM_RUN"


def _is_vcpu_init(call: Call, _: Outcome) -> bool:
    return call.ioctl == "KVM_ARM_VCPU_INIT"


def _is_pmu_set(call: Call, _: Outcome) -> bool:
    on_vcpu = call.on.startswith("vcpu")
    return on_vcpu and call.ioctl == "KVM_SET_DEVICE_ATTR" and call.args["group"] == 0


WARTS = (
    # The timers' interrupts, the death of the VM, the single try of 5.10.
    Wart("run.first-run", _is_run),
    Wart("vcpu-init.leak", _is_vcpu_init, until=revision("linux-6.4")),
    Wart(
        "vcpu-init.same-features",
        lambda call, outcome: _is_vcpu_init(call, outcome) and outcome.errno == Errno.ENODEV,
        since=revision("linux-6.7"),
    ),
    # The default PMU stays chosen.
    Wart(
        "default-pmu.first-set",
        _is_pmu_set,
        since=revision("linux-5.18"),
        until=revision("linux-6.6"),
    ),
    Wart(
        "init.enxio.other-pmu",
        _is_pmu_set,
        since=revision("series-v3"),
        until=revision("series-v3"),
    ),
)


def _clean(ran: Ran, place: int) -> bool:
    """The call there was refused and changed no state."""
    call, outcome = ran.calls[place], ran.outcomes[place]
    warts = [wart for wart in WARTS if wart.holds_in(ran.revision)]
    return outcome.ret < 0 and not any(wart.applies(call, outcome) for wart in warts)


def refusals_leave_nothing(ran: Ran) -> Variant:
    """Without one of the refused calls, all others have the same outcomes."""
    refused = [place for place in range(len(ran.calls)) if _clean(ran, place)]
    # Only one, chosen by the length: without all of them, effects of one on another are missed.
    left_out = refused[len(ran.calls) % len(refused)] if refused else None
    return [(call, place) for place, call in enumerate(ran.calls) if place != left_out]


def refusals_are_stable(ran: Ran) -> Variant:
    """A refused call is refused in the same way when it is repeated."""
    variant: list[tuple[Call, int | None]] = []
    for place, call in enumerate(ran.calls):
        variant += [(call, place)] * (2 if _clean(ran, place) else 1)
    return variant


def has_changes_nothing(ran: Ran) -> Variant:
    """With HAS of every attribute, of one vCPU after each call, all outcomes are the same."""
    variant: list[tuple[Call, int | None]] = []
    vcpus: list[str] = []
    for place, call in enumerate(ran.calls):
        variant.append((call, place))
        if call.ioctl == "KVM_CREATE_VCPU" and call.new is not None:
            vcpus.append(call.new)
        for attr in _PMU_ATTRS if vcpus else ():
            group, asked = k.KVM_ARM_VCPU_PMU_V3_CTRL, vcpus[place % len(vcpus)]
            has = Call.make("KVM_HAS_DEVICE_ATTR", asked, call.cpu, group=group, attr=attr)
            variant.append((has, None))
    return variant


def equal_vms_are_equal(ran: Ran) -> Variant:
    """The same calls repeated on other VMs beside the first have the same outcomes."""
    twins = [
        (replace(call, on=_twin(call.on), new=call.new and _twin(call.new)), place)
        for place, call in enumerate(ran.calls)
    ]
    return [*((call, place) for place, call in enumerate(ran.calls)), *twins]


def vms_do_not_meet(ran: Ran) -> Variant:
    """One VM's calls before all of the next one's: the outcomes are the same."""
    owner = owners(ran.calls)
    order = sorted(enumerate(ran.calls), key=lambda item: owner.get(item[1].new or item[1].on, ""))
    return [(call, place) for place, call in order]


def _twin(name: str) -> str:
    return re.sub(r"\d+$", lambda number: str(int(number[0]) + 1000), name)


LAWS: tuple[Law, ...] = (
    refusals_leave_nothing,
    refusals_are_stable,
    has_changes_nothing,
    equal_vms_are_equal,
    vms_do_not_meet,
)
