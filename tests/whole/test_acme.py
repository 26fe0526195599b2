"""The example of a plugin that extends this one: its tests, and `kvmpmu` with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
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
    return {**env, "PYTHONPATH": f"{unpacked}:{info.parent}"}


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
    """The program, without pytest."""
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
    assert "ssh: does not name a host. Write it like ssh:root@board." in result.stderr


def test_the_examples_target_says_what_is_missing(acme: dict[str, str], tmp_path: Path) -> None:
    acme["PATH"] = str(tmp_path)
    result = ran(acme, *PYTEST, "--kvmpmu-backend=real", "--kvmpmu-target=ssh:board")
    assert result.returncode == 4
    assert "ssh:board needs ssh, which is not installed. Install it." in result.stderr
