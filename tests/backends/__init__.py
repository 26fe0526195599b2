"""Tests of pytest_kvmpmu.backends."""
