"""The ini keys in each kind of file that pytest reads: strings, and TOML's own types."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.support.resources import conformance_dir

SPEC = """
    def test_it(kvm, request):
        assert request.config.getini("kvmpmu_strict_spec") is True
"""
NATIVE = pytest.version_tuple >= (9, 0)
# pytest 9.0 and 9.1 read native TOML, and take one type for a key.
NUMBERS = pytest.version_tuple >= (9, 2)

TEXTS = """
kvmpmu_kernel = "6.1"
kvmpmu_topology = "rockpro64-swapped"
kvmpmu_timeout = "7"
kvmpmu_strict_spec = "true"
kvmpmu_report = ["run.json", "run.ktap"]
"""
NATIVES = TEXTS.replace('"true"', "true").replace('"7"', "7" if NUMBERS else '"7"')

# The kind of file, its name, its table, and what it has in that.
INI_OPTIONS = ("pyproject.toml", "tool.pytest.ini_options", "")
TOOL_PYTEST = ("pyproject.toml", "tool.pytest", "strict = true")
PYTEST_TOML = ("pytest.toml", "pytest", "strict = true")
FILES = [
    pytest.param(*INI_OPTIONS, TEXTS, id="ini_options"),
    pytest.param(*INI_OPTIONS, NATIVES, id="ini_options-native"),
]
if NATIVE:
    FILES += [
        pytest.param(*TOOL_PYTEST, NATIVES, id="tool.pytest"),
        pytest.param(*PYTEST_TOML, NATIVES, id="pytest.toml"),
    ]


def write(pytester: pytest.Pytester, name: str, table: str, text: str) -> None:
    (pytester.path / name).write_text(f"[{table}]\n{text}\n", encoding="utf-8")


@pytest.mark.parametrize(("name", "table", "more", "values"), FILES)
def test_each_key_holds_in_each_kind_of_file(
    name: str, table: str, more: str, values: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPEC)
    write(pytester, name, table, f'{more}\nfilterwarnings = ["error"]\n{values}')
    # In this process pytest would warn of modules that it imported for the tests themselves.
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    (header,) = [line for line in result.outlines if line.startswith("kvmpmu: ")]
    assert "kernel 6.1 as linux-6.0, topology rockpro64-swapped, " in header
    assert header.endswith("timeout 7 s")
    for report in ("run.json", "run.ktap"):
        assert (pytester.path / report).exists()


def one_error(result: pytest.RunResult) -> str:
    """The one line that a usage error is, this plugin's or pytest's own."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.outlines + result.errlines
    assert not [line for line in text if "Traceback" in line or "INTERNALERROR" in line]
    (line,) = [line for line in text if line.startswith("ERROR: ")]
    return line


# pytest finds wrong types in native TOML; this plugin words what older ones raise.
WRONG = [
    ("kvmpmu_timeout", "true"),
    ("kvmpmu_timeout", "0"),
    ("kvmpmu_kernel", "6.10"),
    ("kvmpmu_gate", '["conformant"]'),
    ("kvmpmu_record", "1"),
    ("kvmpmu_waivers", "false"),
    ("kvmpmu_strict_spec", '"yes"'),
    ("kvmpmu_report", '"run.json"'),
    ("kvmpmu_report", "[1]"),
]


@pytest.mark.skipif(not NATIVE, reason="pytest 9 begins to read native TOML")
@pytest.mark.parametrize(("key", "value"), WRONG)
def test_another_type_in_native_toml_is_one_error_that_names_the_key(
    key: str, value: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPEC)
    write(pytester, "pyproject.toml", "tool.pytest", f"{key} = {value}")
    error = one_error(pytester.runpytest_inprocess())
    assert key in error or f"--{key.replace('_', '-')}={value} " in error


@pytest.mark.parametrize("warnings", ["default", "error"])
def test_a_list_for_a_string_in_ini_options_is_one_error(
    warnings: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPEC)
    text = f'kvmpmu_kernel = ["6.1"]\nfilterwarnings = ["{warnings}"]'
    write(pytester, "pyproject.toml", "tool.pytest.ini_options", text)
    error = one_error(pytester.runpytest_subprocess())
    assert "kvmpmu_kernel has to be a string" in error or "['6.1']" in error


def test_a_switch_that_is_neither_true_nor_false_is_one_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPEC)
    pytester.makeini("[pytest]\nkvmpmu_strict_spec = maybe\n")
    one_error(pytester.runpytest_inprocess())


@pytest.mark.skipif(not NATIVE, reason="pytest 9 has the ini key strict")
def test_the_specs_are_collected_in_strict_mode(pytester: pytest.Pytester) -> None:
    write(pytester, "pytest.toml", "pytest", "strict = true")
    args = ["-c", "pytest.toml", "-q", "--collect-only", "-m", "differential or not differential"]
    result = pytester.runpytest_subprocess(*args, conformance_dir())
    assert result.ret == pytest.ExitCode.OK, result.stdout.str()
