"""Tests of the plugin itself: its backend meets the protocol, its clauses have specs."""

from pathlib import Path

from pytest_kvmpmu_acme import pytest_kvmpmu_clauses
from pytest_kvmpmu_acme.backend import AcmeBackend

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.testing import check_backend, check_clauses


def test_the_backend_keeps_its_promises() -> None:
    check_backend(lambda: AcmeBackend(topology.load("rockpro64")))


def test_the_clauses_are_in_order() -> None:
    check_clauses(pytest_kvmpmu_clauses(), Path(__file__).parent)
