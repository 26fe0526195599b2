"""Random sequences of calls, compared with the model and checked against laws.

Not part of a plain run: select it with ``-m differential``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_kvmpmu.backends.base import Backend
from pytest_kvmpmu.differential.laws import LAWS, Law
from pytest_kvmpmu.plugin.properties import REACH

if TYPE_CHECKING:
    from pytest_kvmpmu.differential.search import Search

pytestmark = pytest.mark.differential


@pytest.fixture
def search(
    request: pytest.FixtureRequest, kvmpmu_backend: Backend, kvmpmu_examples: int
) -> Iterator[Search]:
    """A search of the requested size; the end of the run reports the states that it reached."""
    # Imported late: once Hypothesis is imported, its plugin inspects every test of the run.
    from pytest_kvmpmu.differential.search import Search

    seeded = request.config.getoption("--hypothesis-seed", None) is not None
    # Named by kernel and host, so that a run does not remove another one's findings.
    on = re.sub(r"[^\w.+-]+", "-", f"{kvmpmu_backend.release}-{kvmpmu_backend.host.name}")
    found = request.config.invocation_params.dir / f"{request.node.name}.{on}.found.jsonl"
    made = Search(kvmpmu_backend, kvmpmu_examples, seeded, found)
    yield made
    for line in made.reach.lines() if made.reach.sequences else ():
        request.node.user_properties.append((REACH, line))


def test_the_kernel_does_what_the_model_says(search: Search) -> None:
    search.against_the_model()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_law_holds(law: Law, search: Search) -> None:
    search.against(law)
