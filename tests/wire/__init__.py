"""Tests of pytest_kvmpmu.wire."""
