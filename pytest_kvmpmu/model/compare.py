"""When two Outcomes of one Call are the same, as far as the interface promises.

Also translates Calls for the model: a kernel's answers about itself may differ from the model's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..uapi import constants as k
from ..wire.call import Call
from ..wire.outcome import Mmio, Outcome
from ..wire.params import Addr

# The fields of registers that the model knows.
_KNOWN = {
    k.PMCR_EL0: k.PMCR_EL0_N_MASK << k.PMCR_EL0_N_SHIFT,
    k.ID_AA64DFR0_EL1: k.ID_AA64DFR0_PMUVER_MASK << k.ID_AA64DFR0_PMUVER_SHIFT,
}
# The addresses of the payloads' fields, and the largest value that is not an advancing
# counter's: numbers of event counters and of software increments.
_FIELDS, _LARGEST = range(0x0A00_0000, 0x0A00_0800), 31
_MOVED = _LARGEST + 1


_MODELS_TARGET = k.TARGETS["KVM_ARM_TARGET_GENERIC_V8"]


@dataclass(frozen=True)
class Answers:
    """A kernel's answers about itself: its preferred target, ID_AA64DFR0_EL1 except PMUVer.

    The defaults are the model's own answers: it has one target, and knows only PMUVer.
    """

    target: int = _MODELS_TARGET
    fields: int = 0

    def updated(self, call: Call, outcome: Outcome) -> Answers:
        """The same, updated from ``outcome`` if ``call`` asked for one of these."""
        if outcome.out is None:
            return self
        if call.ioctl == "KVM_ARM_PREFERRED_TARGET":
            return replace(self, target=int(outcome.out["target"]))
        if call.ioctl == "KVM_GET_ONE_REG" and call.args["id"] == k.ID_AA64DFR0_EL1:
            return replace(self, fields=outcome.out["value"] & ~_KNOWN[k.ID_AA64DFR0_EL1])
        return self

    def for_model(self, call: Call) -> Call:
        """``call`` translated for the model."""
        if "target" in call.args:
            # Swap the two numbers.
            swapped = {self.target: _MODELS_TARGET, _MODELS_TARGET: self.target}
            return _with(call, "target", swapped.get(call.args["target"], call.args["target"]))
        if call.ioctl == "KVM_SET_ONE_REG" and call.args["id"] == k.ID_AA64DFR0_EL1:
            memory = call.args["addr"].memory
            value = int.from_bytes(memory[:8], "little")
            known = _KNOWN[k.ID_AA64DFR0_EL1]
            if memory and value & ~known == self.fields:
                return _with(call, "addr", Addr("u64", (value & known,)))
        return call


def _with(call: Call, name: str, value: Any) -> Call:
    return call if call.args[name] == value else replace(call, args={**call.args, name: value})


def disagreement(call: Call, expected: Outcome, found: Outcome) -> str:
    """How ``found`` differs from the ``expected`` Outcome of ``call``; ``""`` if it does not.

    Ignores how far a counter advanced (not whether it did), the fields of registers that the
    model does not know, and the preferred target: kernels before 6.6 have special ones for some
    cores.
    """
    wanted, got = _canonical(call, expected), _canonical(call, found)
    return "" if wanted == got else f"expected {wanted}, found {got}"


def _canonical(call: Call, outcome: Outcome) -> dict[str, Any]:
    exit = outcome.exit
    if exit is not None and exit.mmio is not None and is_count(exit.mmio):
        moved = replace(exit, mmio=replace(exit.mmio, data=_MOVED))
        outcome = replace(outcome, exit=moved)
    value = outcome.to_json()
    if call.ioctl == "KVM_GET_ONE_REG" and "out" in value:
        value["out"] = {"value": value["out"]["value"] & _KNOWN.get(call.args["id"], -1)}
    if call.ioctl == "KVM_ARM_PREFERRED_TARGET" and "out" in value:
        value["out"] = "a target"
    return value


def is_count(mmio: Mmio) -> bool:
    """Whether a payload reports how far a counter advanced, which the interface leaves open."""
    return mmio.phys_addr in _FIELDS and mmio.data > _LARGEST
