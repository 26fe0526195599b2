"""Run the specs on each kind of host: ``python -m tests.tools.hosts [PYTEST ARGUMENT ...]``."""

from __future__ import annotations

import sys

from ..lines.__main__ import main
from .table import read

if __name__ == "__main__":
    sys.exit(main(wanted=read().runs(), name="hosts", what="kinds of host of hosts.toml"))
