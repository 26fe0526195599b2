"""errno values as Linux numbers them on arm64 (include/uapi/asm-generic/errno*.h).

Python's errno module has the numbers of the system it runs on; the model answers with
Linux's everywhere.
"""

from __future__ import annotations

import enum


class Errno(enum.IntEnum):
    """The errors that the interface under test can return."""

    EPERM = 1
    ENOENT = 2
    EINTR = 4
    EIO = 5
    ENXIO = 6
    E2BIG = 7
    ENOEXEC = 8
    EBADF = 9
    EAGAIN = 11
    ENOMEM = 12
    EACCES = 13
    EFAULT = 14
    EBUSY = 16
    EEXIST = 17
    ENODEV = 19
    EINVAL = 22
    EMFILE = 24
    ENOTTY = 25
    ENOSPC = 28
    ERANGE = 34
    ENOSYS = 38
    EOPNOTSUPP = 95


# The texts of perror(3).
MESSAGES = {
    Errno.EPERM: "Operation not permitted",
    Errno.ENOENT: "No such file or directory",
    Errno.EINTR: "Interrupted system call",
    Errno.EIO: "Input/output error",
    Errno.ENXIO: "No such device or address",
    Errno.E2BIG: "Argument list too long",
    Errno.ENOEXEC: "Exec format error",
    Errno.EBADF: "Bad file descriptor",
    Errno.EAGAIN: "Resource temporarily unavailable",
    Errno.ENOMEM: "Cannot allocate memory",
    Errno.EACCES: "Permission denied",
    Errno.EFAULT: "Bad address",
    Errno.EBUSY: "Device or resource busy",
    Errno.EEXIST: "File exists",
    Errno.ENODEV: "No such device",
    Errno.EINVAL: "Invalid argument",
    Errno.EMFILE: "Too many open files",
    Errno.ENOTTY: "Inappropriate ioctl for device",
    Errno.ENOSPC: "No space left on device",
    Errno.ERANGE: "Numerical result out of range",
    Errno.ENOSYS: "Function not implemented",
    Errno.EOPNOTSUPP: "Operation not supported",
}


def name(number: int) -> str:
    """``ENXIO`` for 6; ``E123`` for a number without a name here."""
    try:
        return Errno(number).name
    except ValueError:
        return f"E{number}"


def number(text: str) -> int:
    """The inverse of `name`.  Raises ValueError if ``text`` is not one of its results."""
    if text in Errno.__members__:
        return Errno[text]
    if text[:1] == "E" and text[1:].isdigit():
        return int(text[1:])
    raise ValueError(f"{text!r} is not an errno name")
