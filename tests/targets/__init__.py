"""Tests of pytest_kvmpmu.targets."""
