"""Which kernels are in a waiver's range."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.waivers.kernel_range import exactly, kernel_range


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("==6.12", ["6.12.107+deb13-arm64", "6.12.0", "linux-6.12"], ["6.1.119", "6.120.1"]),
        (">=6.1, <6.7", ["6.1.0", "6.6.99"], ["6.7.0", "5.19.2", "7.1.0"]),
        ("<=6.6", ["6.6.5", "5.10.2"], ["6.7.0"]),
        (">6.6", ["6.7.0-rc1"], ["6.6.5", "6.6.0"]),
        (">=6.1.50,<6.1.60", ["6.1.50", "6.1.59-x"], ["6.1.49", "6.1.60", "6.2.0"]),
        ("<6.1.60", ["linux-6.1", "6.1.59"], ["6.1.60", "6.2.1"]),
        (">=6.1.1", ["6.1.1"], ["linux-6.1"]),
        ("==series-v2", ["series-v2"], ["series-v3", "5.18.0"]),
        (">=5.10", ["7.3-rc7"], ["series-v2", "banana"]),
    ],
)
def test_a_bound_looks_at_as_many_numbers_as_it_has(
    text: str, inside: list[str], outside: list[str]
) -> None:
    found = kernel_range(text)
    assert [kernel for kernel in inside if kernel not in found] == []
    assert [kernel for kernel in outside if kernel in found] == []


@pytest.mark.parametrize(
    "text", ["", "6.12", "~=6.1", ">=6", ">=6.1,", "==series-v9", ">=series-v1", "6.1 to 6.6"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="is not a range of kernels"):
        kernel_range(text)


@pytest.mark.parametrize(
    "text", [">=6.7, <6.1", ">6.6, <6.7", "==6.1, ==6.2", ">6.1.3, <6.1.4", "<0.0"]
)
def test_a_range_without_a_kernel_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="no kernel is in the range"):
        kernel_range(text)


@pytest.mark.parametrize("text", [">6.1, <6.3", ">=6.1, <=6.1", ">6.1.3, <6.2", ">5.19, <6.1"])
def test_a_narrow_range_is_no_empty_one(text: str) -> None:
    assert not kernel_range(text).empty


@pytest.mark.parametrize(
    ("kernel", "text"),
    [
        ("6.12.107+deb13-arm64", "==6.12"),
        ("linux-6.7", "==6.7"),
        ("7.3-rc7", "==7.3"),
        ("series-v1", "==series-v1"),
    ],
)
def test_a_kernels_line_is_a_range_that_has_it(kernel: str, text: str) -> None:
    assert exactly(kernel) == text
    assert kernel in kernel_range(text)
