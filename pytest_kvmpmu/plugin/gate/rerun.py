"""The command that reruns exactly what failed, on the same target."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ...settings import DEFAULT_EXAMPLES, EXAMPLES, OPTIONS, REQUIRE, STRICT_SPEC, WAIVERS
from ...support.resources import PACKAGE, conformance_dir

# More tests than this are passed in a file, which pytest reads as @FILE.
_MOST = 8
_SEEDS = ("randomly_seed", "hypothesis_seed")


def command(reporter: pytest.TerminalReporter, suspects: Iterable[str] = ()) -> str:
    """The command line; empty if nothing failed.

    ``suspects`` are the names of specs that did not fail, but made the run fail.
    """
    config = reporter.config
    failed = [
        (report.nodeid, report.location[0] if isinstance(report, pytest.TestReport) else "")
        for kind in ("failed", "error")
        for report in reporter.stats.get(kind, ())
        if isinstance(report, (pytest.TestReport, pytest.CollectReport)) and report.nodeid
    ]
    found = {_argument(config, *one) for one in (*failed, *((spec, "") for spec in suspects))}
    if not found:
        return ""
    tests = sorted(found)  # xdist reports them in any order
    shown = tests if len(tests) <= _MOST else _through_a_file(config, tests)
    return quoted(["pytest", *_options(config, tests), *shown])


def quoted(args: list[str]) -> str:
    """The words as one line for the user's shell."""
    return subprocess.list2cmdline(args) if os.name == "nt" else shlex.join(args)


def _options(config: pytest.Config, tests: list[str]) -> Iterator[str]:
    """Our options as given, and those of pytest's that decide what a test is.

    Not options that write files, nor the gate: the rerun is only a part of the run.
    """
    option = config.option
    for ours in (*OPTIONS, REQUIRE, WAIVERS):
        if (given := config.getoption(ours.dest)) is not None:
            yield f"{ours.flag}={given}"
    if config.getoption(STRICT_SPEC.dest):
        yield STRICT_SPEC.flag
    if config.getoption(EXAMPLES.dest) != DEFAULT_EXAMPLES:
        yield f"{EXAMPLES.flag}={config.getoption(EXAMPLES.dest)}"
    for dest in _SEEDS:
        if (seed := getattr(option, dest, None)) is not None:
            yield f"--{dest.replace('_', '-')}={seed}"
    if option.markexpr:
        yield from ("-m", option.markexpr)
    if option.pyargs:
        yield "--pyargs"
    outside = any(Path(test).is_absolute() for test in tests)
    if option.rootdir or outside:
        yield f"--rootdir={config.rootpath}"
    if config.inipath is not None and (option.inifilename or outside):
        yield f"--config-file={config.inipath}"


def _argument(config: pytest.Config, node_id: str, location: str) -> str:
    """The argument for that node, relative to where pytest was started.

    A node id is relative to rootdir, or for a file outside of it to the given argument; the
    ``location`` of a test is always relative to rootdir, but may be that of its base class.
    """
    file, colons, inner = node_id.partition("::")
    specs = conformance_dir()
    places = [config.rootpath / file, config.rootpath / location, specs.parent / file, specs / file]
    path = next((place for place in places if place.is_file()), places[0])
    path = path.resolve()
    if config.option.pyargs and specs.parent == PACKAGE and path.is_relative_to(specs):
        module = ".".join(path.relative_to(PACKAGE.parent).parts)
        return f"{module.removesuffix('.py')}{colons}{inner}"
    here = config.invocation_params.dir.resolve()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown.as_posix()}{colons}{inner}"


def _through_a_file(config: pytest.Config, tests: list[str]) -> list[str]:
    """``@FILE`` with the tests, a line each, in pytest's cache; without a cache, the tests.

    The name depends on the content, so that the command of an earlier run stays valid.
    """
    cache = getattr(config, "cache", None)
    if cache is None:
        return tests
    text = "".join(f"{test}\n" for test in tests)
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = cache.mkdir("kvmpmu") / f"failed-{name}.txt"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        return tests
    here = config.invocation_params.dir.resolve()
    return [f"@{path.relative_to(here) if path.is_relative_to(here) else path}"]
