"""The CI templates: well formed, and each of their commands runs, on the model.

What a command needs beside us is played by a program of its name: apt-get and pip do nothing, a
venv has these programs in it, and pytest is the real one, on the model and with few specs.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pytest_kvmpmu import topology
from pytest_kvmpmu.lab import check_line
from pytest_kvmpmu.revision import detect

from .pages import DOCS, environment

CI = DOCS / "ci"

NOTHING = "exit 0"
PYTHON = """
case "$1 $2" in
"-m pip") shift 2; exec "{programs}/pip" "$@" ;;
"-m pytest") shift 2; exec "{programs}/pytest" "$@" ;;
"-m venv") mkdir -p "$3/bin"; cp "{programs}"/* "$3/bin" ;;
*) exec "{python}" "$@" ;;
esac
"""
PIP = """
while [ $# -gt 0 ]; do
    if [ "$1" = --target ]; then mkdir -p "$2"; fi
    shift
done
"""
# No kernel is booted here, and a few specs will do.
PYTEST = """
for given; do
    shift
    case "$given" in
    --kvmpmu-backend=real) set -- "$@" --kvmpmu-backend=model ;;
    --kvmpmu-target=lab:*) ;;
    --kvmpmu-require=real,*) set -- "$@" "--kvmpmu-require=${{given#*=real,}}" ;;
    --kvmpmu-gate=*) set -- "$@" "$given"; gated=yes ;;
    *) set -- "$@" "$given" ;;
    esac
done
if [ "${{gated-no}}" = no ]; then set -- "$@" -k cover_letter; fi
exec "{python}" -m pytest "$@"
"""
KVMPMU = """
if [ "$1" != lab ]; then
    exec "{python}" -c 'import sys; from pytest_kvmpmu.commands import main; sys.exit(main())' "$@"
fi
exec "{python}" -c 'from pytest_kvmpmu.commands import parser; parser().parse_args()' "$@"
"""
TOLD = 'printf "%s\\n" "$@" > "{folder}/told"'
LAVA = 'echo "$@" >> "{folder}/cases"'
PROGRAMS = {
    "apt-get": NOTHING,
    "python": PYTHON,
    "python3": PYTHON,
    "pip": PIP,
    "pytest": PYTEST,
    "kvmpmu": KVMPMU,
    "lava-test-case": LAVA,
    "tuxrun": TOLD,
    "vng": TOLD,
}


class Place:
    """A fresh folder, and the programs that are in reach there."""

    def __init__(self, folder: Path, installed: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        programs = folder / "programs"
        programs.mkdir()
        self.env = environment(installed)
        for name, text in PROGRAMS.items():
            text = text.format(programs=programs, python=sys.executable, folder=self.folder)
            path = programs / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.env["PATH"] = f"{programs}:{os.defpath}"
        del self.env["PYTHONDONTWRITEBYTECODE"]  # what the first run compiles, all others have

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script as CI does: it ends with the first command that fails."""
        return subprocess.run(
            ["sh", "-ec", script],
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def works(self, script: str, **env: str) -> str:
        """What the script printed; it has to end well."""
        done = self.run(script, **env)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    @property
    def cases(self) -> dict[str, str]:
        """What LAVA was told: the result of each test case."""
        lines = (self.folder / "cases").read_text().splitlines()
        found = {line.split()[0]: line.split()[2] for line in lines}
        assert len(found) == len(lines), "a test case was told twice"
        return found


@pytest.fixture
def place(tmp_path: Path, unpacked: Path) -> Place:
    return Place(tmp_path, unpacked)


def load(name: str) -> Any:
    return YAML(typ="safe").load((CI / name).read_text(encoding="utf-8"))


def names(path: Path) -> set[str]:
    """The test cases in a file of JUnit's."""
    return {case.attrib["name"] for case in ET.parse(path).iter("testcase")}


COVER_LETTER = "test_the_chosen_pmu_counts_on_all_its_cpus[first-pmu]"


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("github.yml", ["--builtin-schema", "vendor.github-workflows"]),
        ("gitlab.yml", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
    ],
)
def test_a_template_fits_its_schema(name: str, how: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", *how]
    done = subprocess.run([*command, CI / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    broken = tmp_path / name
    broken.write_text(
        (CI / name).read_text().replace("parallel:", "paralel:").replace("on:", "an:")
    )
    done = subprocess.run([*command, broken], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout


def known(matrix: Mapping[str, list[str]]) -> None:
    """Each value of a matrix is one that the option takes."""
    for key, values in matrix.items():
        for value in values:
            {"kernel": detect, "line": check_line, "board": topology.load}[key.lower()](value)


def filled(text: str, values: Mapping[str, str]) -> str:
    """GitHub's expressions, evaluated."""
    return re.sub(
        r"\$\{\{ (?:matrix|steps\.week\.outputs)\.([\w-]+) \}\}", lambda m: values[m[1]], text
    )


@pytest.mark.parametrize("job", ["model", "lab"])
def test_githubs_jobs_run(job: str, place: Place) -> None:
    steps = load("github.yml")["jobs"][job]
    matrix = steps["strategy"]["matrix"]
    known(matrix)
    first = {key: values[0] for key, values in matrix.items()}
    output = place.folder / "output"
    for step in steps["steps"]:
        if "run" in step:
            place.works(filled(step["run"], first), GITHUB_OUTPUT=str(output))
        elif "upload" in step["uses"]:
            assert step["if"] == "always()"
            assert (place.folder / step["with"]["path"]).is_dir()
        elif "cache" in step["uses"]:
            key, value = output.read_text().strip().split("=")
            assert filled(step["with"]["key"], {**first, key: value}).endswith(value)
            assert steps["env"]["KVMPMU_CACHE_DIR"].endswith("/" + step["with"]["path"])
    assert COVER_LETTER in names(place.folder / "results" / "junit.xml")
    assert (place.folder / "results" / "calls.jsonl.gz").is_file() == (job == "lab")


@pytest.mark.parametrize("job", ["model", "lab"])
def test_gitlabs_jobs_run(job: str, place: Place) -> None:
    jobs = load("gitlab.yml")
    assert job in jobs["stages"]
    (matrix,) = jobs[job]["parallel"]["matrix"]
    known(matrix)
    first = {key: values[0] for key, values in matrix.items()}
    place.works("\n".join(jobs[job]["script"]), **first)
    assert names(place.folder / jobs[job]["artifacts"]["reports"]["junit"])
    if job == "lab":
        (cache,) = jobs[job]["cache"]["paths"]
        assert jobs[job]["variables"]["KVMPMU_CACHE_DIR"] == f"$CI_PROJECT_DIR/{cache}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, unpacked: Path) -> dict[str, Path]:
    """What two jobs report, by kernel."""
    place = Place(tmp_path_factory.mktemp("jobs"), unpacked)
    run = "pytest --pyargs pytest_kvmpmu.conformance"
    for kernel in ("5.10", "6.12"):
        place.works(f"{run} --kvmpmu-kernel={kernel} --kvmpmu-report={kernel}.json")
    return {path.stem: path for path in place.folder.glob("*.json")}


def test_githubs_page_is_made_of_what_the_jobs_reported(
    place: Place, reports: dict[str, Path]
) -> None:
    for kernel, report in reports.items():
        folder = place.folder / f"results/lab-{kernel}-rockpro64"
        folder.mkdir(parents=True)
        shutil.copy(report, folder / "report.json")
    steps = load("github.yml")["jobs"]["page"]["steps"]
    place.works("\n".join(step["run"] for step in steps if "run" in step))
    (upload,) = [step for step in steps if "upload" in step.get("uses", "")]
    assert "set-pmu.fail-entry" in (place.folder / upload["with"]["path"]).read_text()


def test_gitlabs_page_is_made_of_what_the_jobs_reported(
    place: Place, reports: dict[str, Path]
) -> None:
    results = place.folder / "results"
    results.mkdir()
    for kernel, report in reports.items():
        shutil.copy(report, results / f"report-{kernel}-rockpro64.json")
    job = load("gitlab.yml")["page"]
    place.works("\n".join(job["script"]))
    (page,) = job["artifacts"]["paths"]
    assert "set-pmu.fail-entry" in (place.folder / page).read_text()


def lava(**params: str) -> tuple[str, dict[str, str]]:
    """LAVA's script, as its dispatcher makes it of the steps, and its parameters."""
    definition = load("lava.yml")
    assert set(definition) == {"metadata", "params", "run"}
    assert definition["metadata"]["format"] == "Lava-Test Test Definition 1.0"
    assert {"name", "description"} <= set(definition["metadata"])
    for words in (definition["metadata"]["os"], definition["run"]["steps"]):
        assert isinstance(words, list)
        assert all(isinstance(word, str) for word in words)
    return "\n".join(definition["run"]["steps"]), {**definition["params"], **params}


def test_lava_is_told_of_each_spec(place: Place) -> None:
    script, params = lava(BACKEND="model")
    place.works(script, **params)
    cases = place.cases
    assert cases.pop("kvmpmu-run") == "pass"
    assert cases["test_cover_letter-py-test_the_chosen_pmu_counts_on_all_its_cpus-first-pmu"]
    assert set(cases.values()) == {"pass", "skip"}
    assert not [name for name in cases if re.search(r"[^A-Za-z0-9_-]", name)]
    printed = (place.folder / "specs.log").read_text()
    passed, skipped = (int(re.search(rf"(\d+) {w}", printed)[1]) for w in ("passed", "skipped"))  # type: ignore[index]  # it is there
    assert list(cases.values()).count("pass") == passed
    assert list(cases.values()).count("skip") == skipped


def test_lava_is_told_of_a_run_that_could_not_be(place: Place) -> None:
    script, params = lava(BACKEND="nowhere")
    place.works(script, **params)
    assert place.cases == {"kvmpmu-run": "fail"}


def test_the_board_leaves_its_results_in_the_folder(place: Place) -> None:
    place.works(f"sh {CI}/on-the-board.sh out")
    assert COVER_LETTER in names(place.folder / "out" / "junit.xml")
    assert (place.folder / "out" / "calls.jsonl.gz").is_file()


def told(place: Place) -> list[str]:
    return (place.folder / "told").read_text().splitlines()


def test_tuxrun_is_given_the_image_and_all_that_runs_in_it(place: Place) -> None:
    place.works(f"sh {CI}/tuxrun.sh Image root.ext4 3.13")
    given = told(place)
    assert given[given.index("--kernel") + 1] == "Image"
    assert given[given.index("--rootfs") + 1] == "root.ext4"
    with tarfile.open(given[given.index("--overlay") + 1]) as overlay:
        inside = overlay.getnames()
    (script,) = [word for word in given if word.endswith("on-the-board.sh")]
    assert f".{script}" in inside
    env, path = given[given.index("--") + 1 :][:2]
    assert env == "env"
    assert f".{path.removeprefix('PYTHONPATH=')}" in inside


def test_virtme_ng_is_given_the_image_and_the_folder_for_results(place: Place) -> None:
    place.works(f"sh {CI}/virtme-ng.sh Image chroot")
    given = told(place)
    assert given[given.index("--run") + 1] == "Image"
    assert given[given.index("--root") + 1] == "chroot"
    assert f"/run/results={place.folder}/results" in given
    assert given[given.index("--rodir") + 1] == f"/run/ci={CI}"
    assert (place.folder / "results").is_dir()


@pytest.mark.parametrize("script", sorted(CI.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_plain_shell(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize("script", ["tuxrun.sh", "virtme-ng.sh"])
def test_a_script_without_arguments_does_nothing(script: str, place: Place) -> None:
    done = place.run(f"sh {CI}/{script}")
    assert done.returncode != 0
    assert not (place.folder / "told").exists()


def tox_commands(env: str) -> Iterator[str]:
    """The commands of an environment, as tox understands the file."""
    command = [sys.executable, "-m", "tox", "-c", str(CI / "tox.ini"), "config", "-e", env]
    done = subprocess.run([*command, "-k", "commands"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in done.stdout.splitlines():
        if line.startswith(("  kvmpmu", "  pytest", "  python")):
            yield line.strip()
        elif line.startswith("commands = "):
            yield line.removeprefix("commands = ")


@pytest.mark.parametrize("env", ["model-v510-rockpro64", "model-v612-swapped", "lab-v61-swapped"])
def test_an_environment_of_tox_runs(env: str, place: Place) -> None:
    commands = list(tox_commands(env))
    assert len(commands) == (3 if env.startswith("lab") else 2)
    for command in commands:
        place.works(command)
    assert names(place.folder / "results" / f"{env}.xml")


def test_tox_has_each_kernel_on_each_board() -> None:
    command = [sys.executable, "-m", "tox", "-c", str(CI / "tox.ini"), "list", "--no-desc"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len([line for line in done.stdout.split() if re.match("(model|lab)-v", line)]) == 12
