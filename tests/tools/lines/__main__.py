"""Run the specs on every kernel line: ``python -m tests.tools.lines [PYTEST ARGUMENT ...]``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from pytest_kvmpmu.errors import UsageProblem

from .runs import run_all, runs


def main(argv: Sequence[str] | None = None) -> int:
    """The first exit status of a run that is not 0; 4: the lab can't run here; 130: Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.tools.lines",
        usage="%(prog)s [-h] [PYTEST ARGUMENT ...]",
        description="Run the specs on the kernel lines of fixtures/lab/lines.toml, one run after"
        " the other. A failed run does not stop the others. Arguments are passed to each pytest.",
        allow_abbrev=False,
    )
    _, more = parser.parse_known_args(argv)
    # SIGTERM ends the program as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return run_all(runs(), more, lambda text: print(text, flush=True))
    except UsageProblem as problem:
        print(f"lines: error: {problem}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print("lines: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
