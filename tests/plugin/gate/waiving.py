"""Runs with a file of waivers: two specs, one of which fails for two numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

SPECS = """
    import pytest
    from pytest_kvmpmu.errors import BackendFailure
    from pytest_kvmpmu.kvm.expect import refused
    from pytest_kvmpmu.uapi.errno import Errno

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_set(vcpu, pmus):
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("irq.set")
    @pytest.mark.parametrize("number", [3, 4])
    def test_irq(vcpu, gic, number):
        vcpu.set_irq(number)
"""
IRQ = 'spec = "test_specs.py::test_irq"\nerrno = "EINVAL"\n'


def waivers(pytester: pytest.Pytester, *entries: str) -> Path:
    """A file w.toml with these entries; each is given a reason and a link."""
    said = 'reason = "a known bug"\nlink = "https://bugs.example.org/7"\n'
    text = "\n".join(f"[[waiver]]\n{entry}{said}" for entry in entries)
    path = pytester.path / "w.toml"
    path.write_text(text)
    return path


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("--kvmpmu-waivers=w.toml", *args)
