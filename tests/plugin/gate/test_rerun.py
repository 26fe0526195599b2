"""The command that a failed run ends with: it reruns exactly what failed."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from pytest_kvmpmu.plugin.gate.rerun import quoted
from pytest_kvmpmu.support.resources import PACKAGE, conformance_dir, fixtures_dir

from ...inner_runs import EITHER_WAY

SPECS = """
    import pytest

    def test_good(vcpu): pass

    @pytest.mark.parametrize("text", ["a b", "it's", 'say "x"', "$HOME", "x::y", "ok"])
    def test_bad(vcpu, text):
        assert text == "ok"

    def test_error(no_such_fixture, vcpu): pass
"""


def command(result: pytest.RunResult) -> list[str]:
    """The words of the command that a run ended with."""
    lines = result.outlines
    program, *args = shlex.split(lines[lines.index("to rerun what failed:") + 1])
    assert program == "pytest"
    return args


@pytest.mark.parametrize("how", EITHER_WAY)
def test_the_command_runs_what_failed_and_nothing_else(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_specs=SPECS)
    first = pytester.runpytest_inprocess("--kvmpmu-kernel=6.1", *how)
    first.assert_outcomes(passed=2, failed=5, errors=1)
    args = command(first)
    assert args[0] == "--kvmpmu-kernel=6.1"
    assert len(args) == 7
    again = pytester.runpytest_inprocess(*args)
    again.assert_outcomes(failed=5, errors=1)
    assert command(again) == args


def test_a_run_that_passed_has_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(vcpu): pass")
    result = pytester.runpytest_inprocess()
    assert "to rerun what failed:" not in result.outlines


def test_tests_of_another_kind_have_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): assert False")
    result = pytester.runpytest_inprocess()
    assert "to rerun what failed:" not in result.outlines


MANY = """
    import pytest

    @pytest.mark.parametrize("n", range(20))
    def test_it(vcpu, n):
        assert n % 2, "a b"
