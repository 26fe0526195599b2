"""When two Outcomes of one Call are the same as far as the interface promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .uapi import constants as k
from .wire.call import Call
from .wire.outcome import Mmio, Outcome

# The fields of registers that the model knows.
_KNOWN = {
    k.PMCR_EL0: k.PMCR_EL0_N_MASK << k.PMCR_EL0_N_SHIFT,
    k.ID_AA64DFR0_EL1: k.ID_AA64DFR0_PMUVER_MASK << k.ID_AA64DFR0_PMUVER_SHIFT,
}
# Where the payloads report their fields, and the largest value that is no moving counter's:
# numbers of event counters, and of software increments.
_FIELDS, _LARGEST = range(0x0A00_0000, 0x0A00_0800), 31
_MOVED = _LARGEST + 1


MODELS_TARGET = k.TARGETS["KVM_ARM_TARGET_GENERIC_V8"]


def for_model(call: Call, target: int) -> Call:
    """``call`` as the model has to be asked, where the kernel prefers ``target``.

    The model's target is always the same: the two numbers change places.
    """
    swapped = {target: MODELS_TARGET, MODELS_TARGET: target}
    asked = call.args.get("target")
    if asked is None or swapped.get(asked, asked) == asked:
        return call
    return replace(call, args={**call.args, "target": swapped[asked]})


def disagreement(call: Call, expected: Outcome, found: Outcome) -> str:
    """How ``found`` differs from what was ``expected`` of ``call``; ``""`` if it does not.

    Passed over are the distance that a counter went (not whether it moved), the fields of
    registers that the model does not know, and the preferred target: kernels before 6.6 have
    one for some cores.
    """
    wanted, got = _canonical(call, expected), _canonical(call, found)
    return "" if wanted == got else f"expected {wanted}, found {got}"


def _canonical(call: Call, outcome: Outcome) -> dict[str, Any]:
    exit = outcome.exit
    if exit is not None and exit.mmio is not None and _is_count(exit.mmio):
        moved = replace(exit, mmio=replace(exit.mmio, data=_MOVED))
        outcome = replace(outcome, exit=moved)
    value = outcome.to_json()
    if call.ioctl == "KVM_GET_ONE_REG" and "out" in value:
        value["out"] = {"value": value["out"]["value"] & _KNOWN.get(call.args["id"], -1)}
    if call.ioctl == "KVM_ARM_PREFERRED_TARGET" and "out" in value:
        value["out"] = "a target"
    return value


def _is_count(mmio: Mmio) -> bool:
    return mmio.phys_addr in _FIELDS and mmio.data > _LARGEST
