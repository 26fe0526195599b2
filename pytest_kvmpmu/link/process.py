"""An agent that is a process on this machine, or behind one, such as ssh: on two pipes."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from .link import Link, LinkLost


def connect(command: Sequence[str], timeout: float, leave: float, cwd: Path | None = None) -> Link:
    """A link to the agent that ``command`` starts.  Raises `LinkLost` if it does not greet.

    It has ``timeout`` seconds to greet.  When the link is closed, its input ends; it is killed if
    it has not ended ``leave`` seconds later.  Raises OSError if it can't be started.
    """
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    def close() -> None:
        stdin.close()
        try:
            process.wait(leave)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stdout.close()

    link = Link.on(stdout.fileno(), stdin.fileno(), close)
    try:
        link.greet(timeout)
    except LinkLost:
        link.close()
        raise
    return link
