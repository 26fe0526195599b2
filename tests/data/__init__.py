"""Tests of pytest_kvmpmu.data."""
