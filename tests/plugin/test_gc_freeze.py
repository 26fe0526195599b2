"""Which objects the garbage collector ignores while specs run."""

from __future__ import annotations

import gc

import pytest

from pytest_kvmpmu.plugin.gc_freeze import Spared

# `passed_over`: whether the collector ignores the objects that collecting the tests made.
PASSED_OVER = """
    import gc

    def passed_over(session):
        return not any(each is session for each in gc.get_objects())
"""


def test_while_specs_run_it_passes_over_what_was_collected(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PASSED_OVER)
    pytester.makepyfile("""
        from conftest import passed_over

        def test_a_spec(kvm, request):
            assert passed_over(request.session)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_run_without_specs_is_left_alone(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(PASSED_OVER)
    pytester.makepyfile("""
        from conftest import passed_over

        def test_plain(request):
            assert not passed_over(request.session)
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_run_with_hypothesis_is_left_alone(pytester: pytest.Pytester) -> None:
    # Hypothesis 6.100 on Python 3.10 warned in the second test.
    pytester.makeconftest(PASSED_OVER)
    pytester.makepyfile("""
        from conftest import passed_over
        from hypothesis import given, settings, strategies

        def test_a_spec(kvm, request):
            assert not passed_over(request.session)

        @settings(derandomize=True, database=None)
        @given(strategies.integers())
        def test_by_hypothesis(number):
            pass
    """)
    pytester.runpytest_subprocess("-Werror").assert_outcomes(passed=2)


def test_garbage_of_a_spec_is_collected_and_told(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        class Stubborn:
            def __init__(self):
                self.me = self

            def __del__(self):
                raise RuntimeError("not disposed of")

        def test_a_spec(kvm):
            Stubborn()
    """)
    result = pytester.runpytest_subprocess("-Werror::pytest.PytestUnraisableExceptionWarning")
    if pytest.version_tuple >= (8, 4):  # collects garbage at its end, and Python no longer has to
        assert result.ret != pytest.ExitCode.OK
    assert "RuntimeError: not disposed of" in result.stdout.str() + result.stderr.str()


def test_the_next_run_in_the_process_ends_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_spec="def test_a_spec(kvm): pass",
        test_plain="def test_plain(): pass",
        both="""
            import gc
            import pytest

            before = gc.get_freeze_count()
            assert pytest.main(["-q", "test_spec.py"]) == 0
            assert gc.get_freeze_count() > before
            assert pytest.main(["-q", "test_plain.py"]) == 0
            assert gc.get_freeze_count() <= before  # Python 3.12 has some of its own
        """,
    )
    result = pytester.runpython(pytester.path / "both.py")
    assert result.ret == 0, result.stderr.str()
    assert "1 passed" in result.stdout.str()


def test_where_there_is_no_such_thing_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(gc, "freeze")
    monkeypatch.delattr(gc, "unfreeze")
    spared = Spared()
    spared.begin()
    spared.end()
