"""Starting other programs so that they never outlive this process.

On Linux the kernel kills a leashed child when the thread that started it ends, in whichever
way: ``setpriv --pdeathsig`` sets that up, and a shell looks whether the parent is still
there before it becomes the program.  Elsewhere a shell beside it waits for the end of this
process, and then kills it.  No code of ours runs between fork and exec.

Not for: knowing what to run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import IO, Any
from weakref import WeakKeyDictionary

from ...errors import UsageProblem
from ..failure import LabFailure
from . import requirements

# $0 is the parent's process id as the parent knows it.
_LEASH = 'test "$PPID" = "$0" || exit 125; exec "$@"'


def find(program: str, why: str) -> str:
    """The path of ``program``.  Raises `UsageProblem` that says what it is needed for."""
    path = shutil.which(program)
    if path is None:
        raise UsageProblem(f"{program} is missing: {why}", requirements.remedy(program))
    return path


def known_system() -> None:
    """Raise `UsageProblem` on anything but Linux and macOS."""
    if not sys.platform.startswith(("linux", "darwin")):
        raise UsageProblem(
            f"the lab needs Linux or macOS, this system is {sys.platform}",
            "Run the specs on the model, or the lab on Linux",
        )


def leashed(command: Sequence[str]) -> list[str]:
    """``command`` so that it is killed when the calling thread ends."""
    setpriv = find("setpriv", "it keeps a lab VM from outliving its test run")
    return [setpriv, "--pdeathsig", "KILL", "--", "sh", "-c", _LEASH, str(os.getpid()), *command]


def spawn(command: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
    """Start ``command`` on a leash, out of reach of the terminal's Ctrl-C."""
    if sys.platform.startswith("linux"):
        return subprocess.Popen(leashed(command), start_new_session=True, **popen)
    return _guarded(command, **popen)


# The guards of the children that have one.
_GUARDS: WeakKeyDictionary[subprocess.Popen[bytes], subprocess.Popen[bytes]] = WeakKeyDictionary()
# Its input ends when this process does.
_GUARD = 'read -r group; read -r _; kill -s KILL -- "-$group"'


def _guarded(command: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
    """Start ``command`` with a guard, which is there before it."""
    guard = subprocess.Popen(
        ["sh", "-c", _GUARD],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert guard.stdin is not None  # PIPE
    try:
        child = subprocess.Popen(command, start_new_session=True, **popen)
    except BaseException:  # nobody else can end it
        _dismiss(guard)
        raise
    _GUARDS[child] = guard
    guard.stdin.write(f"{child.pid}\n".encode())
    guard.stdin.flush()
    return child


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    guard.kill()
    guard.wait()
    assert guard.stdin is not None  # PIPE
    guard.stdin.close()


def stop(child: subprocess.Popen[bytes]) -> None:
    """Kill ``child`` with everything that it started, and reap it."""
    # Before the child is reaped: then its number may be another's.
    guard = _GUARDS.pop(child, None)
    if guard is not None:
        _dismiss(guard)
    if child.poll() is None:
        # It may have ended just now; macOS then denies it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def output(command: Sequence[str], what: str, given: bytes = b"", **popen: Any) -> str:
    """Run ``command``; its standard output.  `LabFailure` named ``what`` where it fails."""
    status, out, err = result(command, given, **popen)
    if status != 0:
        raise failed(what, status, err)
    return out


def result(command: Sequence[str], given: bytes = b"", **popen: Any) -> tuple[int, str, str]:
    """Run ``command`` on the input ``given``; its exit status, output and standard error."""
    child = spawn(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
        **popen,
    )
    try:
        out, err = child.communicate(given)
    finally:
        stop(child)
    return child.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def failed(what: str, status: int, said: str) -> LabFailure:
    """The failure of a program that ended with ``status`` and printed ``said``."""
    last = "\n".join(said.strip().splitlines()[-5:])
    return LabFailure(f"{what} failed with status {status}: {last or 'it said nothing'}")


def text_of(stream: IO[bytes]) -> str:
    """Everything in the temporary file ``stream``, as text."""
    stream.seek(0)
    return stream.read().decode(errors="replace").strip()