"""


def test_a_long_list_goes_through_a_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MANY)
    first = pytester.runpytest_inprocess()
    first.assert_outcomes(passed=10, failed=10)
    (arg,) = command(first)
    assert arg.startswith("@.pytest_cache/d/kvmpmu/failed-")
    assert len(Path(arg[1:]).read_text().splitlines()) == 10
    pytester.runpytest_inprocess(arg).assert_outcomes(failed=10)


def test_without_a_cache_it_is_written_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MANY)
    first = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    args = command(first)
    assert len(args) == 10
    pytester.runpytest_inprocess(*args).assert_outcomes(failed=10)


def test_it_has_our_options_but_those_that_write_files_and_the_gate(
    pytester: pytest.Pytester,
) -> None:
    (pytester.path / "w.toml").write_text("")
    pytester.makepyfile("def test_it(vcpu): assert False")
    result = pytester.runpytest_inprocess(
        "--kvmpmu-backend=model",
        "--kvmpmu-topology=one-pmu",
        "--kvmpmu-timeout=3",
        "--kvmpmu-require=pmu",
        "--kvmpmu-waivers=w.toml",
        "--kvmpmu-strict-spec",
        "--kvmpmu-examples=7",
        "--kvmpmu-gate=conformant",
        "--kvmpmu-update-waivers",
        "--kvmpmu-record=r.jsonl",
        "-m",
        "not other",
        "-p",
        "randomly",
        "--randomly-seed=5",
    )
    assert command(result) == [
        "--kvmpmu-backend=model",
        "--kvmpmu-topology=one-pmu",
        "--kvmpmu-timeout=3",
        "--kvmpmu-require=pmu",
        "--kvmpmu-waivers=w.toml",
        "--kvmpmu-strict-spec",
        "--kvmpmu-examples=7",
        "--randomly-seed=5",
        "-m",
        "not other",
        "test_it_has_our_options_but_those_that_write_files_and_the_gate.py::test_it",
    ]


def test_it_is_right_where_pytest_was_started(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makeini("[pytest]\n")
    inner = pytester.mkdir("inner")
    other = pytester.mkdir("other")
    (inner / "test_it.py").write_text("def test_it(vcpu): assert False\n")
    monkeypatch.chdir(inner)
    assert command(pytester.runpytest_inprocess()) == ["test_it.py::test_it"]
    monkeypatch.chdir(other)
    args = command(pytester.runpytest_inprocess(str(inner)))
    assert args[0] == f"--rootdir={pytester.path}"
    pytester.runpytest_inprocess(*args).assert_outcomes(failed=1)


def test_a_spec_of_ours_is_found_wherever_it_is(pytester: pytest.Pytester) -> None:
    # Fails: the calls differ from the recorded ones.
    trace = conformance_dir().parent / "fixtures/traces/5.10-rockpro64.jsonl.gz"
    result = pytester.runpytest_subprocess(
        str(conformance_dir() / "test_cover_letter.py"),
        "--kvmpmu-backend=replay",
        f"--kvmpmu-target={trace}",
        "--kvmpmu-kernel=6.7",
        "-p",
        "no:cacheprovider",
    )
    broken = result.parseoutcomes()["errors"]
    args = command(result)
    assert f"--rootdir={conformance_dir().parent}" in args
    again = pytester.runpytest_subprocess(*args, "-p", "no:cacheprovider")
    assert again.parseoutcomes() == {"errors": broken}


def test_a_stale_waivers_spec_is_run_again_too(pytester: pytest.Pytester) -> None:
    (pytester.path / "w.toml").write_text(
        '[[waiver]]\nspec = "test_specs.py::test_it"\nerrno = "EIO"\nreason = "r"\n'
        'link = "https://x.example.org"\n'
    )
    pytester.makepyfile(test_specs="def test_it(vcpu): pass\n\ndef test_other(vcpu): pass\n")
    args = command(pytester.runpytest_inprocess("--kvmpmu-waivers=w.toml"))
    assert args == ["--kvmpmu-waivers=w.toml", "test_specs.py::test_it"]
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_spec_of_an_installed_plugin_is_run_as_a_module(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As in the wheel.
    shutil.copytree(PACKAGE, tmp_path / "pytest_kvmpmu")
    shutil.copytree(conformance_dir(), tmp_path / "pytest_kvmpmu" / "conformance")
    for name in ("lab", "payloads", "topologies"):
        shutil.copytree(fixtures_dir() / name, tmp_path / "pytest_kvmpmu" / "fixtures" / name)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    spec = "test_vcpu_1_4_set_pmu{}::test_get_is_refused"
    (pytester.path / "w.toml").write_text(
        f'[[waiver]]\nspec = "conformance/{spec.format(".py")}"\nerrno = "EIO"\nreason = "r"\n'
        'link = "https://x.example.org"\n'
    )
    pyargs = ["--kvmpmu-waivers=w.toml", "--pyargs"]
    first = pytester.runpytest_subprocess(*pyargs, "pytest_kvmpmu.conformance")
    args = command(first)
    assert args == [*pyargs, f"pytest_kvmpmu.conformance.{spec.format('')}"]
    again = pytester.runpytest_subprocess(*args)
    again.assert_outcomes(passed=1)
    assert command(again) == args


def test_a_file_that_could_not_be_read_is_run_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="import no_such", test_b="def test_it(vcpu): pass")
    result = pytester.runpytest_inprocess("--continue-on-collection-errors")
    assert command(result) == ["test_a.py"]


def test_a_lost_workers_test_is_run_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_a="import os\n\ndef test_it(vcpu): os._exit(3)\n")
    assert command(pytester.runpytest_inprocess("-n1")) == ["test_a.py::test_it"]


def test_words_are_quoted_for_the_shell_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["pytest", "x.py::t[a b]"]
    monkeypatch.setattr("os.name", "nt")
    on_windows = quoted(words)
    monkeypatch.undo()
    assert on_windows == 'pytest "x.py::t[a b]"'
    assert quoted(words) == "pytest 'x.py::t[a b]'"
