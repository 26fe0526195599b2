"""Starting other programs so that they never outlive this process.

On Linux the kernel kills the child when the thread that started it ends, for whatever reason:
``setpriv --pdeathsig`` requests that, and a shell checks that the parent still exists before
it executes the program.  Elsewhere a guard, a shell, waits for the end of this process, and
then kills the child.  No code of ours runs between fork and exec.

Not for: the choice of programs.
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

# $0 is the parent's process id when it started the shell.
_LEASH = 'test "$PPID" = "$0" || exit 125; exec "$@"'


def find(program: str, why: str) -> str:
    """The path of ``program``.  Raises `UsageProblem` with ``why`` if it is missing."""
    path = shutil.which(program)
    if path is None:
        raise UsageProblem(f"{program} is missing: {why}", requirements.remedy(program))
    return path


def all_on_path(program: str) -> list[str]:
    """The path of ``program`` in each folder of PATH that has it, in that order."""
    found = (shutil.which(program, path=folder) for folder in os.get_exec_path())
    return [path for path in found if path is not None]


def known_system() -> None:
    """Raise `UsageProblem` on anything but Linux and macOS."""
    if not sys.platform.startswith(("linux", "darwin")):
        raise UsageProblem(
            f"the lab needs Linux or macOS, but this system is {sys.platform}",
            "Run the specs on the model, or the lab on Linux",
        )


def leashed(command: Sequence[str]) -> list[str]:
    """``command`` so that it is killed when the calling thread ends."""
    setpriv = find("setpriv", "it keeps a lab VM from outliving its test run")
    return [setpriv, "--pdeathsig", "KILL", "--", "sh", "-c", _LEASH, str(os.getpid()), *command]


def spawn(command: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
    """Start ``command`` so that it ends with us; the terminal's Ctrl-C does not reach it."""
    if sys.platform.startswith("linux"):
        return subprocess.Popen(leashed(command), start_new_session=True, **popen)
    return _guarded(command, **popen)


# The guard of each child that has one.
_GUARDS: WeakKeyDictionary[subprocess.Popen[bytes], subprocess.Popen[bytes]] = WeakKeyDictionary()
# Its input ends when this process does.
_GUARD = 'read -r group; read -r _; kill -s KILL -- "-$group"'


def _guarded(command: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
    """Start a guard, then ``command``."""
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
    except BaseException:  # else the guard would not end
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
    # The guard first: once the child is reaped, its process id may be reused.
    guard = _GUARDS.pop(child, None)
    if guard is not None:
        _dismiss(guard)
    if child.poll() is None:
        # It may have ended just now; macOS then refuses the signal.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def output(command: Sequence[str], what: str, given: bytes = b"", **popen: Any) -> str:
    """Run ``command``; its standard output.  Raises `LabFailure` with ``what`` if it fails."""
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
    return LabFailure(f"{what} failed with status {status}: {last or 'it printed nothing'}")


def text_of(stream: IO[bytes]) -> str:
    """Everything in the temporary file ``stream``, as text."""
    stream.seek(0)
    return stream.read().decode(errors="replace").strip()
