"""`Outcome`: the result of one Call, as a value with a JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping

from ..uapi.constants import EXIT_REASONS, name_of
from ..uapi.errno import name as errno_name
from ..uapi.errno import number as errno_number


@dataclass(frozen=True)
class FailEntry:
    """The members of ``kvm_run.fail_entry``; None for a member that the kernel did not write.

    KVM_EXIT_FAIL_ENTRY can come without them: the agent puts a poison value there
    before each KVM_RUN to detect that.
    """

    hardware_entry_failure_reason: int | None = None
    cpu: int | None = None


@dataclass(frozen=True)
class Mmio:
    """The members of ``kvm_run.mmio``; ``data`` as a little-endian number of ``len`` bytes."""

    phys_addr: int
    len: int
    is_write: bool
    data: int


@dataclass(frozen=True)
class Exit:
    """``kvm_run`` after KVM_RUN, whether that succeeded or failed.

    A KVM_RUN that fails early leaves the reason of the previous one (0 at first).
    """

    reason: int
    fail_entry: FailEntry | None = None
    mmio: Mmio | None = None


@dataclass(frozen=True)
class Outcome:
    """``ret``, with ``errno`` if it is -1; ``out`` is what the ioctl wrote back.

    A new file descriptor is reported as 0: its number is not part of the interface.
    ``timed_out`` marks a call that was interrupted.
    """

    ret: int
    errno: int | None = None
    out: Mapping[str, Any] | None = None
    exit: Exit | None = None
    timed_out: bool = False

    @property
    def plain(self) -> bool:
        """Whether it has only ``ret`` and ``errno``."""
        return self.out is None and self.exit is None

    def to_json(self) -> dict[str, Any]:
        """The JSON form; members without a value are omitted."""
        result: dict[str, Any] = {"ret": self.ret}
        if self.errno is not None:
            result["errno"] = errno_name(self.errno)
        if self.out is not None:
            result["out"] = dict(self.out)
        if self.exit is not None:
            result["exit"] = _exit_to_json(self.exit)
        if self.timed_out:
            result["timed_out"] = True
        return result

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Outcome:
        """The inverse of `to_json`."""
        return cls(
            ret=value["ret"],
            errno=errno_number(value["errno"]) if "errno" in value else None,
            out=value.get("out"),
            exit=_exit_from_json(value["exit"]) if "exit" in value else None,
            timed_out=value.get("timed_out", False),
        )


def _exit_to_json(value: Exit) -> dict[str, Any]:
    result: dict[str, Any] = {"reason": name_of(value.reason, EXIT_REASONS)}
    if value.fail_entry is not None:
        result["fail_entry"] = dict(vars(value.fail_entry))
    if value.mmio is not None:
        result["mmio"] = dict(vars(value.mmio))
    return result


def _exit_from_json(value: Mapping[str, Any]) -> Exit:
    reason = value["reason"]
    return Exit(
        reason=EXIT_REASONS[reason] if isinstance(reason, str) else reason,
        fail_entry=FailEntry(**value["fail_entry"]) if "fail_entry" in value else None,
        mmio=Mmio(**value["mmio"]) if "mmio" in value else None,
    )
