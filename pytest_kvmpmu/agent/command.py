"""Runs commands in the guest for the host.

``{"op": "run", "argv": [...], "cpus": [N...]}`` is answered by ``{"out": TEXT}`` and
``{"err": TEXT}`` as output arrives (bytes, in base64), then by ``{"exit": STATUS}`` as a shell
counts it: 128 + N for signal N; with ``why`` if it could not be started.

``{"op": "shell", "rows": R, "columns": C}`` gives the terminal to a shell, and is answered
when the shell has ended.  Not for: time limits; the host ends the VM.
"""

from __future__ import annotations

import binascii
import errno
import os
import select
import signal
from pathlib import Path
from typing import Any, Callable, Dict

HOME = "/root"
ENVIRONMENT = {
    "PATH": "/bin:/sbin:/usr/bin:/usr/sbin",
    "HOME": HOME,
    "TERM": "linux",
    "PS1": "\\w # ",
}
SHELL = "/bin/sh"
CONSOLES = Path("/sys/class/tty/console/active")
NOT_FOUND, NOT_RUNNABLE = 127, 126

_CHUNK = 1 << 16
# Polling interval for the end of a command whose children keep its output open.
_SECONDS = 0.05
# Signals that Python or the agent ignores; a command starts with the defaults, as from a shell.
_DEFAULT = [signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGALRM]

Say = Callable[[Dict[str, Any]], None]


def run(request: dict[str, Any], say: Say) -> None:
    """Run the command; report its output and its exit status."""
    out, theirs_out = os.pipe()
    err, theirs_err = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, theirs_out, 1),
        (os.POSIX_SPAWN_DUP2, theirs_err, 2),
    ]
    names = {out: "out", err: "err"}
    try:
        try:
            pid = _start(request["argv"], request["cpus"], actions)
        finally:
            os.close(theirs_out)
            os.close(theirs_err)
    except OSError as error:
        say(_not_started(request["argv"][0], error))
    else:
        say({"exit": _stream(pid, dict(names), say)})
    finally:
        for fd in names:
            os.close(fd)


def shell(request: dict[str, Any], say: Say) -> None:
    """Give the terminal to a shell until the shell ends."""
    terminal = f"/dev/{CONSOLES.read_text().split()[-1]}"
    # The leader of a session gets the first terminal that it opens.
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, terminal, os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, 0, 2),
    ]
    size = f"rows {int(request['rows'])} columns {int(request['columns'])}"
    argv = [SHELL, "-c", f"stty sane {size}; exec {SHELL} -i"]
    try:
        status = _ended(os.waitpid(_start(argv, None, actions), 0)[1])
        os.waitpid(_start([SHELL, "-c", f"exec stty raw -echo <{terminal}"], None, []), 0)
    except OSError as error:
        say(_not_started(SHELL, error))
    else:
        say({"exit": status})


def _start(argv: Any, cpus: Any, actions: Any) -> int:
    """Start the program in ``HOME``, on ``cpus``; return its process id."""
    here, mine = Path.cwd(), os.sched_getaffinity(0)
    if cpus:
        os.sched_setaffinity(0, cpus)
    try:
        Path(HOME).mkdir(exist_ok=True)
        os.chdir(HOME)
        return os.posix_spawnp(
            argv[0],
            argv,
            ENVIRONMENT,
            file_actions=actions,
            setsid=True,
            setsigmask=[],
            setsigdef=_DEFAULT,
        )
    finally:
        os.chdir(here)
        os.sched_setaffinity(0, mine)


def _stream(pid: int, open_ends: dict[int, str], say: Say) -> int:
    """Report output until the process ``pid`` has ended; return its exit status."""
    status = None
    while open_ends:
        ready = select.select(list(open_ends), [], [], _SECONDS)[0]
        for fd in ready:
            chunk = os.read(fd, _CHUNK)
            if chunk:
                say({open_ends[fd]: binascii.b2a_base64(chunk, newline=False).decode()})
            else:
                del open_ends[fd]
        if not ready:
            if status is not None:
                return status
            done, found = os.waitpid(pid, os.WNOHANG)
            if done:
                status = _ended(found)
    return _ended(os.waitpid(pid, 0)[1]) if status is None else status


def _ended(status: int) -> int:
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status)
    return os.WEXITSTATUS(status)


def _not_started(program: str, error: OSError) -> dict[str, Any]:
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return {"exit": NOT_RUNNABLE, "why": f"{program} cannot be run: {error.strerror}"}
    if "/" in program and Path(HOME, program).exists():
        why = "exists, but its dynamic loader or #! program is missing"
    else:
        why = "was not found in the lab VM"
    return {"exit": NOT_FOUND, "why": f"{program} {why}"}
