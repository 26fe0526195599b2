"""What other plugins add: backends, targets and clauses, and one error for each misuse."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu.spec import catalogue

from .inner_runs import usage_error

ROOT = Path(__file__).resolve().parent.parent
USES = "def test_it(kvm): assert kvm.call('KVM_GET_API_VERSION').ret == 12"

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BACKEND = """
    from pytest_kvmpmu.backends.model import ModelBackend

    class Mine(ModelBackend):
        name = "mine"

    def pytest_kvmpmu_backends():
        return {"mine": lambda settings: Mine(settings.board, settings.kernel)}
"""


def test_a_backend_of_another_plugin_is_used_by_its_name(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BACKEND)
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-backend=mine", "--kvmpmu-kernel=6.1")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["kvmpmu: backend mine, kernel 6.1 as linux-6.0, *"])


def test_what_a_target_means_to_it_is_its_own_affair(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BACKEND)
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-backend=mine", "--kvmpmu-target=here")
    result.stdout.fnmatch_lines(["kvmpmu: backend mine on here, *"])


def test_it_is_used_by_xdists_workers_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BACKEND)
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-backend=mine", "-n2")
    result.assert_outcomes(passed=1)


def test_an_unknown_backend_gets_the_other_plugins_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(BACKEND)
    pytester.makepyfile(USES)
    line = usage_error(pytester.runpytest_inprocess("--kvmpmu-backend=mien"))
    assert "Did you mean 'mine'? Known: model, real, replay, mine" in line


TARGET = """
    from pytest_kvmpmu.errors import UsageProblem
    from pytest_kvmpmu.targets import Target

    class Board(Target):
        name = "board:one"

        def connect(self):
            raise UsageProblem("no board is plugged in", "Plug one in")

    def board(rest, settings):
        if rest != "one":
            raise UsageProblem(f"there is no board {rest!r}", "There is one")
        return Board()

    def pytest_kvmpmu_targets():
        return {"board": board}
"""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("board:one", "no board is plugged in. Plug one in."),
        ("board:two", "there is no board 'two'. There is one."),
        ("boat:one", "unknown target 'boat:one'. Known: local, lab:"),
        ("board", "unknown target 'board'. "),
        ("boat:one", ", board:..."),
    ],
)
def test_a_target_of_another_plugin_is_used_by_its_scheme(
    name: str, says: str, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(TARGET)
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-backend=real", f"--kvmpmu-target={name}")
    assert says in usage_error(result)


CLAUSES = """
    from pathlib import Path
    from pytest_kvmpmu.spec.catalogue import Source

    def pytest_kvmpmu_clauses():
        return Source(Path(__file__).with_name("mine.toml"))
