"""When the searches are part of a run, and how large they are."""

from __future__ import annotations

import pytest

TESTS = """
    import pytest

    @pytest.mark.differential
    def test_search(kvmpmu_examples):
        print("examples:", kvmpmu_examples)

    def test_plain(): pass
"""


def test_a_plain_run_leaves_them_out_and_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    pytester.runpytest_inprocess().assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(("markexpr", "passed"), [("differential", 1), ("not differential", 1)])
def test_a_marker_expression_that_names_them_decides(
    markexpr: str, passed: int, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess("-m", markexpr)
    result.assert_outcomes(passed=passed, deselected=1)


def test_their_file_on_the_command_line_asks_for_them(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(test_differential=TESTS)
    pytester.runpytest_inprocess(str(path)).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("args", "said"), [((), "examples: 100"), (("--kvmpmu-examples=7",), "examples: 7")]
)
def test_their_size_is_an_option(
    args: tuple[str, ...], said: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_inprocess("-m", "differential", "-s", *args)
    result.stdout.fnmatch_lines([f"*{said}"])


@pytest.mark.parametrize("size", ["0", "-1", "many", "1.5", ""])
def test_a_size_that_is_none_is_told(size: str, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(f"--kvmpmu-examples={size}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"*--kvmpmu-examples: '{size}' is not a whole number of at least 1"]
    )
