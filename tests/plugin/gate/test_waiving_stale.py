"""``--kvmpmu-waivers`` in a run: how a stale entry fails it."""

from __future__ import annotations

import pytest

from .conftest import section
from .waiving import IRQ, SPECS, run, waivers

STALE = [
    ('spec = "test_specs.py::test_set"\nerrno = "EIO"\n', "unexpected pass: *::test_set passed"),
    (
        'spec = "test_specs.py::test_irq[3]"\nerrno = "EIO"\n',
        "another outcome: test_specs.py::test_irq[[]3[]]: errno = 'EIO' expected, got"
        " errno = 'EINVAL'",
    ),
    (
        'spec = "test_more.py::test_skipped"\nerrno = "EIO"\n',
        "was skipped: test_more.py::test_skipped: not today",
    ),
    (
        'spec = "test_more.py::test_lacking"\nerrno = "EIO"\n',
        "was skipped: test_more.py::test_lacking: the host has no GICv5",
    ),
    (
        'spec = "test_more.py::test_inapplicable"\nerrno = "EIO"\n',
        "was skipped: test_more.py::test_inapplicable: set-pmu.absent holds until linux-5.11",
    ),
    (
        'spec = "test_specs.py::test_irq[5]"\nerrno = "EINVAL"\n',
        "matches nothing: no spec of test_specs.py has that name",
    ),
    (f"{IRQ}expires = 2020-02-29\n", "expired: its last day was 2020-02-29"),
    (
        'clause = "set-pmu.set"\nerrno = "ENXIO"\n',
        "too broad: it covers 2 specs, of which 1 did not fail as listed, like"
        " test_specs.py::test_set",
    ),
]
MORE = """
    import pytest

    def test_skipped(vcpu): pytest.skip("not today")

    @pytest.mark.kvmpmu_requires("gicv5")
    def test_lacking(vcpu): pass

    @pytest.mark.kvmpmu_clause("set-pmu.absent")
    def test_inapplicable(vcpu): pass

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_bad(vcpu): vcpu.set_pmu(99)
"""
BAD = 'spec = "test_more.py::test_bad"\nerrno = "ENXIO"\n'


@pytest.mark.parametrize(
    ("entry", "says", "how"),
    [
        *((*stale, ()) for stale in STALE),
        pytest.param(*STALE[0], ("-n2",), marks=pytest.mark.once),
    ],
)
def test_an_entry_that_is_not_so_fails_the_run_by_name(
    entry: str, says: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    others = [IRQ] if "test_irq" not in entry else []
    if "set-pmu.set" not in entry:
        others.append(BAD)
    waivers(pytester, entry, *others)
    pytester.makepyfile(test_specs=SPECS, test_more=MORE)
    result = run(pytester, *how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"stale waiver: w.toml:1 (*): {says}"])


def test_a_stale_entry_alone_fails_a_run_without_failures(pytester: pytest.Pytester) -> None:
    waivers(pytester, IRQ, 'spec = "test_specs.py::test_set"\nerrno = "EIO"\n')
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester)
    result.assert_outcomes(passed=1, xfailed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert section(result)[-1].endswith("test_specs.py::test_set")


def test_two_entries_for_a_spec_fail_the_run(pytester: pytest.Pytester) -> None:
    waivers(pytester, IRQ, 'clause = "irq.set"\nerrno = "EINVAL"\n')
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["stale waiver: w.toml:7 (irq.set): waived twice: * too"])


@pytest.mark.parametrize("part", [["-k", "set"], ["test_specs.py::test_set"]])
def test_a_part_of_a_run_does_not_try_all_entries(
    part: list[str], pytester: pytest.Pytester
) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester, *part)
    assert result.ret == 0
    assert section(result)[-1] == "waivers: 1 not tried"
