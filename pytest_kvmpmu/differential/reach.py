"""The share of a search's sequences that reach each state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ..uapi import constants as k
from ..uapi.errno import Errno
from ..uapi.errno import name as errno_name
from ..wire.call import Call
from ..wire.outcome import Outcome

_SET = "KVM_SET_DEVICE_ATTR"
_ATTRS = {
    number: name.removeprefix("KVM_ARM_VCPU_PMU_V3_")
    for name, number in k.attrs("vcpu", k.KVM_ARM_VCPU_PMU_V3_CTRL).items()
}


class Reach:
    """Counts sequences, and those that reach each state."""

    def __init__(self) -> None:
        self.sequences = 0
        self.calls = 0
        self._counts: Counter[str] = Counter()

    def add(self, calls: Sequence[Call], outcomes: Sequence[Outcome]) -> None:
        """Count one sequence."""
        self.sequences += 1
        self.calls += len(calls)
        self._counts.update(set(_states(calls, outcomes)))

    def lines(self) -> list[str]:
        """The shares, largest first."""
        out = [f"{self.sequences} sequences, {self.calls} calls; share of sequences that reach"]
        for state, count in sorted(self._counts.items(), key=lambda item: (-item[1], item[0])):
            out.append(f"  {100 * count / self.sequences:5.1f} %  {state}")
        return out


def _states(calls: Sequence[Call], outcomes: Sequence[Outcome]) -> Iterable[str]:
    owner = owners(calls)
    filtered: set[str] = set()
    ran: set[str] = set()
    for call, outcome in zip(calls, outcomes, strict=True):
        vm = owner.get(call.on, "")
        attr: int = call.args.get("attr", -1)
        if call.ioctl == "KVM_RUN":
            if outcome.exit and outcome.exit.mmio:
                yield "a guest run"
            if outcome.exit and outcome.exit.reason == k.KVM_EXIT_FAIL_ENTRY:
                yield "KVM_EXIT_FAIL_ENTRY"
            if outcome.ret == 0 or outcome.errno == Errno.EINTR:
                ran.add(vm)
            yield f"KVM_RUN: {_said(outcome)}"
        elif call.ioctl == _SET and call.on.startswith("vcpu") and call.args["group"] == 0:
            yield f"SET {_ATTRS.get(attr, 'another attribute')}: {_said(outcome)}"
            if attr == k.KVM_ARM_VCPU_PMU_V3_FILTER and outcome.ret == 0:
                filtered.add(vm)
            if (
                attr == k.KVM_ARM_VCPU_PMU_V3_SET_PMU
                and outcome.errno == Errno.EBUSY
                and vm in filtered - ran
            ):
                yield "a conflict of SET_PMU with a FILTER"


def _said(outcome: Outcome) -> str:
    return "0" if outcome.errno is None else errno_name(outcome.errno)


def owners(calls: Sequence[Call]) -> dict[str, str]:
    """The VM of each object that ``calls`` make, by name; for a VM its own name."""
    found: dict[str, str] = {}
    for call in calls:
        if call.new is not None:
            found[call.new] = call.new if call.ioctl == "KVM_CREATE_VM" else found[call.on]
    return found
