"""The core that the lab emulates: which ones suit, and how a board depends on it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, cpus, start
from pytest_kvmpmu.lab.vm import qemu

from ..conftest import BOARD, LINE, Pretend

HELP = """
Available CPUs:
  cortex-a15
  cortex-a57
  cortex-m3 (deprecated)
  max
"""
PROPERTIES = {
    "cortex-a15": ["has_el2", "pmu"],
    "cortex-a57": ["aarch64", "has_el2", "pmu"],
    "cortex-m3": [],
    "max": ["aarch64", "has_el2", "pmu", "sve"],
    "no-el2": ["aarch64", "pmu"],
    "no-pmu": ["aarch64", "has_el2"],
}


@pytest.fixture
def fake(pretend: Pretend) -> str:
    """A QEMU that knows these cores, and speaks QMP."""
    answers = "\n".join(
        f'*{name}-arm-cpu*) echo \'{{"return": ['
        + ", ".join(f'{{"name": "{has}", "type": "bool"}}' for has in properties)
        + "]}' ;;"
        for name, properties in PROPERTIES.items()
    )
    return str(
        pretend(
            "qemu-system-aarch64",
            f"""[ "$2" = help ] && {{ cat <<'.'{HELP}.
exit; }}
echo '{{"QMP": {{"version": {{}}}}}}'
while read -r line; do
case $line in
{answers}
*qom-list*) echo '{{"error": {{"class": "DeviceNotFound", "desc": "no"}}}}' ;;
*) echo '{{"return": {{}}}}'; echo '{{"event": "SHUTDOWN"}}' ;;
esac
done""",
        )
    )


@pytest.mark.parametrize("name", ["cortex-a57", "max", "max,lpa2=off"])
def test_a_core_with_el2_and_a_pmu_will_do(fake: str, name: str) -> None:
    cpus.check(fake, name)


def test_an_unknown_core_is_a_usage_problem_with_those_that_will_do(fake: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        cpus.check(fake, "cortex-a75,sve=off")
    assert caught.value.cause == "unknown lab CPU 'cortex-a75'"
    assert caught.value.remedy == "Did you mean 'cortex-a57'? Known: cortex-a57, max"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cortex-a15", "the lab CPU cortex-a15 is not a 64-bit core"),
        ("cortex-m3", "the lab CPU cortex-m3 is not a 64-bit core"),
        ("no-el2", "the lab CPU no-el2 has no EL2, which KVM needs"),
        ("no-pmu", "the lab CPU no-pmu has no PMU"),
    ],
)
def test_a_core_that_will_not_do_is_refused_with_the_reason(
    fake: str, name: str, says: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        cpus.check(fake, name)
    assert caught.value.cause == says
    assert "cortex-a76 (VHE)" in caught.value.remedy


def test_a_qemu_that_does_not_answer_is_a_failure(pretend: Pretend) -> None:
    silent = str(pretend("qemu-system-aarch64", "cat >/dev/null"))
    with pytest.raises(LabFailure, match="asking QEMU about its CPUs: it answered ''"):
        cpus.check(silent, "max")


@pytest.mark.lab
def test_the_cores_of_the_table_are_qemus() -> None:
    path = qemu.find()
    assert set(cpus.CORES) <= set(cpus.names(path))
    for name in cpus.CORES:
        cpus.check(path, name)
    with pytest.raises(UsageProblem) as caught:
        cpus.check(path, "cortex-a77")
    assert "Did you mean 'cortex-a76'?" in caught.value.remedy
    assert "cortex-a57" in caught.value.remedy
    assert "cortex-m3" not in caught.value.remedy
    for name in ("cortex-m3", "cortex-a15"):
        with pytest.raises(UsageProblem, match="is not a 64-bit core"):
            cpus.check(path, name)


ID_AA64DFR0 = 0xD5380501  # mrs x1, id_aa64dfr0_el1
ID_AA64MMFR0 = 0xD5380701  # mrs x1, id_aa64mmfr0_el1
# The values of ID_AA64MMFR0_EL1.PARange, in bits.
PA_RANGE = (32, 36, 40, 42, 44, 48, 52)
# Instead of a kernel: writes x1 to the serial line, lowest byte first, and ends.
WRITE = (
    0xD2A12000,  # mov x0, #0x9000000: the PL011 of QEMU's virt machine
    0x52800102,  # mov w2, #8
    0x39000001,  # 1: strb w1, [x0]
    0xD348FC21,  # lsr x1, x1, #8
    0x71000442,  # subs w2, w2, #1
    0x54FFFFA1,  # b.ne 1b
    0xD2B08000,  # mov x0, #0x84000000
    0xF2800100,  # movk x0, #8: PSCI SYSTEM_OFF
    0xD4000003,  # smc #0
)


def register(name: str, read: int, folder: Path) -> int:
    """The register that the instruction ``read`` reads, on a core ``name``."""
    program = folder / "program"
    words = (read, *WRITE)
    program.write_bytes(struct.pack(f"<{len(words)}I", *words))
    board = qemu.board_options(BOARD, name)
    done = subprocess.run(
        [qemu.find(), *board, "-serial", "stdio", "-kernel", str(program)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
    )
    (value,) = struct.unpack("<Q", done.stdout)
    return int(value)


@pytest.mark.lab
@pytest.mark.parametrize("name", cpus.CORES)
def test_what_is_known_of_a_core_is_in_its_registers(name: str, tmp_path: Path) -> None:
    core = cpus.CORES[name]
    assert register(name, ID_AA64DFR0, tmp_path) >> 8 & 0xF == core.pmuver
    assert PA_RANGE[register(name, ID_AA64MMFR0, tmp_path) & 0xF] == core.ipa_bits


@pytest.mark.lab
def test_a_property_that_a_core_has_not_is_quoted(cold: Path) -> None:
    with pytest.raises(LabFailure, match=r"cortex-a57-arm-cpu\.sve"):
        start(LINE, BOARD, cache_dir=cold, cpu="cortex-a57,sve=on", progress=lambda _: None)
