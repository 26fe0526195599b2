"""The pytest plugin that tries the specs on wrong kernels: ``-p tests.tools.mutants.plugin``.

The specs run once, watched.  Then each of their calls is tried in each of their states.  Then each
wrong kernel is tried, in its own process, only by the specs that had the changed row read: the
others can't distinguish it from the model.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.plugin.backend import backend_of, close
from pytest_kvmpmu.plugin.marks import MARKS

from .famous import of_hand
from .lists import of_lists
from .mutant import of_rows, swaps
from .product import Met, product
from .reader import Reader
from .results import OTHER, OWN, SURVIVED, TWIN, UNASKED, UNSEEN, Result, load, save
from .wrong import Wrong

Readers = dict[pytest.Item, Met]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants-in", type=Path, help="results to try again (default: try all)")
    parser.addoption("--mutants-every", type=int, default=1, help="try each N-th only")
    parser.addoption("--mutants-out", type=Path, required=True, help="where the results go")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    config = session.config
    backend = backend_of(config)
    assert isinstance(backend, ModelBackend)
    readers = watch(session.items)
    given = config.getoption("--mutants-in")
    # What no spec asks is already known from the first board.
    crossed = product(readers.values(), backend) if given is None else Reader()
    wrongs: list[Wrong] = [*of_lists(backend.revision, backend.hardware)]
    if given is not None:
        wrongs += [result.wrong for result in load(given)]
    else:
        of_tables: list[Wrong] = [*of_rows(backend.revision)]
        of_tables += swaps([*readers.values(), crossed])
        of_tables += of_hand(backend.revision)
        wrongs += of_tables[:: config.getoption("--mutants-every")]
    results = [judge(wrong, backend.revision, readers, crossed) for wrong in wrongs]
    save(config.getoption("--mutants-out"), results)
    return True


def watch(items: Sequence[pytest.Item]) -> Readers:
    """Run all specs, and record which rows each of them had read."""
    readers: Readers = {}
    for item in items:
        close(item.config)  # a backend caches what an earlier spec asked
        readers[item] = Met()
        with readers[item]:
            if wrong := failed(item):
                raise pytest.UsageError(f"{item.nodeid} fails on the model itself:\n{wrong}")
    return readers


def failed(item: pytest.Item) -> str:
    """Run one spec, and say what failed."""
    reports = runtestprotocol(item, nextitem=None, log=False)
    return "\n".join(report.longreprtext for report in reports if report.failed)


def judge(wrong: Wrong, wanted: Revision, readers: Readers, crossed: Reader) -> Result:
    """Try the specs that can notice, those that cite the broken clause first."""
    reach = [item for item, reader in readers.items() if wrong.reached(reader)]
    own = [item for item in reach if wrong.clauses & _cited(item)]
    for verdict, specs in ((OWN, own), (OTHER, [item for item in reach if item not in own])):
        found = first_to_fail(wrong, wanted, specs)
        if found is not None:
            return Result(wrong, verdict, (found.nodeid,))
    if reach:
        return Result(wrong, SURVIVED, tuple(item.nodeid for item in reach))
    if wrong.reached(crossed):
        return Result(wrong, UNASKED, ())
    return Result(wrong, TWIN if wrong.implied_anyway(wanted) else UNSEEN, ())


def _cited(item: pytest.Item) -> set[str]:
    return {clause.slug for clause in item.stash[MARKS].clauses}


def first_to_fail(
    wrong: Wrong, wanted: Revision, specs: Sequence[pytest.Item]
) -> pytest.Item | None:
    """Run the specs on the wrong kernel, in its own process, up to the first failure."""
    if not specs:
        return None
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            wrong.install(wanted)
            close(specs[0].config)  # the next backend is made from the changed model
            found = next((n for n, item in enumerate(specs) if failed(item)), None)
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)  # only the parent ends pytest
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    if not said:
        raise pytest.UsageError(f"the process that tried {wrong} in {wanted} died")
    number = json.loads(said)
    return None if number is None else specs[number]
