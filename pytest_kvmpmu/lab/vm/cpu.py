"""The core that the lab emulates: is it suitable, and which PMU does it have?

A name is QEMU's, as ``qemu-system-aarch64 -cpu help`` lists it; properties may follow it
(``max,lpa2=off``).  Not for: the names and CPUs of a board's PMUs, which its topology gives.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...data.gic import DEFAULT as DEFAULT_GIC
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


def names(qemu_path: str) -> list[str]:
    """All cores that the QEMU at ``qemu_path`` knows, suitable or not."""
    said = programs.output([qemu_path, "-cpu", "help"], "asking QEMU for its CPUs")
    return [line.split()[0] for line in said.splitlines() if line.startswith(" ")]


def fitted(host: Host, cpu: str) -> Host:
    """``host`` with the PMU version of ``cpu``.  Raises `UsageProblem` if the lab can't be it.

    A topology without a version gets that of the CPU.
    """
    default, version = PMUV3, PMUVER.get(cpu.partition(",")[0])
    versions = {pmu.pmuver for pmu in host.pmus}
    if not host.pmus:  # its cores have none, of whatever kind they are
        default = version = 0
    if not all(map(host.pmu_of, host.cpus)):
        versions.add(host.uncovered_pmuver)
    if host.protected or host.gics != (DEFAULT_GIC,) or host.nested or host.impdef_traps:
        raise UsageProblem(
            f"{host.name} is a board for the model only: the lab's hosts are unprotected,"
            " their GIC is a GICv3 and their PMU is a PMUv3",
            "Remove protected, gic, nested and impdef_traps from the topology,"
            " or use --kvmpmu-backend=model",
        )
    if not versions <= {version, default, None} or len(versions) > 1:
        others = [name for name, known in PMUVER.items() if versions == {known}]
        raise UsageProblem(
            f"{host.name} is a board for the model only: its pmuver is not that of the lab's cores,"
            f" all of them {cpu}",
            "Remove pmuver from the topology, "
            + (f"emulate a {others[0]} (--kvmpmu-lab-cpu, kvmpmu lab: --cpu), " if others else "")
            + "or use --kvmpmu-backend=model",
        )
    pmus = tuple(replace(pmu, pmuver=version) for pmu in host.pmus)
    return replace(host, pmus=pmus, uncovered_pmuver=version)


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
