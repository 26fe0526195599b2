"""The tables in fixtures/lab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import check_line, lines

ROWS: list[dict[str, Any]] = lines._table("lines.toml")["line"]
REQUIRED = {
    "name": str,
    "what": str,
    "suite": str,
    "package": str,
    "carriers": list,
    "image": str,
}
OPTIONAL = {
    "protected": str,
    "no_vgic": bool,
    "nested": bool,
    "cpu": str,
    "apart": bool,
    "also_boards": list,
    "also_cpu": list,
    "laws": int,
}


def release(name: str) -> tuple[int, ...]:
    """A key that sorts 5.10 before 6.1; empty if the name is not a release."""
    found = re.match(r"(\d+)\.(\d+|x)\b", name)
    return tuple(int(n) if n != "x" else 1000 for n in found.groups()) if found else ()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("name", "nameless"))
def test_a_row_has_the_keys_of_a_line_and_no_other(row: dict[str, Any]) -> None:
    assert row.keys() >= REQUIRED.keys()
    for key, value in row.items():
        assert type(value) is {**REQUIRED, **OPTIONAL}.get(key), key
        assert value, f"{key} is empty"


def test_each_line_has_a_name_of_its_own_that_fits_into_a_file_name() -> None:
    names = [row["name"] for row in ROWS]
    assert lines.names() == names
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)] == []


def test_a_line_that_is_apart_is_not_among_the_usual_ones() -> None:
    apart = [row["name"] for row in ROWS if row.get("apart")]
    assert lines.usual_names() == [name for name in lines.names() if name not in apart]


def test_a_line_with_other_pages_has_a_core_with_such_pages() -> None:
    for row in ROWS:
        assert ("16k" in row["name"]) == (row.get("cpu") == "max")


def test_the_lines_that_are_releases_stand_oldest_first() -> None:
    releases = [found for found in map(release, lines.names()) if found]
    assert releases == sorted(releases)


def test_a_line_has_what_its_row_says() -> None:
    for row, line in zip(ROWS, lines.lines(), strict=True):
        assert line == lines.load(row["name"])
        for key, value in row.items():
            found = getattr(line, key)
            assert found == (tuple(value) if isinstance(value, list) else value)


def test_the_user_space_is_of_one_suite() -> None:
    wanted = lines.userspace()
    assert wanted.suite in {line.suite for line in lines.lines()}
    assert set(wanted.programs) == {"busybox", "python3"}


def test_an_unknown_line_suggests_the_nearest() -> None:
    with pytest.raises(UsageProblem, match=r"unknown lab line '6\.13'.*Did you mean '6\.1"):
        check_line("6.13")


def test_a_path_is_the_users_own_kernel(tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.touch()
    assert lines.load(str(image)).own == image


def test_a_path_that_is_not_there_is_an_unknown_line() -> None:
    with pytest.raises(UsageProblem, match="or the path of a kernel Image"):
        check_line("./no/Image")


def test_a_row_without_a_key_is_named_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "lines.toml").write_text('[[line]]\nname = "9.9"\nsuite = "x"\n')
    monkeypatch.setattr(lines, "fixtures_dir", lambda: tmp_path)
    lines.lines.cache_clear()
    try:
        with pytest.raises(
            UsageProblem, match=r"lines\.toml, \[\[line\]\] 1 \(9\.9\): the key what"
        ):
            lines.names()
    finally:
        lines.lines.cache_clear()


def test_the_table_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    lines.names()
    monkeypatch.setattr(lines, "fixtures_dir", lambda: Path("absent"))
    assert lines.load(lines.names()[0]).suite
