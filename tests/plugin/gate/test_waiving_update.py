"""``--kvmpmu-update-waivers``: the file is updated from the run's results."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.support.resources import conformance_dir

from ...inner_runs import usage_error
from . import waiving
from .test_judging import WORKERS

SPECS = f"""{waiving.SPECS}
    @pytest.mark.kvmpmu_clause("irq.set")
    def test_assert(vcpu):
        assert 1 == 2

    @pytest.mark.kvmpmu_clause("irq.get")
    def test_skipped(vcpu): pytest.skip("not today")
"""
# Each is stale in its own way, except the last.
BEFORE = """\
# Known failures of the board in the corner.

# It passes.
[[waiver]]
spec = "test_specs.py::test_set"
errno = "EIO"
reason = "gone"  # with its entry
link = "https://bugs.example.org/1"

# Another outcome.
[[waiver]]
spec = "test_specs.py::test_irq[3]"   # the first
errno = "EIO"  # as seen
reason = "one"
link = "https://bugs.example.org/2"
# It is never there.
[[waiver]]
spec = "test_specs.py::test_irq[9]"
errno = "EINVAL"
reason = "nothing"
link = "https://bugs.example.org/3"

[[waiver]]
spec = "test_specs.py::test_skipped"
errno = "EINVAL"
reason = "skipped"
link = "https://bugs.example.org/4"

[[waiver]]
spec = "test_specs.py::test_assert"
message = "assert 1 == 2"
reason = "so it is"
link = "https://bugs.example.org/5"
kernel = "==7.3"
# The end.
"""
AFTER = """\
# Known failures of the board in the corner.

# It passes.

# Another outcome.
[[waiver]]
spec = "test_specs.py::test_irq[3]"   # the first
errno = "EINVAL"  # as seen
reason = "one"
link = "https://bugs.example.org/2"
# It is never there.

[[waiver]]
spec = "test_specs.py::test_skipped"
errno = "EINVAL"
reason = "skipped"
link = "https://bugs.example.org/4"

[[waiver]]
spec = "test_specs.py::test_assert"
message = "assert 1 == 2"
reason = "so it is"
link = "https://bugs.example.org/5"
kernel = "==7.3"
# The end.

