"""Tests of pytest_kvmpmu.uapi."""
