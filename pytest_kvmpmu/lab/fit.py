"""Which boards the lab can boot, and what a board is with the lab's cores.

Not for: QEMU's options for a board (`vm.hardware`), or the cores themselves (`vm.cpu`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..data.host import IPA_BITS, Host
from ..data.topology import PMUV3
from ..errors import UsageProblem
from .lines import VHE, Line, lines
from .vm import cpu as cpus
from .vm import hardware

# The core that has what nested virtualisation needs.
NESTED_CPU = "max"
_MODEL = "or use --kvmpmu-backend=model"


def core_of(host: Host, line: Line | None = None, cpu: str | None = None) -> str:
    """The core to emulate: ``cpu``, or that of the board, or that of the line."""
    if cpu is not None:
        return cpu
    if host.nested:
        return NESTED_CPU
    return (line.cpu if line else "") or cpus.DEFAULT


def fitted(host: Host, cpu: str, line: Line | None = None) -> Host:
    """``host`` with the PMU version and the IPA size of ``cpu``, where it does not say its own.

    Raises `UsageProblem` if the lab can't boot it, with the kernel ``line`` if that is given.
    """
    problem = next(_problems(host, cpu, line), None)
    if problem is not None:
        raise UsageProblem(*problem)
    core = cpus.core(cpu)
    version = core.pmuver if core else None
    default: int | None = PMUV3
    versions = {pmu.pmuver for pmu in host.pmus}
    if not host.pmus:  # its cores have none, of whatever kind they are
        default = version = 0
    if any(not any(number in pmu.covers for pmu in host.pmus) for number in host.present):
        versions.add(host.uncovered_pmuver)
    if not versions <= {version, default, None} or len(versions) > 1:
        others = [name for name, known in cpus.CORES.items() if versions == {known.pmuver}]
        raise _not_the_cores(host, "pmuver", cpu, others)
    bits = core.ipa_bits if core else host.ipa_bits
    if host.ipa_bits not in (IPA_BITS, bits):
        others = [name for name, known in cpus.CORES.items() if host.ipa_bits == known.ipa_bits]
        raise _not_the_cores(host, "ipa_bits", cpu, others)
    pmus = tuple(replace(pmu, pmuver=version) for pmu in host.pmus)
    return replace(host, pmus=pmus, uncovered_pmuver=version, ipa_bits=bits)


def _not_the_cores(host: Host, key: str, cpu: str, others: list[str]) -> UsageProblem:
    instead = f"emulate a {others[0]} (--kvmpmu-lab-cpu, kvmpmu lab: --cpu), " if others else ""
    return UsageProblem(
        f"{host.name} is a board for the model only: its {key} is not that of the lab's cores,"
        f" all of them {cpu}",
        f"Remove {key} from the topology, {instead}{_MODEL}",
    )


def _problems(host: Host, cpu: str, line: Line | None) -> Iterator[tuple[str, str]]:
    """Cause and remedy of each reason why the lab can't boot ``host``; in most cases none."""
    yield from _modes(host)
    for_the_model = f"{host.name} is a board for the model only"
    if host.impdef_traps:
        yield (
            f"{for_the_model}: the lab's cores have a PMUv3",
            f"Remove impdef_traps from the topology, {_MODEL}",
        )
    if host.gics not in hardware.GICS:
        yield (
            f"{for_the_model}: KVM makes one kind of vGIC in the lab, GICv2 or GICv3",
            f"Write gic = 2 or gic = 3 in the topology, {_MODEL}",
        )
    if not host.gics and not host.protected:
        yield (
            f"{for_the_model}: KVM makes a vGIC on each of the lab's boards, unless it is in"
            " protected mode on a GICv2",
            f"Add protected = true to the topology, {_MODEL}",
        )
    most = hardware.MOST_CPUS.get(hardware.gic(host), len(host.present))
    if len(host.present) > most:
        yield (
            f"{host.name} has {len(host.present)} CPUs, but a GICv2 has at most {most}",
            f"Write cpus = {most}, or gic = 3, in the topology",
        )
    if line is not None and line.own is None:  # the lab does not know what the user's kernels have
        yield from _on_line(host, line, cpus.core(cpu))
    if host.nested and cpu.partition(",")[0] != NESTED_CPU:
        yield (
            f"{host.name} needs nested virtualisation, which a {cpu} does not have",
            f"Emulate a {NESTED_CPU} (--kvmpmu-lab-cpu, kvmpmu lab: --cpu), the default of such"
            " a board",
        )


def _modes(host: Host) -> Iterator[tuple[str, str]]:
    """Modes of KVM that exclude each other, or the board's GIC."""
    if host.protected and host.nested:
        yield (
            f"{host.name} is protected and nested at once, but KVM runs in one of these modes",
            "Remove protected or nested from the topology",
        )
    gicv2 = host.gics == (hardware.GICV2,)
    if host.protected and gicv2:
        yield (
            f"{host.name} has a GICv2, for which KVM makes no vGIC in protected mode",
            f"Write gic = [] in the topology, {_MODEL}",
        )
    if host.nested and gicv2:
        yield (
            f"{host.name} has a GICv2, with which the lab has no nested virtualisation",
            f"Write gic = 3 in the topology, {_MODEL}",
        )


def _on_line(host: Host, line: Line, core: cpus.Core | None) -> Iterator[tuple[str, str]]:
    """What a kernel line of the lab does not have on such a core."""
    if host.protected and not line.protected:
        able = ", ".join(other.name for other in lines() if other.protected)
        yield (
            f"{host.name} needs KVM's protected mode, which {line.name} does not have",
            f"Choose another line ({able}), {_MODEL}",
        )
    if not host.gics and not line.no_vgic:
        able = ", ".join(other.name for other in lines() if other.no_vgic)
        yield (
            f"{host.name} has no vGIC, and KVM of {line.name} does not start without one",
            f"Choose another line ({able}), {_MODEL}",
        )
    if host.protected and line.protected == VHE and core is not None and not core.vhe:
        yield (
            f"{host.name} needs KVM's protected mode, which {line.name} has on cores with VHE only",
            "Emulate a cortex-a76 or max (--kvmpmu-lab-cpu, kvmpmu lab: --cpu)",
        )
    if host.nested and not line.nested:
        able = ", ".join(other.name for other in lines() if other.nested)
        yield (
            f"{host.name} needs nested virtualisation, which {line.name} does not have",
            f"Choose another line ({able}), {_MODEL}",
        )
