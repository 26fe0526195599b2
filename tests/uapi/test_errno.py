"""errno's numbers, names and messages, as on arm64."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.uapi import errno
from pytest_kvmpmu.uapi.errno import Errno

ERRNOS = {
    "EPERM": 1, "ENOENT": 2, "EINTR": 4, "EIO": 5, "ENXIO": 6, "E2BIG": 7, "ENOEXEC": 8,
    "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13, "EFAULT": 14, "EBUSY": 16,
    "EEXIST": 17, "ENODEV": 19, "EINVAL": 22, "EMFILE": 24, "ENOTTY": 25, "ENOSPC": 28,
    "ERANGE": 34, "ENOSYS": 38, "EOPNOTSUPP": 95,
}  # fmt: skip


def test_errno_values_are_linuxs_on_arm64() -> None:
    assert {member.name: member.value for member in Errno} == ERRNOS


def test_every_errno_has_its_message() -> None:
    assert set(errno.MESSAGES) == set(Errno)
    assert errno.MESSAGES[Errno.ENOEXEC] == "Exec format error"


@pytest.mark.parametrize("value", range(1, 134))
def test_an_errnos_name_leads_back_to_it(value: int) -> None:
    assert errno.number(errno.name(value)) == value


@pytest.mark.parametrize("text", ["", "E", "ENONSENSE", "E1x", "6", "enxio"])
def test_what_is_no_errno_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an errno name"):
        errno.number(text)
