"""LAVA's test definition and the scripts for boards and VMs: each of their commands runs."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from .place import CI, COVER_LETTER, Place, load, names


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


def test_lava_receives_each_spec(place: Place) -> None:
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


def test_lava_receives_a_run_that_could_not_start(place: Place) -> None:
    script, params = lava(BACKEND="nowhere")
    place.works(script, **params)
    assert place.cases == {"kvmpmu-run": "fail"}


def test_the_board_leaves_its_results_in_the_folder(place: Place) -> None:
    place.works(f"sh {CI}/on-the-board.sh out")
    assert COVER_LETTER in names(place.folder / "out" / "junit.xml")
    assert (place.folder / "out" / "calls.jsonl.gz").is_file()


def arguments(place: Place) -> list[str]:
    return (place.folder / "arguments").read_text().splitlines()


def test_tuxrun_is_given_the_image_and_all_that_runs_in_it(place: Place) -> None:
    place.works(f"sh {CI}/tuxrun.sh Image root.ext4 3.13")
    given = arguments(place)
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
    given = arguments(place)
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
    assert not (place.folder / "arguments").exists()