"""
MINE = '["mine.api"]\nsection = "mine.rst 1"\nstatement = "it answers"\n'


def test_clauses_of_another_plugin_can_be_cited(pytester: pytest.Pytester) -> None:
    before = catalogue.clauses()
    pytester.makeconftest(CLAUSES)
    pytester.makefile(".toml", mine=MINE)
    pytester.makepyfile(
        "import pytest\n@pytest.mark.kvmpmu_clause('mine.api', 'api-version')\n" + USES
    )
    result = pytester.runpytest_inprocess("--kvmpmu-backend=model")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["clauses verified: 2, violated: 0"])
    assert catalogue.clauses() is before


def test_their_unspecified_clauses_are_told_apart(tmp_path: Path) -> None:
    clauses, excuses = tmp_path / "a.toml", tmp_path / "b.toml"
    clauses.write_text(MINE)
    excuses.write_text('[not-observable]\n"mine.api" = "it is mine"\n')
    undo = catalogue.include((catalogue.Source(clauses, excuses),))
    try:
        assert catalogue.clause("mine.api").section == "mine.rst 1"
        assert catalogue.unspecified()["mine.api"].why == "it is mine"
        assert list(catalogue.clauses())[-1] == "mine.api"
    finally:
        undo()
    assert "mine.api" not in catalogue.clauses()
    assert "mine.api" not in catalogue.unspecified()


def test_a_plugin_may_have_nothing_to_add(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("def pytest_kvmpmu_backends(): return None")
    pytester.makepyfile(USES)
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


# Misuse: one error, which names the plugin and the hook.

AGAIN = "def pytest_kvmpmu_backends(): return {'model': print}"
SOURCE = "from pytest_kvmpmu.spec.catalogue import Source; from pathlib import Path\n"


@pytest.mark.parametrize(
    ("text", "hook", "says"),
    [
        ("def pytest_kvmpmu_backends(): return ['x']", "backends", "returns ['x'] (list). Return"),
        ("def pytest_kvmpmu_backends(): return {'X y': 1}", "backends", "'X y' is no name. Use"),
        ("def pytest_kvmpmu_backends(): return {1: 1}", "backends", "1 is no name. Use"),
        ("def pytest_kvmpmu_backends(): return {'x': 1}", "backends", "'x' is 1 (int). Give a"),
        ("def pytest_kvmpmu_backends(): return 1 / 0", "backends", "raises ZeroDivisionError"),
        (AGAIN, "backends", "'model' is there already, from pytest-kvmpmu. Use another name"),
        ("def pytest_kvmpmu_targets(): return {'lab': print}", "targets", "'lab' is there already"),
        ("def pytest_kvmpmu_targets(): return 'ssh'", "targets", "returns 'ssh' (str). Return a"),
        ("def pytest_kvmpmu_clauses(): return 'mine.toml'", "clauses", "returns 'mine.toml' (str)"),
        (
            SOURCE + "def pytest_kvmpmu_clauses(): return Source('mine.toml')",
            "clauses",
            "Return a pytest_kvmpmu.spec.catalogue.Source of paths",
        ),
        (
            SOURCE + "def pytest_kvmpmu_clauses(): return Source(Path('absent.toml'))",
            "clauses",
            "absent.toml: [Errno 2] No such file",
        ),
    ],
)
def test_a_misuse_is_one_error_that_names_the_plugin(
    text: str, hook: str, says: str, pytester: pytest.Pytester
) -> None:
    pytester.syspathinsert()
    pytester.makepyfile(USES, misuse=text)
    line = usage_error(pytester.runpytest_inprocess("-p", "misuse"))
    assert f"plugin 'misuse', pytest_kvmpmu_{hook}" in line
    assert says in line


@pytest.mark.parametrize("how", ["-p", "conftest"])
def test_a_hook_with_an_argument_is_one_error_that_names_the_plugin(
    how: str, pytester: pytest.Pytester
) -> None:
    text = "def pytest_kvmpmu_backends(config): return {}"
    pytester.syspathinsert()
    pytester.makepyfile(USES, **{"misuse" if how == "-p" else "conftest": text})
    line = usage_error(pytester.runpytest_inprocess(*(["-p", "misuse"] if how == "-p" else [])))
    assert f"Plugin '{'misuse' if how == '-p' else pytester.path / 'conftest.py'}'" in line
    assert "for hook 'pytest_kvmpmu_backends'" in line
    assert "Argument(s) {'config'} are declared in the hookimpl but can not be found" in line
    assert "Write it as pytest_kvmpmu.hooks has it, without arguments." in line


@pytest.mark.parametrize(
    ("mine", "says"),
    [
        ("x = ", "mine.toml: "),
        ("x = 1", "x: is no table"),
        ('["mine.api"]\nsection = "a"\n', "mine.api: statement is missing"),
        (MINE + 'note = "x"', "mine.api: unknown key 'note'"),
        (MINE + 'since = "linux-1"', "mine.api: since or until is no revision"),
        (MINE.replace("mine.rst 1", "of mine"), "mine.api: section is no document with a number"),
        (MINE.replace("mine.api", "api-version"), "'api-version' is there already, from pytest-kv"),
    ],
)
def test_clauses_that_are_not_in_order_are_one_error(
    mine: str, says: str, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(CLAUSES)
    pytester.makefile(".toml", mine=mine)
    pytester.makepyfile(USES)
    line = usage_error(pytester.runpytest_inprocess())
    assert "conftest.py', pytest_kvmpmu_clauses" in line
    assert says in line


def test_reasons_that_are_not_in_order_are_one_error(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CLAUSES.replace('"mine.toml"', '"mine.toml"), Path("why.toml"'))
    pytester.makefile(".toml", mine=MINE, why='laziness = "x"')
    pytester.makepyfile(USES)
    assert "laziness: is no reason" in usage_error(pytester.runpytest_inprocess())


def test_two_plugins_with_one_name_are_both_named(pytester: pytest.Pytester) -> None:
    text = "def pytest_kvmpmu_targets(): return {'ssh': print}"
    pytester.syspathinsert()
    pytester.makepyfile(USES, one=text, other=text)
    line = usage_error(pytester.runpytest_inprocess("-p", "one", "-p", "other"))
    assert (
        "plugin 'other', pytest_kvmpmu_targets: 'ssh' is there already, from plugin 'one'" in line
    )


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        (
            "def pytest_kvmpmu_backends(): return {'mine': lambda settings: None}",
            ["--kvmpmu-backend=mine"],
            "pytest_kvmpmu_backends: its backend 'mine' is None (NoneType), no Backend",
        ),
        (
            "def pytest_kvmpmu_targets(): return {'mine': lambda rest, settings: rest}",
            ["--kvmpmu-backend=real", "--kvmpmu-target=mine:x"],
            "pytest_kvmpmu_targets: its target mine:x is 'x' (str), no Target",
        ),
    ],
)
def test_what_is_made_is_looked_at(
    text: str, args: list[str], says: str, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(text)
    pytester.makepyfile(USES)
    assert says in usage_error(pytester.runpytest_inprocess(*args))


def test_a_hook_that_comes_too_late_is_told(pytester: pytest.Pytester) -> None:
    below = pytester.mkpydir("below")
    (below / "conftest.py").write_text("def pytest_kvmpmu_backends(): return {}\n")
    (below / "test_it.py").write_text(USES)
    line = usage_error(pytester.runpytest_inprocess())
    assert "comes too late" in line


# The example: installed as pip would, with its entry points.

ACME = ROOT / "docs" / "examples" / "acme"


@pytest.fixture
def acme(tmp_path: Path, unpacked: Path) -> dict[str, str]:
    """The environment in which the example is installed."""
    project = tomllib.loads((ACME / "pyproject.toml").read_text())["project"]
    info = tmp_path / "site" / f"pytest_kvmpmu_acme-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    (info.parent / "pytest_kvmpmu_acme").symlink_to(ACME / "pytest_kvmpmu_acme")
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    return {**env, "PYTHONPATH": f"{unpacked}:{info.parent}", "PYTHONDONTWRITEBYTECODE": "1"}


def ran(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ACME,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


PYTEST = ("pytest", "-p", "no:cacheprovider", "--rootdir=.")
PROGRAM = ("pytest_kvmpmu.commands",)


def test_the_examples_own_tests_pass(acme: dict[str, str]) -> None:
    result = ran(acme, *PYTEST, "--kvmpmu-backend=acme")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "kvmpmu: backend acme, " in result.stdout
    assert "3 passed" in result.stdout


def test_the_examples_spec_fails_on_another_kernel(acme: dict[str, str]) -> None:
    result = ran(acme, *PYTEST, "tests/test_acme.py")
    assert result.returncode == 1
    assert "violated: acme.set-pmu.eperm" in result.stdout


PLAY = """
import sys
sys.modules["pytest"] = sys.modules["_pytest"] = None
from pytest_kvmpmu.commands import main
sys.exit(main(sys.argv[1:]))
"""


def play(env: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    """The program, where there is no pytest."""
    command = [sys.executable, "-c", PLAY, *args]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_the_program_knows_the_examples_backend_without_pytest(acme: dict[str, str]) -> None:
    script = "docs/examples/set-pmu.jsonl"
    result = play(acme, "play", script, "--backend=acme", "--topology=rockpro64")
    assert result.returncode == 0, result.stderr
    assert '{"ret": -1, "errno": "EPERM"}' in result.stdout
    assert '"EPERM"' not in play(acme, "play", script).stdout
    refused = play(acme, "play", script, "--backend=acme", "--target=x")
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "backend acme has no target 'x'" in refused.stderr


def test_the_program_lists_the_examples_clauses(acme: dict[str, str]) -> None:
    result = play(acme, "clauses")
    assert result.stdout.splitlines()[-2].split()[:2] == ["acme.set-pmu.eperm", "acme.rst"]
    unspecified = play(acme, "clauses", "--unspecified").stdout
    assert "acme.firmware: the firmware's counts are its own" in unspecified
    assert "acme" not in play(acme, "clauses", "--markdown").stdout


def test_a_plugin_that_can_not_be_loaded_is_named_by_the_program(
    acme: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "site" / "pytest_kvmpmu_acme").unlink()
    result = play(acme, "play", "docs/examples/set-pmu.jsonl")
    assert result.returncode == 4
    assert "plugin 'acme' (entry point pytest_kvmpmu_acme) can't be loaded" in result.stderr
    assert "Traceback" not in result.stderr


SSH = """#!/bin/sh
# A board that is this machine: ssh -T HOST COMMAND
exec sh -c "$3"
"""


def test_the_examples_target_reaches_an_agent_over_ssh(
    acme: dict[str, str], tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH)
    program.chmod(0o755)
    acme["PATH"] = f"{program.parent}:{acme['PATH']}"
    code = (
        "from pytest_kvmpmu_acme.ssh import SshTarget; link = SshTarget('board').connect();"
        " print(link.request({'op': 'describe'}, 20)['ok']['machine']); link.close()"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], env=acme, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, f"{os.uname().machine}\n"), result.stderr


def test_the_examples_target_says_what_is_no_host(acme: dict[str, str]) -> None:
    result = ran(acme, *PYTEST, "--kvmpmu-backend=real", "--kvmpmu-target=ssh:")
    assert result.returncode == 4
    assert "ssh: names no host. Write it like ssh:root@board." in result.stderr


def test_the_examples_target_says_what_is_missing(acme: dict[str, str], tmp_path: Path) -> None:
    acme["PATH"] = str(tmp_path)
    result = ran(acme, *PYTEST, "--kvmpmu-backend=real", "--kvmpmu-target=ssh:board")
    assert result.returncode == 4
    assert "ssh:board needs ssh, which is not here. Install it." in result.stderr
