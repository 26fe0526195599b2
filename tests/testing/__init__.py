"""Tests of pytest_kvmpmu.testing."""
