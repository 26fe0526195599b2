"""The agent's two processes: one serves requests, the other restarts it.

If the serving process crashes (a kernel bug can kill it), the answer says so, and a new process
serves the next request.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ..wire.frame import encode
from .service import Service, write
from .syscall import die_with_parent

_PAYLOADS = Path("fixtures", "payloads")


def main() -> None:
    """Announce the agent and serve on standard input and output until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client
    payloads = Path(sys.argv[1]) if sys.argv[1:] else _PAYLOADS
    greeting = encode({"hello": 1})
    while True:
        pid = os.fork()
        if pid == 0:
            _serve(payloads, greeting)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        greeting = b"\n" + encode({"died": _ending(status)})


def _serve(payloads: Path, greeting: bytes) -> None:
    """Be the serving process.  Does not return."""
    status = 1
    try:
        die_with_parent()
        write(greeting)
        Service(payloads).run()
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit status {os.WEXITSTATUS(status)}"
