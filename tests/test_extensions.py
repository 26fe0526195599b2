"""What other plugins add: backends, targets and clauses, and one error for each misuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.spec import catalogue

from .inner_runs import usage_error

USES = "def test_it(kvm): assert kvm.call('KVM_GET_API_VERSION').ret == 12"

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
    from pytest_kvmpmu.targets.base import Target

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
        ("boat:one", "unknown target 'boat:one'. Known: local, "),
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
        (
            "def pytest_kvmpmu_backends(): return {'X y': 1}",
            "backends",
            "'X y' is not a valid name. Use",
        ),
        ("def pytest_kvmpmu_backends(): return {1: 1}", "backends", "1 is not a valid name. Use"),
        ("def pytest_kvmpmu_backends(): return {'x': 1}", "backends", "'x' is 1 (int). Give a"),
        ("def pytest_kvmpmu_backends(): return 1 / 0", "backends", "raises ZeroDivisionError"),
        (AGAIN, "backends", "'model' already exists, from pytest-kvmpmu. Use another name"),
        ("def pytest_kvmpmu_targets(): return {'lab': print}", "targets", "'lab' already exists"),
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
    assert "Define it as in pytest_kvmpmu.hooks, without arguments." in line


@pytest.mark.parametrize(
    ("mine", "says"),
    [
        ("x = ", "mine.toml: "),
        ("x = 1", "x: is not a table"),
        ('["mine.api"]\nsection = "a"\n', "mine.api: statement is missing"),
        (MINE + 'note = "x"', "mine.api: unknown key 'note'"),
        (MINE + 'since = "linux-1"', "mine.api: since or until is not a revision"),
        (MINE.replace("mine.rst 1", "of mine"), "mine.api: section is not a document with a num"),
        (MINE.replace("mine.api", "api-version"), "'api-version' already exists, from pytest-kv"),
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
    assert "laziness: unknown reason" in usage_error(pytester.runpytest_inprocess())


def test_two_plugins_with_one_name_are_both_named(pytester: pytest.Pytester) -> None:
    text = "def pytest_kvmpmu_targets(): return {'ssh': print}"
    pytester.syspathinsert()
    pytester.makepyfile(USES, one=text, other=text)
    line = usage_error(pytester.runpytest_inprocess("-p", "one", "-p", "other"))
    assert "plugin 'other', pytest_kvmpmu_targets: 'ssh' already exists, from plugin 'one'" in line


@pytest.mark.parametrize(
    ("text", "args", "says"),
    [
        (
            "def pytest_kvmpmu_backends(): return {'mine': lambda settings: None}",
            ["--kvmpmu-backend=mine"],
            "pytest_kvmpmu_backends: its backend 'mine' is None (NoneType), not a Backend",
        ),
        (
            "def pytest_kvmpmu_targets(): return {'mine': lambda rest, settings: rest}",
            ["--kvmpmu-backend=real", "--kvmpmu-target=mine:x"],
            "pytest_kvmpmu_targets: its target mine:x is 'x' (str), not a Target",
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
    assert "is loaded too late" in line


# The example: installed as pip would, with its entry points.
