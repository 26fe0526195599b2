"""Which specs a run collected, and which of them it omitted."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.plugin.results.selecting import SELECTING
from pytest_kvmpmu.report.results.selection import Selection

SPECS = """
    import pytest

    @pytest.mark.kvmpmu_clause("irq.set", "irq.get")
    def test_cited(vcpu): pass

    def test_without_clause(kvm): pass

    @pytest.mark.differential
    def test_search(kvm): pass

    def test_of_another_kind(): pass
"""
ALL = {"test_it.py::test_cited": ("irq.set", "irq.get"), "test_it.py::test_without_clause": ()}


class Seen:
    """A plugin that has the selection of a run."""

    selection: Selection | None = None

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        if not hasattr(config, "workerinput"):
            self.selection = config.stash[SELECTING].selection


def selected(pytester: pytest.Pytester, *args: str) -> Selection:
    seen = Seen()
    pytester.inline_run(*args, plugins=[seen])
    assert seen.selection is not None
    return seen.selection


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "two-workers"])
def test_specs_are_noted_with_their_clauses(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_it=SPECS)
    found = selected(pytester, *workers)
    assert {name: found.specs[name] for name in ALL} == ALL
    assert "test_it.py::test_of_another_kind" not in found.specs
    assert (found.deselected, found.narrowed, found.absent) == (frozenset(), {}, {})


def test_deselected_specs_are_noted_and_searches_are_not(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=SPECS)
    found = selected(pytester, "-k", "not cited")
    assert found.deselected == {"test_it.py::test_cited"}
    assert set(ALL) <= set(found.specs)


def test_a_file_of_which_one_test_was_asked_for_is_narrowed(pytester: pytest.Pytester) -> None:
    path = pytester.makepyfile(test_it=SPECS)
    found = selected(pytester, "test_it.py::test_cited")
    assert found.narrowed == {"test_it.py": str(path)}


def test_a_file_beside_the_specs_that_was_not_asked_for_is_absent(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(test_it=SPECS, test_other=SPECS, helper="")
    found = selected(pytester, "test_it.py")
    assert found.absent == {"test_other.py": str(pytester.path / "test_other.py")}


def test_a_file_that_can_not_be_collected_is_absent(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=SPECS, test_other="import no_such_module")
    found = selected(pytester, "--continue-on-collection-errors")
    assert found.absent == {"test_other.py": str(pytester.path / "test_other.py")}
