"""The core that the lab emulates: is it one that will do, and which PMU comes with it?

A name is QEMU's, as ``qemu-system-aarch64 -cpu help`` lists them; properties may follow it
(``max,lpa2=off``).  Not for: the names and CPUs of a board's PMUs, which its topology gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...data.host import Host
from ...data.topology import PMUV3
from ...errors import UsageProblem, unknown
from ..failure import LabFailure
from ..host import programs

DEFAULT = "cortex-a57"
# ID_AA64DFR0_EL1.PMUVer of QEMU's cores, as a program at EL2 reads it (tests/lab/vm/test_cpu.py).
PMUVER = {
    "cortex-a57": 1,
    "cortex-a76": 4,
    "max": 6,
    "a64fx": 4,
    "cortex-a35": 1,
    "cortex-a53": 1,
    "cortex-a72": 1,
    "neoverse-n1": 4,
}
# A property that QEMU gives a core only if it has the feature, and what the lab needs it for.
_NEEDED = (
    ("aarch64", "is no 64-bit core"),
    ("has_el2", "has no EL2, which KVM needs"),
    ("pmu", "has no PMU"),
)


def check(qemu_path: str, cpu: str) -> None:
    """Raise `UsageProblem` unless the QEMU at ``qemu_path`` has such a core and it will do."""
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
            f"Take another one, like {DEFAULT} (nVHE), cortex-a76 (VHE) or max",
        )


def names(qemu_path: str) -> list[str]:
    """All cores that the QEMU at ``qemu_path`` knows, of whatever kind."""
    said = programs.output([qemu_path, "-cpu", "help"], "asking QEMU for its CPUs")
    return [line.split()[0] for line in said.splitlines() if line.startswith(" ")]


def fitted(host: Host, cpu: str) -> Host:
    """``host`` with the PMU version of ``cpu``; `UsageProblem` where the lab can't be it.

    A topology that gives no version takes that of the CPU.
    """
    default, version = PMUV3, PMUVER.get(cpu.partition(",")[0])
    versions = {pmu.pmuver for pmu in host.pmus}
    if not host.pmus:  # its cores are without one, whatever they are
        default = version = 0
    if not all(map(host.pmu_of, host.cpus)):
        versions.add(host.uncovered_pmuver)
    if host.protected or host.gicv5 or host.nested or host.impdef_traps:
        raise UsageProblem(
            f"{host.name} is a board for the model: the lab's hosts are unprotected,"
            " their GIC is a GICv3 and their PMU is a PMUv3",
            "Leave protected, gicv5, nested and impdef_traps out of the topology,"
            " or use --kvmpmu-backend=model",
        )
    if not versions <= {version, default, None} or len(versions) > 1:
        others = [name for name, known in PMUVER.items() if versions == {known}]
        raise UsageProblem(
            f"{host.name} is a board for the model: its pmuver is not that of all the lab's cores,"
            f" each a {cpu}",
            "Leave pmuver out of the topology, "
            + (f"emulate a {others[0]} (--kvmpmu-lab-cpu, kvmpmu lab: --cpu), " if others else "")
            + "or use --kvmpmu-backend=model",
        )
    pmus = tuple(replace(pmu, pmuver=version) for pmu in host.pmus)
    return replace(host, pmus=pmus, uncovered_pmuver=version)


def _lack(properties: set[str]) -> str:
    return next((lack for name, lack in _NEEDED if name not in properties), "")


def _properties(qemu_path: str, cpus: Sequence[str]) -> list[set[str] | None]:
    """The properties of each of ``cpus``; None for one that QEMU does not know."""
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
    """What a line of QMP gives back; None for an error, False for what is no answer."""
    message = json.loads(line)
    return None if "error" in message else message.get("return", False)