[[waiver]]
spec = "test_specs.py::test_irq[4]"
errno = "EINVAL"
reason = ""
link = ""
kernel = "==7.3"
board = "rockpro64"
"""


def update(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(
        "--kvmpmu-waivers=w.toml", "--kvmpmu-update-waivers", "--kvmpmu-kernel=7.3", *args
    )


@WORKERS
def test_the_file_says_what_the_run_did_and_keeps_its_comments(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    path = pytester.path / "w.toml"
    path.write_text(BEFORE)
    path.chmod(0o640)
    pytester.makepyfile(test_specs=SPECS)
    result = update(pytester, *how)
    assert path.read_text() == AFTER
    assert path.stat().st_mode & 0o777 == 0o640
    result.stdout.fnmatch_lines(
        [
            "  w.toml:4 (test_specs.py::test_set): removed (unexpected pass)",
            "  w.toml:11 (test_specs.py::test_irq[[]3[]]): now EINVAL",
            "  w.toml:17 (test_specs.py::test_irq[[]9[]]): removed (matches nothing)",
            "  w.toml:23 (test_specs.py::test_skipped): left as it is (was skipped); it needs a"
            " decision",
            "  test_specs.py::test_irq[[]4[]]: added; fill in its reason and link",
        ]
    )


def test_a_new_entry_is_of_no_use_until_its_reason_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    update(pytester)
    again = pytester.runpytest_inprocess("--kvmpmu-waivers=w.toml")
    assert "w.toml:4: reason is empty or not a string" in usage_error(again)
    path = pytester.path / "w.toml"
    text = path.read_text()
    text = text.replace('reason = ""', 'reason = "known"')
    path.write_text(text.replace('link = ""', 'link = "https://bugs.example.org/7"'))
    result = pytester.runpytest_inprocess("--kvmpmu-waivers=w.toml", "--kvmpmu-kernel=7.3")
    result.assert_outcomes(passed=1, xfailed=3, skipped=1)
    assert result.ret == 0


def test_an_entry_that_is_too_broad_becomes_one_for_each_spec(pytester: pytest.Pytester) -> None:
    path = pytester.path / "w.toml"
    path.write_text(
        "# All of it.\n[[waiver]]\n"
        'clause = "irq.set"\nerrno = "EINVAL"\nreason = "r"\nlink = "https://x.example.org"\n'
        'expires = 2099-01-01\nboard = "rockpro64"\n'
    )
    pytester.makepyfile(test_specs=SPECS)
    update(pytester)
    said = 'reason = "r"\nlink = "https://x.example.org"\nexpires = 2099-01-01\n'
    said += 'board = "rockpro64"\n'
    assert path.read_text() == (
        "# All of it.\n"
        f'[[waiver]]\nspec = "test_specs.py::test_assert"\nmessage = "assert 1 == 2"\n{said}\n'
        f'[[waiver]]\nspec = "test_specs.py::test_irq[3]"\nerrno = "EINVAL"\n{said}\n'
        f'[[waiver]]\nspec = "test_specs.py::test_irq[4]"\nerrno = "EINVAL"\n{said}'
    )


def test_entries_for_other_kernels_and_expired_ones_stay(pytester: pytest.Pytester) -> None:
    entries = (
        "[[waiver]]\n"
        'spec = "test_specs.py::test_set"\nerrno = "EIO"\nreason = "r"\n'
        'link = "https://x.example.org"\nkernel = "<6.1"\n'
        "[[waiver]]\n"
        'spec = "test_specs.py::test_assert"\nmessage = "assert 1 == 2"\nreason = "r"\n'
        'link = "https://x.example.org"\nexpires = 2020-01-01\n'
        "[[waiver]]\n"
        'spec = "test_specs.py::test_irq"\nerrno = "EINVAL"\nreason = "r"\n'
        'link = "https://x.example.org"\n'
    )
    path = pytester.path / "w.toml"
    path.write_text(entries)
    pytester.makepyfile(test_specs=SPECS)
    result = update(pytester)
    assert path.read_text() == entries
    result.stdout.fnmatch_lines(["  w.toml:7 (*): left as it is (expired); it needs a decision"])


def test_a_file_that_is_right_stays_as_it_is(pytester: pytest.Pytester) -> None:
    path = pytester.path / "w.toml"
    path.write_text("# none\n")
    pytester.makepyfile("def test_it(vcpu): pass")
    result = update(pytester)
    assert result.ret == 0
    assert path.read_text() == "# none\n"
    result.stdout.fnmatch_lines(["  nothing to change"])


def test_all_of_our_specs_are_a_whole_run(pytester: pytest.Pytester) -> None:
    path = pytester.path / "w.toml"
    path.write_text("# none\n")
    result = pytester.runpytest_subprocess(
        "-q", str(conformance_dir()), "--kvmpmu-waivers=w.toml", "--kvmpmu-update-waivers"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  nothing to change"])


@WORKERS
@pytest.mark.parametrize(
    ("more", "args", "why"),
    [
        ("", ["-k", "set"], "specs were deselected, like test_specs.py::test_"),
        ("", ["test_specs.py::test_set"], "not all of test_specs.py was collected"),
        ("", ["--lf"], "not all of test_specs.py was collected"),
        ("", ["-x"], "the run ended early, without test_"),
        ("def test_no(vcpu): vcpu.nothing()", [], "test_more.py::test_no ended in an error"),
        (
            "import no_such",
            ["--continue-on-collection-errors"],
            "test_more.py could not be collected",
        ),
    ],
)
def test_a_part_of_a_run_changes_nothing(
    more: str, args: list[str], why: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    path = pytester.path / "w.toml"
    path.write_text(BEFORE)
    pytester.makepyfile(test_specs=SPECS, test_more=more)
    result = update(pytester, *how, *args)
    assert result.ret != 0
    assert path.read_text() == BEFORE
    (line,) = [n for n in result.outlines if n.startswith("--kvmpmu-update-waivers: ")]
    assert "the waivers were not rewritten: " in line
    assert why in line


def test_a_run_that_lost_a_worker_changes_nothing(pytester: pytest.Pytester) -> None:
    path = pytester.path / "w.toml"
    path.write_text(BEFORE)
    pytester.makepyfile(test_specs=SPECS, test_more="import os\ndef test_no(kvm): os._exit(1)")
    result = update(pytester, "-n1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert path.read_text() == BEFORE
    result.stdout.fnmatch_lines(["*were not rewritten: a worker was lost*"])


def test_a_run_without_the_specs_of_an_entry_changes_nothing(pytester: pytest.Pytester) -> None:
    (pytester.path / "w.toml").write_text(BEFORE)
    pytester.makepyfile(test_specs=SPECS, test_more="def test_it(kvm): pass")
    result = update(pytester, "test_more.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*were not rewritten: it had no spec for w.toml:4 (*"])


def test_a_run_without_specs_changes_nothing(pytester: pytest.Pytester) -> None:
    (pytester.path / "w.toml").write_text(BEFORE)
    pytester.makepyfile(test_specs=SPECS, test_more="def test_it(): pass")
    result = update(pytester, "test_more.py")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*were not rewritten: there was no spec. *"])


def test_a_run_that_used_no_kernel_changes_nothing(pytester: pytest.Pytester) -> None:
    path = pytester.path / "w.toml"
    pytester.makepyfile(
        'import pytest\n@pytest.mark.kvmpmu_clause("irq.set")\ndef test_it(): assert 1 == 2\n'
    )
    result = update(pytester, "-q")  # else the header's line starts the model
    assert not path.exists()
    result.stdout.fnmatch_lines(["*were not rewritten: no spec used a kernel. *"])


def test_entries_in_another_form_are_not_touched(pytester: pytest.Pytester) -> None:
    text = (
        'waiver = [{spec = "test_specs.py::test_set", errno = "EIO", reason = "r",'
        ' link = "https://x.example.org"}]\n'
    )
    path = pytester.path / "w.toml"
    path.write_text(text)
    pytester.makepyfile(test_specs=SPECS)
    result = update(pytester)
    assert path.read_text() == text
    result.stdout.fnmatch_lines(["*the waivers can't be rewritten: not all are tables. *"])


def test_without_a_file_there_is_nothing_to_update(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess("--kvmpmu-update-waivers")
    assert "--kvmpmu-update-waivers has no file to rewrite" in usage_error(result)


def test_a_file_that_could_not_be_written_is_told_before_the_run(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess(
        "--kvmpmu-waivers=nowhere/w.toml", "--kvmpmu-update-waivers"
    )
    assert "nowhere/w.toml cannot be written: its folder does not exist" in usage_error(result)
