"""Tests of pytest_kvmpmu.support."""
