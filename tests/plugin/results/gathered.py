"""Runs of specs with every possible result, and what was gathered in them."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.plugin.calls import KEEP_CALLS
from pytest_kvmpmu.plugin.results.gather import Gathering
from pytest_kvmpmu.report.results.result import SpecResult

SPECS = """
    import pytest
    from pytest_kvmpmu.errors import BackendFailure
    from pytest_kvmpmu.kvm.expect import refused
    from pytest_kvmpmu.uapi.errno import Errno

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_pass(vcpu, pmus, story):
        story("row", "column", "text")
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("set-pmu.enxio", "set-pmu.set")
    def test_refused(vcpu):
        print("a word of its own")
        vcpu.set_pmu(99)

    def test_another_errno(vcpu):
        with refused(Errno.EINVAL):
            vcpu.set_pmu(99)

    def test_accepted(vcpu, pmus):
        with refused(Errno.EINVAL):
            vcpu.set_pmu(pmus[0])

    def test_plain_assert(vcpu):
        assert 1 == 2

    @pytest.fixture
    def refused_setup(vcpu):
        vcpu.set_pmu(99)

    def test_refused_in_setup(refused_setup): pass

    @pytest.fixture
    def refused_teardown(vcpu):
        yield
        vcpu.set_pmu(99)

    def test_refused_in_teardown(refused_teardown): pass

    def test_exception_of_ours(vcpu):
        vcpu.no_such_method()

    def test_backend_broke(kvm):
        raise BackendFailure("the machine is gone")

    def test_both(refused_teardown):
        raise BackendFailure("the machine is gone")

    @pytest.mark.kvmpmu_clause("set-pmu.absent")
    def test_not_applicable(vcpu): pass

    @pytest.mark.kvmpmu_requires("gicv5")
    def test_lacking(vcpu): pass

    def test_skipped_by_hand(vcpu):
        pytest.skip("not today")

    @pytest.mark.xfail(reason="a known bug", strict=True)
    def test_expected_to_fail(vcpu):
        vcpu.set_pmu(99)

    @pytest.mark.xfail(reason="a bug that is gone", strict=True)
    def test_unexpected_pass(vcpu): pass

    def test_without_a_kernel(): pass

    @pytest.mark.kvmpmu_clause("irq.set")
    def test_clause_alone(): pass
"""
# Status, errno, and the start of the reason.


class AtTheEnd:
    """A plugin that keeps the gathering until the end."""

    gathered: Gathering

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        if not hasattr(config, "workerinput"):
            found = config.pluginmanager.get_plugin("kvmpmu-gathering")
            assert isinstance(found, Gathering)
            self.gathered = found


class Keep(AtTheEnd):
    """Requests the calls of passed specs too."""

    def __init__(self, keep: bool = True) -> None:
        self.keep = keep

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[KEEP_CALLS] = self.keep

    @property
    def results(self) -> dict[str, SpecResult]:
        return {one.spec.rpartition("::")[2]: one for one in self.gathered.results}


def gather(pytester: pytest.Pytester, *args: str, keep: bool = True) -> Keep:
    plugin = Keep(keep)
    pytester.inline_run(
        *args,
        "--kvmpmu-kernel=linux-5.18",
        # This process may have imported our specs.
        "-Wignore::pytest.PytestAssertRewriteWarning",
        plugins=[plugin],
        no_reraise_ctrlc=True,
    )
    return plugin
