"""The effect of a test's markers: checked when it is collected, applied when it runs.

Not for: what the markers are (`marks`).
"""

from __future__ import annotations

import pytest

from ..errors import UsageProblem
from . import properties, workers
from .backend import backend_of
from .config import usage_error
from .header import description
from .items import name_of, uses_backend
from .marks import DIFFERENTIAL, MARKS, marks
from .summary import difference


def leave_out_differential(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the searches unless -m or a path on the command line names them."""
    if DIFFERENTIAL in config.option.markexpr or any(DIFFERENTIAL in arg for arg in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker(DIFFERENTIAL)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def check_marks(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check all tests' markers, and add each test's name and clauses to its reports.

    An xdist worker can't end the run, so it runs nothing and sends the error to the controller.
    """
    try:
        for item in items:
            item.stash[MARKS] = found = marks(item)
            if found.clauses or uses_backend(item):
                item.user_properties.append((properties.SPEC, name_of(item)))
            item.user_properties += [(properties.CLAUSE, cited.slug) for cited in found.clauses]
    except UsageProblem as problem:
        if not workers.tell_controller(config, workers.PROBLEM, str(problem)):
            raise usage_error(problem) from problem
        items[:] = []


def skip_unless_applicable(item: pytest.Item) -> None:
    """Mark a test that doesn't apply as skipped, and add the reason to its report.

    Runs before pytest evaluates skip markers, so that the skip has the test's own line.
    """
    if not uses_backend(item):
        return
    backend = backend_of(item.config)
    item.user_properties.append((properties.KERNEL, description(item.config)))
    item.user_properties.append((properties.BOARD, backend.host.name))
    found = item.stash[MARKS]
    if why := found.not_applicable(backend.revision):
        item.user_properties.append((properties.NOT_APPLICABLE, why))
        item.add_marker(pytest.mark.skip(f"not applicable to {backend.revision}: {why}"))
    elif lack := found.missing(backend.host, backend.hardware):
        item.user_properties.append((properties.MISSING, lack))
        item.add_marker(pytest.mark.skip(f"not verified: {lack}"))


def fail_if_divergent(item: pytest.Item) -> None:
    """Fail a test that passed if it cites a clause where text and kernel differ.

    The report says that only this failed, so that the clauses still count as verified.
    """
    if not uses_backend(item):
        return
    found = [cited for cited in item.stash[MARKS].clauses if cited.divergent]
    if found:
        item.user_properties.append((properties.STRICT, "only this made the test fail"))
        text = "\n".join(line for cited in found for line in difference(cited))
        pytest.fail(f"documentation and kernel differ:\n{text}", pytrace=False)
