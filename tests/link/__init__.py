"""Tests of pytest_kvmpmu.link."""
