"""What the console and the agent say about why a kernel will not do."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.lab.kernel import postmortem


@pytest.mark.parametrize(
    ("console", "says"),
    [
        ("", "the kernel has no console on a PL011"),
        ("[1] Kernel panic - not syncing: VFS: Unable to mount root fs", "BLK_DEV_INITRD"),
        ("[1] Kernel panic - not syncing: No working init found.", "BLK_DEV_INITRD"),
        (
            "[1] Starting init: /init exists but couldn't execute it (error -8)\n"
            "[1] Kernel panic - not syncing: No working init found.",
            "BINFMT_SCRIPT",
        ),
        ("mount: mounting devtmpfs on /dev failed: No such device", "CONFIG_DEVTMPFS"),
        ("mount: mounting proc on /proc failed: No such device", "CONFIG_PROC_FS"),
        ("mount: mounting sysfs on /sys failed: No such device", "CONFIG_SYSFS"),
        ("Traceback ...\nPython ended with status 1", "but the agent did not start"),
        ("[1] Kernel panic - not syncing: Asynchronous SError Interrupt", "panicked"),
        ("[1] Booting Linux on physical CPU 0x0", ""),
    ],
)
def test_the_console_tells_why_there_is_no_agent(console: str, says: str) -> None:
    told = postmortem.of_boot(console, 4, "cortex-a57")
    assert says in told
    assert bool(told) == bool(says)


def test_silence_with_pages_of_16_kb_names_the_cpu() -> None:
    assert "16 kB, which a cortex-a57 may not support" in postmortem.of_boot("\n", 16, "cortex-a57")


CONSOLE = """
[0.0] CPU: All CPU(s) started at EL1
[0.1] something else
[0.2] kvm [1]: HYP mode not available
[0.3] armv8-pmu pmu: it has none
"""


ABOUT_KVM = "at EL1 | [0.2] kvm [1]: HYP mode not available"


ABOUT_PMU = "says: [0.3] armv8-pmu pmu: it has none"


@pytest.mark.parametrize(
    ("facts", "says", "quotes"),
    [
        ({"kvm": "ok", "pmu_v3": True, "pmus": [1, 2]}, "", ""),
        ({"kvm": "missing", "pmus": [1, 2]}, "without /dev/kvm", ABOUT_KVM),
        ({"kvm": "ok", "pmu_v3": False, "pmus": [1, 2]}, "without a PMU for guests", ABOUT_PMU),
        ({"kvm": "ok", "pmu_v3": True, "pmus": []}, "without a PMU for guests", ABOUT_PMU),
    ],
)
def test_a_machine_that_came_up_tells_what_it_lacks(
    facts: dict[str, object], says: str, quotes: str
) -> None:
    told = postmortem.of_machine(facts, 2, CONSOLE)
    assert says in told
    assert bool(told) == bool(says)
    assert told.endswith(quotes)
    assert not postmortem.of_machine({"kvm": "ok", "pmu_v3": False, "pmus": []}, 0, CONSOLE)
