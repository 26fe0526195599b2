"""Run the specs on every kernel line: ``python -m tests.tools.lines [PYTEST ARGUMENT ...]``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence

from pytest_kvmpmu.errors import UsageProblem

from .runs import SpecRun, run_all, runs


def main(
    argv: Sequence[str] | None = None,
    wanted: Iterable[SpecRun] | None = None,
    name: str = "lines",
    what: str = "kernel lines of fixtures/lab/lines.toml",
) -> int:
    """Run the specs on each of ``what``, or as the runs ``wanted`` say.

    The first exit status of a run that is not 0; 4: the lab can't run here; 130: Ctrl-C.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m tests.tools.{name}",
        usage="%(prog)s [-h] [PYTEST ARGUMENT ...]",
        description=f"Run the specs on the {what}, one run after the other. A failed run"
        " does not stop the others. Arguments are passed to each pytest.",
        allow_abbrev=False,
    )
    _, more = parser.parse_known_args(argv)
    # SIGTERM ends the program as Ctrl-C does.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        listed = runs() if wanted is None else wanted
        return run_all(listed, more, lambda text: print(text, flush=True))
    except UsageProblem as problem:
        print(f"{name}: error: {problem}", file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
