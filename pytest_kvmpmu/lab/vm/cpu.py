"""The core that the lab emulates: is it suitable, and which PMU does it have?

A name is QEMU's, as ``qemu-system-aarch64 -cpu help`` lists it; properties may follow it
(``max,lpa2=off``).  Not for: how a board follows its core (`fit`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import UsageProblem, unknown
from ..failure import LabFailure
from ..host import programs

DEFAULT = "cortex-a57"


@dataclass(frozen=True)
class Core:
    """One of QEMU's cores.

    ``pmuver`` and ``ipa_bits`` are PMUVer and PARange of the ID registers, as a program at EL2
    reads them.  A kernel's KVM_CAP_ARM_VM_IPA_SIZE may be less: on ``max`` 5.10 says 48.
    ``vhe``: KVM runs in VHE mode.
    """

    pmuver: int
    ipa_bits: int
    vhe: bool


# As measured (tests/lab/vm/test_cpu.py).
CORES: Mapping[str, Core] = {
    "cortex-a57": Core(1, 44, vhe=False),
    "cortex-a76": Core(4, 40, vhe=True),
    "max": Core(6, 52, vhe=True),
    "a64fx": Core(4, 40, vhe=True),
    "cortex-a35": Core(1, 40, vhe=False),
    "cortex-a53": Core(1, 40, vhe=False),
    "cortex-a72": Core(1, 44, vhe=False),
    "neoverse-n1": Core(4, 48, vhe=True),
}
# A property that QEMU gives a core only if it has the feature, and the error without it.
_NEEDED = (
    ("aarch64", "is not a 64-bit core"),
    ("has_el2", "has no EL2, which KVM needs"),
    ("pmu", "has no PMU"),
)


def check(qemu_path: str, cpu: str) -> None:
    """Raise `UsageProblem` unless the QEMU at ``qemu_path`` has such a core and it suits."""
    name = cpu.partition(",")[0]
    (properties,) = _properties(qemu_path, [name])
    if properties is None:
        listed = names(qemu_path)
        found = zip(listed, _properties(qemu_path, listed), strict=True)
        good = [other for other, has in found if has is not None and not _lack(has)]
        raise unknown("lab CPU", name, good)
    if lack := _lack(properties):
        raise UsageProblem(
            f"the lab CPU {name} {lack}",
            f"Use another one, like {DEFAULT} (nVHE), cortex-a76 (VHE) or max",
        )


def core(cpu: str) -> Core | None:
    """What is known of ``cpu``, whatever its properties; None if nothing is."""
    return CORES.get(cpu.partition(",")[0])


def names(qemu_path: str) -> list[str]:
    """All cores that the QEMU at ``qemu_path`` knows, suitable or not."""
    said = programs.output([qemu_path, "-cpu", "help"], "asking QEMU for its CPUs")
    return [line.split()[0] for line in said.splitlines() if line.startswith(" ")]


def _lack(properties: set[str]) -> str:
    return next((lack for name, lack in _NEEDED if name not in properties), "")


def _properties(qemu_path: str, cpus: Sequence[str]) -> list[set[str] | None]:
    """The properties of each of ``cpus``; None for each that QEMU does not know."""
    asked: list[dict[str, Any]] = [{"execute": "qmp_capabilities"}]
    asked += [
        {"execute": "qom-list-properties", "arguments": {"typename": f"{cpu}-arm-cpu"}}
        for cpu in cpus
    ]
    asked.append({"execute": "quit"})
    said = programs.output(
        [qemu_path, *("-machine", "none"), *("-display", "none"), "-nodefaults", "-qmp", "stdio"],
        "asking QEMU about its CPUs",
        given="\n".join(map(json.dumps, asked)).encode(),
    )
    answers = [_answer(line) for line in said.splitlines()]
    found = [answer for answer in answers if isinstance(answer, list) or answer is None]
    if len(found) != len(cpus):
        raise LabFailure(f"asking QEMU about its CPUs: it answered {said!r:.300}")
    return [None if of is None else {entry["name"] for entry in of} for of in found]


def _answer(line: str) -> Any:
    """The value that a line of QMP returns; None for an error, False if it is not an answer."""
    message = json.loads(line)
    return None if "error" in message else message.get("return", False)
