"""--kvmpmu-record and --kvmpmu-backend=replay in a run, with and without workers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_kvmpmu.recording.form import KEY
from pytest_kvmpmu.recording.reader import read
from pytest_kvmpmu.support.json_lines import END
from pytest_kvmpmu.support.resources import conformance_dir

from ..inner_runs import FULL_DISK, KERNEL_OF_EACH_WORKER, WORKERS, usage_error
from ..recording.samples import lines_of

RUN = "run.jsonl"
SPECS = """
    import pytest
    from pytest_kvmpmu.kvm.expect import refused
    from pytest_kvmpmu.uapi.errno import Errno

    def test_plain(): pass

    @pytest.mark.parametrize("which", range(6))
    def test_it(which, vcpu):
        with refused(Errno.ENXIO):
            vcpu.set_pmu(99 + which)

    def test_two_worlds(kvm, kvmpmu_backend):
        kvm.create_vm()
        assert kvmpmu_backend.apart([[]]) == [[]]

    @pytest.mark.kvmpmu_requires("no-pmu")
    def test_skipped(kvm): pass

    def test_bad(kvm):
        assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 2
"""
EARLY = """
    import pytest
    def test_first(kvm): kvm.create_vm()
    def test_end(): {end}
    @pytest.mark.parametrize("n", range(20))
    def test_later(kvm, n): kvm.create_vm()
