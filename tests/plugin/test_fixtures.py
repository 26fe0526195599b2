"""The fixtures in a run: fresh worlds, ready guests, and the story."""

from __future__ import annotations

import pytest


def test_each_test_has_a_world_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("time", range(2))
        def test_it(time, vm):
            assert vm.name == "vm0"
            vm.create_vcpu(0)
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)


def test_a_guest_is_ready_to_run_from_the_cpu_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("chosen", [True, False])
        def test_it(chosen, pmu_guest, pmus):
            guest = pmu_guest(4, pmus[1] if chosen else None)
            assert {call.cpu for call, _ in guest.session.record} == {0, 4}
            asked = [call.to_json().get("attr") for call, _ in guest.session.record]
            assert ("KVM_ARM_VCPU_PMU_V3_SET_PMU" in asked) == chosen
            reads = guest.run_payload("cycle-counter")
            assert 0 < reads["first"] < reads["second"]
        """
    )
    pytester.runpytest_inprocess("--kvmpmu-kernel=6.7").assert_outcomes(passed=2)


def test_the_story_is_a_table(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_little(story, kvm): story("run on 0-3", "before", "counts")
        def test_big(story, kvm): story("run on 4-5", "after", "stuck")
        def test_bad(story, kvm):
            story("run on 9", "after", "never seen")
            assert False
        """
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines_random(
        [
            "            after  before",
            "----------  -----  ------",
            "run on 0-3  -      counts",
            "run on 4-5  stuck  -",
        ]
    )
    result.stdout.no_fnmatch_line("run on 9*")
