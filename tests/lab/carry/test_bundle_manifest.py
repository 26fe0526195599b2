"""Manifests of other versions and programs, and invalid ones."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import __version__
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.carry import bundle

from .bundles import BUNDLE, made_up, unpack


@pytest.mark.parametrize("version", [0, 2])
def test_another_format_version_names_both_and_the_writer(tmp_path: Path, version: int) -> None:
    manifest = {**BUNDLE.to_json(), "version": version, "pytest-kvmpmu": "9.9"}
    with pytest.raises(UsageProblem) as caught:
        unpack(made_up(tmp_path / "x", manifest))
    assert f"of format {version}, and pytest-kvmpmu {__version__} reads format 1" in str(
        caught.value.cause
    )
    assert "Use pytest-kvmpmu 9.9 here" in caught.value.remedy


def _changed(*path: Any, to: Any) -> Any:
    manifest = copy.deepcopy(BUNDLE.to_json())
    inner = manifest
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return manifest


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        "text",
        {},
        {"format": "kvmpmu-lab"},
        _changed("version", to="one"),
        _changed("parts", to={"a": 1}),
        _changed("parts", 0, "place", to="../kernels/0123456789abcdef"),
        _changed("parts", 0, "place", to="/kernels/0123456789abcdef"),
        _changed("parts", 0, "place", to="snapshots/0123456789abcdef"),
        _changed("parts", 0, "place", to=3),
        _changed("parts", 0, "about", to="text"),
        _changed("parts", 0, "files", 0, "name", to="../Image"),
        _changed("parts", 0, "files", 0, "name", to="a/Image"),
        _changed("parts", 0, "files", 0, "name", to=".hidden"),
        _changed("parts", 0, "files", 0, "size", to=-1),
        _changed("parts", 0, "files", 0, "size", to=True),
        _changed("parts", 0, "files", 0, "sha256", to="0"),
        _changed("parts", 0, "files", to=BUNDLE.to_json()["parts"][0]["files"] * 2),
        _changed("parts", 1, to=BUNDLE.to_json()["parts"][0]),
        _changed("current", to=[]),
        _changed("current", "6.12", to={"place": "kernels/ffffffffffffffff", "also": "x"}),
        _changed("current", "6.12", to={"place": "kernels/0123456789abcdef"}),
        _changed("current", "6.12", "also", to=1),
    ],
    ids=str,
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, manifest: Any) -> None:
    with pytest.raises(UsageProblem, match="has an invalid manifest"):
        unpack(made_up(tmp_path / "x", manifest))
    assert not (tmp_path / "into").exists()


def test_a_manifest_of_another_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is not a prepared lab, but 'other'"):
        unpack(made_up(tmp_path / "x", {"format": "other"}))


def test_a_manifest_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_MOST_MANIFEST", 10)
    with pytest.raises(UsageProblem, match=r"has a manifest of [0-9]+ bytes"):
        unpack(made_up(tmp_path / "x"))
