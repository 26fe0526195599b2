"""The tables in fixtures/lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import check_line, lines


def test_there_are_the_lines_of_the_story_and_the_newest() -> None:
    assert lines.names() == ["5.10", "6.1", "6.12", "7.x", "rc"]


def test_each_line_names_its_suite_and_where_its_kernel_lies() -> None:
    for line in lines.lines():
        assert line.suite
        assert line.image
        assert line.carriers


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