"""


@pytest.fixture(autouse=True)
def specs(pytester: pytest.Pytester) -> Path:
    return pytester.makepyfile(test_it=SPECS)


def said(result: pytest.RunResult) -> str:
    """The line of the run about its recording."""
    (line,) = [line for line in result.outlines if line.startswith(("recorded", "not recorded"))]
    return line


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


@WORKERS
def test_a_run_is_recorded_in_the_order_of_its_tests(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    result = pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}", *workers)
    result.assert_outcomes(passed=8, failed=1, skipped=1)
    path = pytester.path / RUN
    assert said(result) == f"recorded 9 worlds, 32 calls in {path}"
    recording = read(path)
    ids = [*(f"test_it[{n}]" for n in range(6)), *["test_two_worlds"] * 2, "test_bad"]
    assert [world.test for world in recording.worlds] == [f"test_it.py::{name}" for name in ids]
    assert hidden(pytester.path) == []


def test_workers_record_what_one_process_does(pytester: pytest.Pytester) -> None:
    for args in (["one.jsonl"], ["two.jsonl", "-n2"]):
        pytester.runpytest_inprocess(f"--kvmpmu-record={args[0]}", *args[1:])
    one, two = lines_of(pytester.path / "one.jsonl"), lines_of(pytester.path / "two.jsonl")
    assert one[1:-1] == two[1:-1]
    assert KEY in one[0]
    assert END in one[-1]


def test_a_recording_can_be_asked_for_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\nkvmpmu_record = {RUN}.gz\n")
    pytester.runpytest_inprocess("-k", "test_it")
    assert len(read(pytester.path / f"{RUN}.gz").worlds) == 9


@WORKERS
def test_a_replay_passes_and_fails_as_the_run_did(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}", "--kvmpmu-kernel=6.1.3")
    result = pytester.runpytest_inprocess(
        "--kvmpmu-backend=replay", f"--kvmpmu-target={RUN}", *workers
    )
    result.assert_outcomes(passed=8, failed=1, skipped=1)
    (line,) = [line for line in result.outlines if line.startswith("kvmpmu: ")]
    assert line.startswith(
        f"kvmpmu: backend replay on {RUN}, kernel 6.1.3 as linux-6.0, topology rockpro64, PMUs "
    )
    assert ", recorded 20" in line


def test_a_test_that_changed_fails_with_the_line(specs: Path, pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}")
    # Of another length: Python takes a file of the same second and length for the one it compiled.
    specs.write_text(specs.read_text().replace("99 + which", "90 + 8 + which"))
    result = pytester.runpytest_inprocess(
        "--kvmpmu-backend=replay", f"--kvmpmu-target={RUN}", "-k", "test_it[0] or two_worlds"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [f'E *Failure: *{RUN}, line 7: test_it.py::test_it*issued *now it issues *"int": 98*']
    )


def test_a_test_that_is_new_is_named(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}", "-k", "two_worlds")
    result = pytester.runpytest_inprocess(
        "--kvmpmu-backend=replay", f"--kvmpmu-target={RUN}", "-k", "two_worlds or bad"
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E *has no calls of test_it.py::test_bad, *"])


def test_our_specs_have_the_same_names_wherever_they_are(pytester: pytest.Pytester) -> None:
    spec = conformance_dir() / "test_api_4_1_create.py"
    result = pytester.runpytest_subprocess(f"--kvmpmu-record={RUN}", str(spec))
    assert result.ret == 0
    for world in read(pytester.path / RUN).worlds:
        assert world.test.startswith("conformance/test_api_4_1_create.py::test_")


@WORKERS
@pytest.mark.parametrize(
    ("end", "args"),
    [
        ("pytest.exit('enough', returncode=0)", []),
        ("raise KeyboardInterrupt", []),
        ("assert False", ["-x"]),
        ("__import__('os').abort()", ["--max-worker-restart=0"]),
    ],
    ids=["exit", "ctrl-c", "first-failure", "crash"],
)
def test_a_run_that_ended_early_leaves_no_file(
    end: str, args: list[str], workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_it=EARLY.format(end=end))
    path = pytester.path / RUN
    path.write_text("what was there")
    result = pytester.runpytest_subprocess(f"--kvmpmu-record={RUN}", *args, *workers)
    assert path.read_text() == "what was there"
    if "abort" in end and not workers:
        assert result.ret < 0
        return
    assert hidden(pytester.path) == []
    if "pytest.exit" in end and workers:
        result.stdout.fnmatch_lines(
            ["INTERNALERROR*"]
        )  # xdist does not support pytest.exit in a worker
    else:
        assert said(result).startswith("not recorded: ")


def test_a_run_of_the_last_test_that_fails_is_whole(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}", "-x")
    result.assert_outcomes(passed=8, failed=1, skipped=1)
    assert said(result).startswith("recorded 9 worlds")


def test_without_a_backend_there_is_no_recording(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-q", f"--kvmpmu-record={RUN}", "-k", "plain")
    assert result.ret == 0
    assert said(result) == "not recorded: no test used a kernel or the model"
    assert not (pytester.path / RUN).exists()


@pytest.mark.parametrize("args", [["--collect-only"], ["--help"], ["--version"], ["--markers"]])
def test_what_runs_no_test_touches_no_file(args: list[str], pytester: pytest.Pytester) -> None:
    before = sorted(pytester.path.iterdir())
    pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}", "-p", "no:cacheprovider", *args)
    assert [p for p in pytester.path.iterdir() if p not in before and p.name != "__pycache__"] == []


@WORKERS
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--kvmpmu-record=absent/run"], "absent/run cannot be written: No such file or directory"),
        (["--kvmpmu-record=."], "cannot be written: it is not a regular file"),
        (["--kvmpmu-backend=replay"], "--kvmpmu-backend=replay needs a recording"),
        (
            ["--kvmpmu-backend=replay", "--kvmpmu-target=absent.jsonl"],
            "absent.jsonl cannot be read: No such file or directory",
        ),
        (
            ["--kvmpmu-backend=replay", "--kvmpmu-target=x", "--kvmpmu-topology=rockpro64"],
            "--kvmpmu-topology=rockpro64 has no meaning with --kvmpmu-backend=replay",
        ),
        (
            ["--kvmpmu-backend=replay", "--kvmpmu-target=x", "--kvmpmu-record=y"],
            "--kvmpmu-record has no meaning with --kvmpmu-backend=replay",
        ),
    ],
)
def test_a_bad_option_ends_the_run_before_it_begins(
    args: list[str], says: str, workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    assert says in usage_error(pytester.runpytest_inprocess(*args, *workers))
    assert hidden(pytester.path) == []


def test_a_recording_that_was_cut_off_is_refused(pytester: pytest.Pytester) -> None:
    pytester.runpytest_inprocess(f"--kvmpmu-record={RUN}")
    path = pytester.path / RUN
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    line = usage_error(
        pytester.runpytest_inprocess("--kvmpmu-backend=replay", f"--kvmpmu-target={RUN}")
    )
    assert "has no footer: it was cut off after line 42" in line


@WORKERS
def test_a_disk_that_is_full_at_the_end_is_no_success(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(FULL_DISK)
    result = pytester.runpytest_subprocess(f"--kvmpmu-record={RUN}", "-k", "two_worlds", *workers)
    result.assert_outcomes(passed=1)
    assert result.ret != 0
    assert said(result).startswith("not recorded: ")
    assert [p.name for p in pytester.path.iterdir() if p.name.startswith((RUN, f".{RUN}"))] == []


def test_workers_on_different_kernels_are_not_joined(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(KERNEL_OF_EACH_WORKER)
    result = pytester.runpytest_subprocess(f"--kvmpmu-record={RUN}", "-n2")
    assert "the workers ran on different kernels or hosts: 6.12." in said(result)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert json.dumps(sorted(hidden(pytester.path))) == "[]"
