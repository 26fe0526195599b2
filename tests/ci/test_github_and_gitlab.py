"""The templates for GitHub and GitLab: well formed, and each of their commands runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.revision import detect
from pytest_kvmpmu.lab import check_line

from .place import CI, COVER_LETTER, Place, load, names


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
